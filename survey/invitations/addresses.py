"""E-mail addresses of the people invited to a wave: one employment, one code, one address.

No address stands in an event, a log or an export. They are deleted with the invitations.
"""

from __future__ import annotations

import base64
import re
import secrets
import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from survey.audit.log import record
from survey.core.csv_files import Table, fold, read_table
from survey.core.errors import Conflict, Fault, InvalidInput, Message, say
from survey.core.keystore import KeyStore
from survey.core.languages import LANGUAGES, code_of
from survey.core.secret import Secret
from survey.invitations.address_models import Contact
from survey.invitations.issuing import create_invitations
from survey.jobs import outbox
from survey.study.freezing import Merged, snapshot_units, wave_units
from survey.study.models import Invitation, Wave
from survey.study.waves import lock

KINDS = ("invitation", "reminder")
"""Kinds of rows in the outbox whose reference is an invitation's id."""

_COLUMNS: dict[str, tuple[str, ...]] = {
    "unit_code": ("unit_code", "code", "unit", "kode", "enhetskode", "einingskode", "enhet"),
    "email": ("email", "e_mail", "mail", "epost", "e_post", "epostadresse", "e_postadresse"),
    "language": ("language", "lang", "språk", "sprak", "målform"),
}
_NAMES = {name: column for column, names in _COLUMNS.items() for name in names}
_LOCAL = re.compile(r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_DOMAIN = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}")
_BATCH = 500


@dataclass(frozen=True, slots=True)
class ContactRow:
    """One row of the file. ``number`` is its row in the spreadsheet (from 1), for faults."""

    number: int
    unit_code: str
    email: str
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Added:
    """What was made of a file.

    ``twice`` are addresses in several units: two employments, or a mistake that a person should
    look at; (address, unit codes). ``replaced`` is how many took over the code of an address that
    the mail server had refused. ``merged`` as in ``invitations.Created``.
    """

    contacts: int
    units: int
    replaced: int
    twice: tuple[tuple[str, tuple[str, ...]], ...]
    merged: tuple[Merged, ...]


def normalise(address: str) -> str:
    """Return an address as it is stored: lower case, a domain with æ, ø or å in ASCII.

    Raises ValueError when it is none, or one that no ordinary mail server takes.
    """
    local, _, domain = address.strip().strip("\u200b\ufeff").lower().rpartition("@")
    try:
        domain = domain.encode("idna").decode("ascii")
    except UnicodeError:
        domain = ""
    ascii_address = f"{local}@{domain}"
    if not (_LOCAL.fullmatch(local) and _DOMAIN.fullmatch(domain)) or len(local) > 64:
        raise ValueError("not an e-mail address")
    if len(ascii_address) > 254:
        raise ValueError("too long")
    return ascii_address


def read_contacts(raw: bytes) -> list[ContactRow]:
    """Read a CSV file with unit_code, email and (if wanted) language; Norwegian names will do.

    Raises InvalidInput with every fault at once, TooLarge.
    """
    table = read_table(raw, list(_NAMES))
    faults: list[Fault] = []
    places = _places(table, faults)
    if faults:
        raise InvalidInput("file_cannot_be_read_nobody_was_invited", faults)
    rows = []
    for number, cells in zip(table.numbers, table.rows, strict=True):
        values = {
            column: cells[place].strip() if place < len(cells) else ""
            for column, place in places.items()
        }
        language = values.get("language", "").lower()
        rows.append(
            ContactRow(
                number,
                values["unit_code"],
                values["email"],
                code_of(language) or None,
            )
        )
    return rows


