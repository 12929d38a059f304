"""Addresses: one employment, one code, and everything that is wrong told at once."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from survey.audit.models import Event
from survey.core.errors import Conflict, InvalidInput
from survey.invitations import addresses, mailings
from survey.invitations.address_models import Contact
from survey.invitations.addresses import ContactRow, normalise, read_contacts
from survey.invitations.issuing import export_codes
from survey.jobs import outbox
from survey.jobs.models import Outbox
from survey.study.models import Invitation, WaveUnit
from survey.study.waves import open_wave
from tests.study.conftest import Place


def rows(unit: str, count: int, start: int = 0, language: str | None = None) -> list[ContactRow]:
    return [
        ContactRow(number + 2, unit, f"{unit}.{number}@vik.no", language)
        for number in range(start, start + count)
    ]


def add(place: Place, given: list[ContactRow], reason: str = "") -> addresses.Added:
    with place.db.transaction() as session:
        return addresses.add_contacts(
            session, place.secret, place.keys, place.wave(session), given, reason=reason
        )


def faults(place: Place, given: list[ContactRow]) -> dict[str, str]:
    with pytest.raises(InvalidInput) as caught:
        add(place, given)
    assert "@" not in str(caught.value).replace("name@example.no", "")
    return {str(fault.where): str(fault.message) for fault in caught.value.faults}


def stored(place: Place) -> dict[str, str]:
    """Address → unit code."""
    with place.db.reading() as session:
        found = session.execute(
            sa.select(Contact.email, WaveUnit.code)
            .join(Invitation, Invitation.id == Contact.invitation_id)
            .join(WaveUnit, WaveUnit.unit_id == Invitation.unit_id)
        )
        return {email: code for email, code in found}  # noqa: C416


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        (" Ola.Nordmann@Baerum.Kommune.NO ", "ola.nordmann@baerum.kommune.no"),
        ("kari@bærum.kommune.no", "kari@xn--brum-voa.kommune.no"),
        ("o'hara+1@vik.no\ufeff", "o'hara+1@vik.no"),
    ],
)
def test_an_address_is_kept_in_one_form(typed: str, kept: str) -> None:
    assert normalise(typed) == kept


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "ola",
        "ola@",
        "@vik.no",
        "ola@vik",
        "ola@@vik.no",
        "ola nordmann@vik.no",
        "Ola <ola@vik.no>",
        "ola@vik.no\r\nBcc: alle@vik.no",
        "ola@vik.no,kari@vik.no",
        ".ola@vik.no",
        "ola..n@vik.no",
        "åse@vik.no",
        f"{'o' * 65}@vik.no",
        f"ola@{'v' * 64}.no",
        "ola@-vik.no",
    ],
)
def test_what_is_no_plain_address_is_refused(typed: str) -> None:
    with pytest.raises(ValueError):
        normalise(typed)


def test_a_file_is_read_with_norwegian_names_and_excel_s_habits() -> None:
    raw = "\ufeffEnhetskode;E-post;Språk\r\nA1;a@vik.no;Nynorsk\r\nA1;b@vik.no;\r\n".encode()
    assert read_contacts(raw) == [
        ContactRow(2, "A1", "a@vik.no", "nn"),
        ContactRow(3, "A1", "b@vik.no", None),
    ]


def test_a_file_with_names_of_people_is_refused_with_all_that_is_wrong() -> None:
    with pytest.raises(InvalidInput) as caught:
        read_contacts(b"navn;email;e-post\nOla;a@vik.no;\n")
    told = [str(fault) for fault in caught.value.faults]
    assert len(told) == 3
    assert "'navn' is not known" in told[0]
    assert "names above all" in told[0]
    assert "twice" in told[1]
    assert "unit_code is missing" in told[2]


def test_each_address_gets_a_code_of_its_own_in_its_unit(both: Place) -> None:
    made = add(both, [*rows("A1", 12), *rows("B1", 6, language="en"), *rows("A3", 5)])
    assert (made.contacts, made.units, made.replaced, made.twice) == (23, 3, 0, ())
    assert set(stored(both).values()) == {"A1", "B1", "A3"}
    with both.db.reading() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Invitation)) == 23
        assert len(set(session.scalars(sa.select(Contact.token)))) == 23
        languages = session.scalars(sa.select(Contact.language).where(Contact.email.like("b1%")))
        assert set(languages) == {"en"}
        details = session.scalars(sa.select(Event.details).where(Event.action == "contacts.added"))
        assert list(details) == [{"count": 23, "units": 3, "replaced": 0}]
        assert "vik.no" not in str(list(session.scalars(sa.select(Event.details))))


def test_everything_wrong_with_the_rows_is_told_at_once_without_an_address(place: Place) -> None:
    given = [
        *rows("A1", 5),
        ContactRow(20, "XX", "x@vik.no"),
        ContactRow(21, "A1", "ikke en adresse"),
        ContactRow(22, "A1", "x@vik.no", "fr"),
        ContactRow(23, "A1", "A1.3@VIK.no"),
        ContactRow(24, "A1", "a1.4+igjen@vik.no"),
    ]
    assert faults(place, given) == {
        "row 20, column unit_code": "'XX' is no unit of this wave.",
        "row 21, column email": "is not an e-mail address.",
        "row 22, column language": "'fr' is no language here.",
        "row 23, column email": "is the address of row 5, in the same unit.",
        "row 24, column email": "is the address of row 6, in the same unit.",
    }
    assert stored(place) == {}
    assert faults(place, []) == {"": "the file names nobody."}


def test_an_address_in_two_units_is_two_employments_and_is_told(place: Place) -> None:
    both_places = [ContactRow(90, "A1", "vikar@vik.no"), ContactRow(91, "B1", "vikar@vik.no")]
    made = add(place, [*rows("A1", 5), *rows("B1", 5), *both_places])
    assert made.twice == (("vikar@vik.no", ("A1", "B1")),)


def test_who_is_invited_in_a_unit_gets_no_second_code_there(place: Place) -> None:
    add(place, rows("B1", 6))
    assert faults(place, rows("B1", 1)) == {
        "row 2, column email": "is invited in this unit already."
    }
    assert add(place, rows("B1", 2, start=6)).contacts == 2


def test_small_units_are_protected_as_ever(place: Place) -> None:
    made = add(place, [*rows("A1", 6), *rows("A2", 3)])
    assert [(each.code, each.into_code) for each in made.merged] == [("A2", "A1")]
    with place.db.transaction() as session:
        open_wave(session, place.keys, place.library, place.wave(session))
    assert "fewer than 5" in faults(place, rows("B2", 2))["unit B2"]


def test_a_corrected_address_takes_the_code_that_never_left(place: Place) -> None:
    add(place, rows("B1", 6))
    with place.db.transaction() as session:
        wrong = session.scalars(sa.select(Contact).where(Contact.email == "b1.0@vik.no")).one()
        wrong.state = "refused"
        code = wrong.invitation_id
    made = add(place, [ContactRow(2, "B1", "riktig@vik.no")])
    assert (made.contacts, made.replaced) == (1, 1)
    assert "b1.0@vik.no" not in stored(place)
    with place.db.reading() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Invitation)) == 6
        assert session.scalars(
            sa.select(Contact.invitation_id).where(Contact.email == "riktig@vik.no")
        ).one() == (code)


def test_codes_by_mail_are_in_no_list_and_unsent_addresses_can_be_dropped(place: Place) -> None:
    add(place, rows("B1", 6))
    with place.db.transaction() as session, pytest.raises(Conflict):
        export_codes(session, place.keys, place.wave(session))
    with place.db.transaction() as session:
        assert addresses.drop_unsent(session, place.wave(session)) == 6
        assert len(export_codes(session, place.keys, place.wave(session))) == 6
    assert stored(place) == {}


def test_deleting_takes_what_waits_in_the_outbox_too(place: Place) -> None:
    add(place, rows("B1", 6))
    with place.db.transaction() as session:
        open_wave(session, place.keys, place.library, place.wave(session))
        mailings.send_invitations(session, place.wave(session))
        outbox.put(session, place.organisation_id, "followup_reminder", "1:1")
    with place.db.transaction() as session:
        assert addresses.delete_contacts(session, place.wave(session)) == 6
    with place.db.reading() as session:
        assert list(session.scalars(sa.select(Outbox.kind))) == ["followup_reminder"]
    assert stored(place) == {}


def test_deliveries_in_a_small_unit_say_only_whether_there_is_trouble(place: Place) -> None:
    add(place, [*rows("A1", 6), *rows("A2", 3), *rows("A3", 2)])
    with place.db.transaction() as session:
        for email, state in (("a1.0@vik.no", "bounced"), ("a2.0@vik.no", "refused")):
            session.execute(sa.update(Contact).where(Contact.email == email).values(state=state))
    with place.db.reading() as session:
        units = {each.code: each for each in mailings.status(session, place.wave(session))}
    assert (units["A1"].waiting, units["A1"].bounced, units["A1"].trouble) == (5, 1, True)
    for code, trouble in (("A2", True), ("A3", False)):
        unit = units[code]
        assert (unit.waiting, unit.sent, unit.refused, unit.bounced) == (None,) * 4
        assert unit.trouble is trouble
    assert set(units) == {"A1", "A2", "A3"}


def test_a_bounce_is_believed_only_of_a_mail_that_was_sent(place: Place) -> None:
    add(place, rows("B1", 6))
    with place.db.transaction() as session:
        first = session.scalars(sa.select(Contact)).first()
        assert first is not None
        assert not mailings.bounced(session, first.token)
        first.state = "sent"
        assert not mailings.bounced(session, "a" * 24)
        assert mailings.bounced(session, first.token)
        assert mailings.bounced(session, first.token)  # told twice: no harm
        assert first.state == "bounced"