def add_contacts(
    session: Session,
    secret: Secret,
    keys: KeyStore,
    wave: Wave,
    rows: Sequence[ContactRow],
    *,
    reason: str = "",
    actor: str = "cli",
) -> Added:
    """Invite the people of ``rows``: an invitation for each, bound to the address.

    ``reason`` as in ``create_invitations``. An address that the mail server refused makes room:
    the first new ones of its unit take over the codes that never left. Raises InvalidInput with
    every fault at once (unknown unit, no address, an address twice in one unit), Conflict when the
    wave takes nobody.
    """
    lock(session, wave)
    if wave.state not in ("draft", "open"):
        raise Conflict(say("wave_takes_no_invitations", state=wave.state))
    units = snapshot_units(session, wave) if wave.state == "draft" else wave_units(session, wave)
    unit_ids = {unit.code: unit.unit_id for unit in units}
    people = _checked(rows, unit_ids, _known(session, wave))
    room = _refused(session, wave, [unit_ids[code] for code in people])
    counts, free = {}, {}
    for code, wanted in people.items():
        free[code] = room.get(unit_ids[code], [])[: len(wanted)]
        counts[code] = len(wanted) - len(free[code])
    _delete(session, wave, [invitation_id for ids in free.values() for invitation_id in ids])
    merged: tuple[Merged, ...] = ()
    before = _ids(session, wave)
    if any(counts.values()):
        invitations = create_invitations(
            session, secret, keys, wave, counts, reason=reason, actor=actor
        )
        merged = invitations.merged
    after = _ids(session, wave)
    for code, unit_id in unit_ids.items():
        if code in people:
            free[code] += list(after.get(unit_id, set()) - before.get(unit_id, set()))
    _insert(session, wave, people, free)
    total = sum(len(addresses) for addresses in people.values())
    replaced = total - sum(counts.values())
    details = {"count": total, "units": len(people), "replaced": replaced}
    record(session, wave.organisation_id, actor, "contacts.added", f"wave:{wave.id}", details)
    return Added(total, len(people), replaced, _twice(people), merged)


def drop_unsent(session: Session, wave: Wave, *, actor: str = "cli") -> int:
    """Forget the addresses that no mail has left to, so that their codes can go out on paper.

    Returns how many. The invitations stay.
    """
    lock(session, wave)
    ids = session.scalars(
        sa.select(Contact.invitation_id).where(
            *_of(wave), Contact.state.in_(("waiting", "refused", "failed"))
        )
    ).all()
    _delete(session, wave, ids)
    details = {"count": len(ids)}
    record(session, wave.organisation_id, actor, "contacts.dropped", f"wave:{wave.id}", details)
    return len(ids)


def delete_contacts(session: Session, wave: Wave) -> int:
    """Delete all addresses of a wave and what still waits to be mailed to them."""
    ids = session.scalars(sa.select(Contact.invitation_id).where(*_of(wave))).all()
    _delete(session, wave, ids)
    return len(ids)


def _delete(session: Session, wave: Wave, ids: Sequence[uuid.UUID]) -> None:
    outbox.withdraw(
        session, wave.organisation_id, KINDS, [invitation_id.hex for invitation_id in ids]
    )
    for start in range(0, len(ids), _BATCH):
        session.execute(
            sa.delete(Contact)
            .where(*_of(wave), Contact.invitation_id.in_(ids[start : start + _BATCH]))
            .execution_options(synchronize_session=False)
        )


def _places(table: Table, faults: list[Fault]) -> dict[str, int]:
    places: dict[str, int] = {}
    for position, title in enumerate(table.header):
        column = _NAMES.get(fold(title))
        if column is None:
            fix = say("remove_other_columns")
            faults.append(
                Fault(say("row", number=1), say("column_is_not_known", title=title.strip()), fix)
            )
        elif column in places:
            faults.append(
                Fault(say("row", number=1), say("column_twice", column=column), "remove_one_of_two")
            )
        else:
            places[column] = position
    for column in ("unit_code", "email"):
        if column not in places:
            fix = say("add_columns", names=" or ".join((_COLUMNS[column][0], _COLUMNS[column][3])))
            faults.append(Fault(say("row", number=1), say("column_is_missing", column=column), fix))
    return places


People = Mapping[str, Sequence[tuple[str, str | None]]]
"""Unit code → (address, language) of those to invite there."""


def _checked(
    rows: Sequence[ContactRow],
    unit_ids: Mapping[str, int],
    known: Mapping[int, set[str]],
) -> People:
    """The rows by unit, or InvalidInput with all that is wrong with them. No address is repeated
    in a message: messages end up in more places than the file."""
    faults: list[Fault] = []
    people: dict[str, list[tuple[str, str | None]]] = defaultdict(list)
    seen: dict[tuple[str, str], int] = {}
    for row in rows:

        def at(column: str, number: int = row.number) -> Message:
            return say("row_column", number=number, column=column)

        if row.unit_code not in unit_ids:
            faults.append(
                Fault(at("unit_code"), say("no_unit_of_this_wave", unit_code=row.unit_code))
            )
        if row.language is not None and row.language not in LANGUAGES:
            languages = ", ".join(LANGUAGES)
            faults.append(
                Fault(
                    at("language"),
                    say("no_language_here", language=row.language),
                    say("use_values", known=languages),
                )
            )
        try:
            address = normalise(row.email)
        except ValueError:
            fix = say("write_plain_address")
            faults.append(Fault(at("email"), "no_email_address", fix))
            continue
        mailbox = (row.unit_code, _mailbox(address))
        if mailbox in seen:
            fix = say("remove_second_row")
            what = say("address_of_row_in_same_unit", mailbox=seen[mailbox])
            faults.append(Fault(at("email"), what, fix))
        elif mailbox[1] in known.get(unit_ids.get(row.unit_code, 0), ()):
            fix = say("remove_row_one_employment_has_one_code")
            faults.append(Fault(at("email"), "invited_in_this_unit_already", fix))
        seen.setdefault(mailbox, row.number)
        people[row.unit_code].append((address, row.language))
    if not rows:
        faults.append(Fault("", "file_names_nobody", "add_row_for_each_employee"))
    if faults:
        raise InvalidInput("nobody_was_invited", faults)
    return people


def _mailbox(address: str) -> str:
    """What stands for one mailbox: ola+1@x is a second name of ola@x."""
    local, _, domain = address.partition("@")
    return f"{local.partition('+')[0] or local}@{domain}"


def _known(session: Session, wave: Wave) -> dict[int, set[str]]:
    """Unit → mailboxes that have a code there and can be reached."""
    mailboxes: dict[int, set[str]] = defaultdict(set)
    rows = session.execute(
        sa.select(Invitation.unit_id, Contact.email)
        .join(Invitation, _same())
        .where(*_of(wave), Contact.state != "refused")
    )
    for unit_id, email in rows:
        mailboxes[unit_id].add(_mailbox(email))
    return mailboxes


def _refused(session: Session, wave: Wave, unit_ids: Sequence[int]) -> dict[int, list[uuid.UUID]]:
    """Unit → invitations whose code never left, because the mail server refused the address."""
    invitations: dict[int, list[uuid.UUID]] = defaultdict(list)
    rows = session.execute(
        sa.select(Invitation.unit_id, Invitation.id)
        .join(Contact, _same())
        .where(
            *_of(wave),
            Contact.state == "refused",
            Invitation.exported.is_(False),
            Invitation.unit_id.in_(unit_ids),
        )
    )
    for unit_id, invitation_id in rows:
        invitations[unit_id].append(invitation_id)
    return invitations


def _ids(session: Session, wave: Wave) -> dict[int, set[uuid.UUID]]:
    ids: dict[int, set[uuid.UUID]] = defaultdict(set)
    rows = session.execute(
        sa.select(Invitation.unit_id, Invitation.id).where(
            Invitation.organisation_id == wave.organisation_id, Invitation.wave_id == wave.id
        )
    )
    for unit_id, invitation_id in rows:
        ids[unit_id].add(invitation_id)
    return ids


def _insert(
    session: Session, wave: Wave, people: People, free: Mapping[str, list[uuid.UUID]]
) -> None:
    """Bind addresses to invitations by lot, and store them in the order of random ids."""
    values = []
    for code, wanted in people.items():
        ids = list(free[code])
        secrets.SystemRandom().shuffle(ids)
        for (email, language), invitation_id in zip(wanted, ids, strict=True):
            values.append(
                {
                    "organisation_id": wave.organisation_id,
                    "invitation_id": invitation_id,
                    "wave_id": wave.id,
                    "email": email,
                    "language": language,
                    "token": base64.b32encode(secrets.token_bytes(15)).decode().lower(),
                    "state": "waiting",
                }
            )
    values.sort(key=lambda row: str(row["invitation_id"]))
    for start in range(0, len(values), _BATCH):
        session.execute(sa.insert(Contact), values[start : start + _BATCH])


def _twice(people: People) -> tuple[tuple[str, tuple[str, ...]], ...]:
    units: dict[str, list[str]] = defaultdict(list)
    for code, addresses in people.items():
        for email, _ in addresses:
            units[email].append(code)
    return tuple(
        (email, tuple(sorted(codes))) for email, codes in sorted(units.items()) if len(codes) > 1
    )


def _of(wave: Wave) -> tuple[sa.ColumnElement[bool], ...]:
    return Contact.organisation_id == wave.organisation_id, Contact.wave_id == wave.id


def _same() -> sa.ColumnElement[bool]:
    return sa.and_(
        Invitation.organisation_id == Contact.organisation_id,
        Invitation.id == Contact.invitation_id,
    )
