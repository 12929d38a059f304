"""Staff's pages about people, keys and events, from form to form."""

from __future__ import annotations

import ast
import csv
import io
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, get_args

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

import survey
from survey.access import links, people, people_queries, sessions
from survey.access.models import ApiKey, Grant, Person, SigninLink
from survey.access.principal import ROLES
from survey.audit import log
from survey.audit.models import Event
from survey.core.db import now
from survey.followup.model import STATUSES
from survey.invitations import code_delivery, replacing
from survey.jobs.models import Outbox
from survey.mail.kinds import KINDS
from survey.organisation import changes, editing, imports
from survey.organisation.models import Unit
from survey.release import moderation
from survey.study import reasons
from survey.study.waves import PHASES
from survey.web import catalogue
from tests.access.world import World, fresh

PEOPLE = "/stab/3999/personer"
KEYS = "/stab/3999/api-nokler"
EVENTS = "/stab/3999/hendelser"


@pytest.fixture
def world(tmp_path: Any) -> Iterator[World]:
    made = fresh(tmp_path, smtp_host="127.0.0.1", mail_from="barometer@kommune.example")
    yield made
    made.parts.db.dispose()


@pytest.fixture
def client(world: World) -> FlaskClient:
    return world.client("staff")


def post(client: FlaskClient, address: str, world: World, **sent: Any) -> TestResponse:
    return client.post(address, data={"csrf": world.csrf(client), **sent})


def one(world: World, name: str, act: str = "") -> str:
    return f"{PEOPLE}/{world.people[name].id}" + (f"/{act}" if act else "")


def info(world: World, email: str) -> people_queries.PersonInfo:
    with world.parts.db.reading() as session:
        person = people.find(session, world.journey.organisation_id, email)
        assert person is not None
        return people_queries.info(session, person)


def actions(world: World) -> list[str]:
    with world.parts.db.reading() as session:
        return [e.action for e in log.events(session, world.journey.organisation_id, limit=500)]


# --- people ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", {"Auditor", "Idle", "North", "Staff", "Sykehjem"}),
        ("?sok=NORTH", {"North"}),
        ("?sok=idle@", {"Idle"}),
        ("?sok=elvestien", {"Sykehjem"}),
        ("?sok=%25", set()),
        ("?rolle=manager", {"North", "Sykehjem"}),
        ("?rolle=none", {"Idle"}),
        ("?rolle=root", {"Auditor", "Idle", "North", "Staff", "Sykehjem"}),
        ("?tilstand=inactive", set()),
        ("?tilstand=new&rolle=auditor", {"Auditor"}),
        ("?side=99", set()),
    ],
)
def test_people_are_found(client: FlaskClient, query: str, expected: set[str]) -> None:
    page = client.get(PEOPLE + query).text
    assert set(re.findall(r'/personer/\d+">([^<]+)</a>', page)) == expected
    assert "stranger@" not in page


def test_norwegian_letters_are_letters(world: World, client: FlaskClient) -> None:
    with world.parts.db.transaction() as session:
        for name in ("Åse Ås", "Ærlig Øye", "Østen", "Zara"):
            people.create_person(
                session,
                world.journey.organisation_id,
                name=name,
                email=f"x{len(name)}{name[-1]}@kommune.example",
                actor="cli",
            )
    names = re.findall(r'/personer/\d+">([^<]+)</a>', client.get(PEOPLE).text)
    assert names[-4:] == ["Zara", "Ærlig Øye", "Østen", "Åse Ås"]
    assert re.findall(r'/personer/\d+">([^<]+)</a>', client.get(f"{PEOPLE}?sok=ÅSE").text) == [
        "Åse Ås"
    ]


def test_the_list_is_paged_by_name(world: World, client: FlaskClient) -> None:
    with world.parts.db.transaction() as session:
        for number in range(60):
            people.create_person(
                session,
                world.journey.organisation_id,
                name=f"Ås {number:02}",
                email=f"aas{number}@kommune.example",
                actor="cli",
            )
    first, second = client.get(PEOPLE).text, client.get(PEOPLE + "?side=2").text
    assert "65 personer" in first
    assert "Side 1 av 2" in first
    assert 'rel="next"' in first
    assert 'rel="prev"' in second
    assert second.count("/personer/") > 10


def test_a_person_is_added_with_roles_and_invited(world: World, client: FlaskClient) -> None:
    sent = {
        "name": "Kari Nordmann",
        "email": "Kari@Kommune.example",
        "language": "nn",
        "auditor": "1",
        "units": "n1\nElvestien sykehjem\n\n",
        "invite": "1",
    }
    answer = post(client, PEOPLE + "/ny", world, **sent)
    assert answer.status_code == 303
    made = info(world, "kari@kommune.example")
    assert answer.location == f"{PEOPLE}/{made.id}?gjort=lagt-til"
    assert {(each.role, each.unit) for each in made.roles} == {
        ("auditor", None),
        ("manager", "n1"),
        ("manager", "s1"),
    }
    assert made.invited_at is not None
    assert "Personen er lagt til" in client.get(answer.location).text
    with world.parts.db.transaction() as session:
        row = session.scalars(sa.select(Outbox).where(Outbox.kind == "person_invitation")).one()
        assert row.reference == str(made.id)
        mail = KINDS[row.kind].render(session, world.parts, row)
    assert mail is not None
    assert (mail.to, mail.language) == ("kari@kommune.example", "nn")
    assert "Elvestien sykehjem" in mail.text
    path = re.search(r"http://127\.0\.0\.1:8000(/inn/\S+)", mail.text)
    assert path is not None
    browser = world.client()
    page = browser.get(path.group(1))
    token = re.findall(r'name="csrf" value="(\w+)"', page.text)[-1]
    assert browser.post(path.group(1), data={"csrf": token}).location == "/enhet"
    assert info(world, "kari@kommune.example").signed_in_at is not None
    with world.parts.db.reading() as session:
        link = session.scalars(sa.select(SigninLink)).one()
    assert timedelta(days=6, hours=23) < link.expires_at - now() <= timedelta(days=7)


def test_every_fault_of_a_person_is_told_at_once_beside_its_field(
    world: World, client: FlaskClient
) -> None:
    sent = {"name": " ", "email": "nei", "language": "fr", "units": "x9\nogså feil"}
    answer = post(client, PEOPLE + "/ny", world, **sent)
    assert answer.status_code == 422
    for field in ("name", "email", "language", "units"):
        assert f'href="#{field}"' in answer.text
        assert f'id="{field}"' in answer.text
    assert "«x9»" in answer.text
    assert "«også feil»" in answer.text
    taken = {**sent, "name": "B", "email": "STAFF@kommune.example", "language": "nb"}
    answer = post(client, PEOPLE + "/ny", world, **taken)
    assert "En annen person har den e-postadressen" in answer.text
    assert "«x9»" in answer.text
    assert (
        not world.parts.db.reader.connect()
        .execute(sa.select(Person.id).where(Person.name == "B"))
        .all()
    )


def test_a_person_is_changed_with_everything_in_the_form(world: World, client: FlaskClient) -> None:
    page = client.get(one(world, "north")).text
    assert ">nord</textarea>" in page
    with world.parts.db.transaction() as session:
        old = links.create(session, world.parts.secret, world.people["north"], actor="cli")
    sent = {"name": "Nora", "email": "nora@kommune.example", "language": "en", "units": "sor"}
    assert post(client, one(world, "north"), world, **sent, staff="1").status_code == 303
    made = info(world, "nora@kommune.example")
    assert {(each.role, each.unit) for each in made.roles} == {("staff", None), ("manager", "sor")}
    assert world.client().get(f"/inn/{old}").status_code == 410
    with world.parts.db.reading() as session:
        events = log.events(session, world.journey.organisation_id, limit=4)
    changed = next(event for event in events if event.action == "person.changed")
    assert changed.details == {"changed": ["name", "email", "language"]}
    assert "nora" not in str([event.details for event in events])


def test_the_last_of_the_staff_can_neither_be_kept_out_nor_lose_the_role(
    world: World, client: FlaskClient
) -> None:
    kept = post(client, one(world, "staff", "deaktiver"), world)
    assert kept.status_code == 409
    assert "siste i innovasjonsstaben" in kept.text
    sent = {"name": "Staff", "email": "staff@kommune.example", "language": "nb", "units": ""}
    lost = post(client, one(world, "staff"), world, **sent)
    assert lost.status_code == 422
    assert 'href="#staff"' in lost.text
    for name in ("north", "idle"):
        with world.parts.db.transaction() as session:
            person = people.get(session, world.journey.organisation_id, world.people[name].id)
            people.grant(session, person, "staff", actor="cli")
            people.set_active(session, person, name == "idle", actor="cli")
    assert post(client, one(world, "staff", "deaktiver"), world).status_code == 303
    assert client.get(PEOPLE).status_code == 303  # signed out at once
    key = world.key("people:read", "people:write")
    where, api = f"/api/v1/organisations/3999/people/{world.people['idle'].id}", world.client()
    seen = api.get(where, headers=key)
    answer = api.patch(
        where, json={"active": False}, headers={**key, "If-Match": seen.headers["ETag"]}
    )
    assert answer.status_code == 409  # refused over the API as well


def test_who_is_kept_out_loses_sessions_and_links_and_comes_back(
    world: World, client: FlaskClient
) -> None:
    manager = world.client("north")
    with world.parts.db.transaction() as session:
        link = links.create(session, world.parts.secret, world.people["north"], actor="cli")
    assert post(client, one(world, "north", "deaktiver"), world).status_code == 303
    assert manager.get("/enhet").status_code == 303
    assert world.client().get(f"/inn/{link}").status_code == 410
    assert "er stengt ute" in client.get(one(world, "north")).text
    assert post(client, one(world, "north", "inviter"), world).status_code == 409
    assert post(client, one(world, "north", "aktiver"), world).status_code == 303
    assert world.client().get(f"/inn/{link}").status_code == 410


def test_staff_see_and_end_the_sessions_of_a_person(world: World, client: FlaskClient) -> None:
    manager = world.client("north")
    assert "Logg ut overalt" in client.get(one(world, "north")).text
    assert post(client, one(world, "north", "okter"), world).status_code == 303
    assert manager.get("/enhet").status_code == 303
    assert "Ingen steder nå" in client.get(one(world, "north")).text
    assert "sessions.ended" in actions(world)


def test_a_link_is_shown_once_and_ends_the_one_before(world: World, client: FlaskClient) -> None:
    paths = []
    for _ in range(2):
        page = post(client, one(world, "idle", "lenke"), world)
        assert page.status_code == 200
        assert page.headers["Cache-Control"] == "no-store"
        paths += re.findall(r"http://127\.0\.0\.1:8000(/inn/[\w-]+)<", page.text)
    assert len(paths) == 2
    assert world.client().get(paths[0]).status_code == 410
    assert world.client().get(paths[1]).status_code == 200
    assert paths[1] not in client.get(one(world, "idle")).text


def test_who_is_kept_out_can_be_deleted_and_leaves_an_id_behind(
    world: World, client: FlaskClient
) -> None:
    world.client("north")
    with world.parts.db.transaction() as session:
        links.create(session, world.parts.secret, world.people["north"], actor="cli")
    assert post(client, one(world, "north", "slett"), world).status_code == 409
    post(client, one(world, "north", "deaktiver"), world)
    assert "Slett for godt" in client.get(one(world, "north")).text
    gone = post(client, one(world, "north", "slett"), world)
    assert gone.location == PEOPLE + "?gjort=slett"
    assert "north@" not in client.get(gone.location).text
    assert client.get(one(world, "north")).status_code == 404
    assert "En person som ikke finnes lenger" in client.get(EVENTS).text


def test_a_person_of_another_organisation_does_not_exist(world: World, client: FlaskClient) -> None:
    for act in ("", "deaktiver", "lenke", "totrinn"):
        assert post(client, one(world, "stranger", act), world).status_code == 404
    assert client.get(one(world, "stranger")).status_code == 404


# --- managers of all units ---------------------------------------------------------------------


def name_managers(world: World, **addresses: str | None) -> None:
    with world.parts.db.transaction() as session:
        for code, email in addresses.items():
            unit = session.scalars(
                sa.select(Unit).where(
                    Unit.organisation_id == world.journey.organisation_id, Unit.code == code
                )
            ).one()
            unit.manager_email = email


def managers_of(world: World, code: str) -> set[str]:
    with world.parts.db.reading() as session:
        return set(
            session.scalars(
                sa.select(Person.email)
                .join(Grant, Grant.person_id == Person.id)
                .join(Unit, Unit.id == Grant.unit_id)
                .where(Unit.code == code)
            )
        )


def test_managers_of_all_units_are_made_in_one_act_after_a_look(
    world: World, client: FlaskClient
) -> None:
    name_managers(
        world,
        n1="Ola.Lie-Moe@kommune.example",
        n2="ola.lie-moe@kommune.example",
        nord="ny.leder@kommune.example",
        s1="sykehjem@kommune.example",
        s2="ingen adresse",
    )
    page = client.get(PEOPLE + "/ledere").text
    assert "3 roller blir gitt" in page
    assert "2 nye personer" in page
    assert "Ola Lie-Moe" in page
    assert "ingen adresse" in page
    assert "1 enhet har riktig leder allerede" in page
    assert "north@kommune.example" in page  # leads nord, which names another
    digest = re.search(r'name="digest" value="(\w+)"', page)
    assert digest is not None
    name_managers(world, n3="idle@kommune.example")
    stale = post(client, PEOPLE + "/ledere", world, digest=digest.group(1))
    assert stale.status_code == 409
    assert managers_of(world, "n1") == set()
    digest = re.search(r'name="digest" value="(\w+)"', stale.text)
    assert digest is not None
    sent = {"digest": digest.group(1), "withdraw": "1", "invite": "1"}
    assert post(client, PEOPLE + "/ledere", world, **sent).status_code == 303
    assert managers_of(world, "n1") == managers_of(world, "n2") == {"ola.lie-moe@kommune.example"}
    assert managers_of(world, "nord") == {"ny.leder@kommune.example"}
    assert managers_of(world, "n3") == {"idle@kommune.example"}
    with world.parts.db.reading() as session:
        rows = session.scalars(sa.select(Outbox).where(Outbox.kind == "person_invitation")).all()
    assert len(rows) == 2
    assert "Alle som står i enhetsfilen, er ledere allerede" in client.get(PEOPLE + "/ledere").text


# --- keys --------------------------------------------------------------------------------------


def new_key(**changes: Any) -> dict[str, Any]:
    day = (now() + timedelta(days=30)).date().isoformat()
    return {"name": "HR", "expires": day, "scope": ["studies:read", "releases:read"], **changes}


def test_a_key_is_made_shown_once_used_and_revoked(world: World, client: FlaskClient) -> None:
    made = post(client, KEYS, world, **new_key())
    found = re.search(r"ik_[\w-]+", made.text)
    assert found is not None
    assert made.headers["Cache-Control"] == "no-store"
    headers = {"Authorization": f"Bearer {found.group(0)}"}
    address = "/api/v1/organisations/3999/studies"
    assert world.client().get(address, headers=headers).status_code == 200
    page = client.get(KEYS).text
    assert found.group(0) not in page
    assert "Lese undersøkelser, målinger og deltakelse" in page
    with world.parts.db.reading() as session:
        key = session.scalars(sa.select(ApiKey)).one()
    assert key.expires_at is not None
    assert post(client, f"{KEYS}/{key.id}/trekk-tilbake", world).status_code == 303
    assert world.client().get(address, headers=headers).status_code == 401
    assert post(client, f"{KEYS}/{key.id + 1}/trekk-tilbake", world).status_code == 404
    assert {"key.created", "key.revoked"} <= set(actions(world))


def test_every_fault_of_a_key_is_told_at_once(world: World, client: FlaskClient) -> None:
    wrong = post(client, KEYS, world, name=" ", expires="2001-01-01", scope=["root"])
    assert wrong.status_code == 422
    for field in ("name", "expires", "scope-0"):
        assert f'href="#{field}"' in wrong.text
    both = ["invitations:write", "invitations:export"]
    apart = post(client, KEYS, world, **new_key(scope=both))
    assert apart.status_code == 422
    assert "Lag to nøkler" in apart.text


# --- events ------------------------------------------------------------------------------------


def rows(page: str) -> list[str]:
    return re.findall(r'<td role="cell" class="number">(\d+)</td>', page)


def test_events_are_read_in_words_by_staff_and_auditors_only(world: World) -> None:
    for name, status in (("staff", 200), ("auditor", 200), ("north", 403), ("stranger", 404)):
        assert world.client(name).get(EVENTS).status_code == status
        assert world.client(name).get(EVENTS + ".csv").status_code == status
    page = world.client("auditor").get(EVENTS).text
    assert "Frigav en måling" in page
    assert "Innovasjonskultur, måling 1" in page
    assert "Alle linjer stemmer" in page
    assert "Opened a wave" in world.client("auditor").get(EVENTS + "?language=en").text


def test_events_are_found_by_person_action_study_and_day(world: World, client: FlaskClient) -> None:
    post(client, one(world, "idle", "okter"), world)
    post(client, one(world, "north", "deaktiver"), world)

    def found(query: str) -> list[str]:
        return re.findall(
            r'<td role="cell">([^<]+?)(?:<br>.*?)?</td>\s*<td role="cell">[^<]*</td>\s*</tr>',
            client.get(f"{EVENTS}?{query}").text,
        )

    assert found("person=north") == ["Stengte en person ute", "Ga en rolle", "La til en person"]
    assert found("handling=person.deactivated") == ["Stengte en person ute"]
    assert set(found("handling=person")) == {"Stengte en person ute", "La til en person"}
    assert len(found("studie=kultur")) > 10
    assert found("studie=kultur&handling=role") == []
    today = now().astimezone().date()
    assert len(found(f"fra={today - timedelta(days=1)}&til={today + timedelta(days=1)}")) > 20
    assert found("fra=2031-01-01") == []
    assert found("til=01.02.2001") == []
    wrong = client.get(f"{EVENTS}?fra=i+går&studie=finnes-ikke")
    assert 'href="#fra"' in wrong.text
    assert 'href="#study"' in wrong.text


def test_events_go_on_behind_a_cursor(world: World, client: FlaskClient) -> None:
    with world.parts.db.transaction() as session:
        for number in range(120):
            log.record(session, world.journey.organisation_id, "cli", "thing.done", f"x:{number}")
    seen: list[str] = []
    address: str | None = f"{EVENTS}?person="
    while address:
        page = client.get(address).text
        seen += rows(page)
        more = re.search(r'href="([^"]+for=\d+)"', page)
        address = more.group(1).replace("&amp;", "&") if more else None
    assert len(seen) == len(set(seen)) > 130
    assert seen == sorted(seen, key=int, reverse=True)


def test_events_are_downloaded_and_no_cell_is_a_formula(world: World, client: FlaskClient) -> None:
    with world.parts.db.transaction() as session:
        person = people.get(session, world.journey.organisation_id, world.people["idle"].id)
        person.name = "=HYPERLINK(1)"
    answer = client.get(EVENTS + ".csv?handling=person.created")
    assert answer.mimetype == "text/csv"
    assert 'filename="hendelser-3999.csv"' in answer.headers["Content-Disposition"]
    table = list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff")), delimiter=";"))
    assert table[0][:5] == ["Nr.", "Tid", "Hvem", "Hva", "Gjelder"]
    assert len(table) == 6
    assert {row[3] for row in table[1:]} == {"La til en person"}
    assert "'=HYPERLINK(1)" in {row[4] for row in table[1:]}


def test_a_forgery_is_shown(world: World, client: FlaskClient) -> None:
    with world.parts.db.transaction() as session:
        session.execute(
            sa.update(Event)
            .where(Event.organisation_id == world.journey.organisation_id, Event.sequence == 3)
            .values(actor="cli:somebody else")
        )
    page = client.get(EVENTS).text
    assert "Noe er endret, fjernet eller satt inn" in page
    assert "Hendelse 3" in page


def test_a_long_log_is_checked_when_it_is_asked_for(
    world: World, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    from survey.web.staff import events

    monkeypatch.setattr(events, "AT_ONCE", 1)
    assert "ikke kontrollert ennå" in client.get(EVENTS).text
    assert "Alle linjer stemmer" in client.get(EVENTS + "?kontroll=1").text


def test_every_action_that_is_recorded_has_words() -> None:
    """An action stands as a text in a call of the log, or in a table of such texts."""
    source = "\n".join(
        file.read_text()
        for file in Path(survey.__path__[0]).rglob("*.py")
        if "record(" in file.read_text() and "web" not in file.parts[-3:-1]
    )
    calls = re.findall(r"\brecord\((?:[^()]|\([^()]*\))*\)", source)
    found = {name for call in calls for name in re.findall(r'"([a-z_]+\.[a-z_]+)"', call)}
    assert len(found) > 30
    texts = catalogue.catalogue("events", "nb")
    groups = [name.removeprefix("group_") for name in texts if name.startswith("group_")]
    silent = {name for name in found if f"action_{name.replace('.', '_')}" not in texts}
    assert silent == set()
    assert {name.partition(".")[0] for name in found} <= set(groups)


def detail_keys() -> set[str]:
    """Every text that is a key of what goes along with an event, in modules that record one."""
    found: set[str] = set(imports.LISTS)
    for file in Path(survey.__path__[0]).rglob("*.py"):
        text = file.read_text()
        if "record(" not in text and file.name != "reasons.py":
            continue
        names = {"details", "told", "over", "whole"}
        names |= {"counts"} if file.name == "imports.py" else set()
        for node in ast.walk(ast.parse(text)):
            for part in (each for one in _given(node, names) for each in ast.walk(one)):
                keys = part.keys if isinstance(part, ast.Dict) else []
                if isinstance(part, ast.Subscript) and isinstance(part.value, ast.Name):
                    keys = [part.slice] if part.value.id in names else []
                found |= {str(key.value) for key in keys if isinstance(key, ast.Constant)}
    return found


def _given(node: ast.AST, names: set[str]) -> list[ast.expr]:
    """What is handed to the log here, or put under one of the names that it goes by until then."""
    if isinstance(node, ast.Call):
        called = getattr(node.func, "attr", getattr(node.func, "id", ""))
        return node.args if called in ("record", "_record") else []
    if isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        parts = [each for target in targets for each in ast.walk(target)]
        written = {each.id for each in parts if isinstance(each, ast.Name)}
        return [*targets, *([node.value] if node.value else [])] if written & names else []
    if isinstance(node, ast.FunctionDef) and node.name == "details":
        return [each.value for each in node.body if isinstance(each, ast.Return) and each.value]
    return []


def test_every_detail_that_is_recorded_has_words() -> None:
    found = detail_keys()
    assert {"merged", "escrow_reached", "second_factor", "note", "headcounts"} <= found
    assert len(found) > 50
    for language in ("nb", "nn", "en"):
        texts = catalogue.catalogue("events", language)
        assert {name for name in found if f"detail_{name}" not in texts} == set()
        values = {
            "reason": (*reasons.REASONS, *replacing.REASONS),
            "as": code_delivery.WAYS,
            "status": STATUSES,
            "phase": PHASES,
            "role": ROLES,
            "kind": (*changes.DECLARED, *changes.PLAIN, "new", "closed"),
            "decision": get_args(moderation.Decision),
            "for": get_args(links.Purpose),
            "changed": (*editing.FIELDS, "name", "email", "language"),
        }
        wanted = {f"value_{name}_{each}" for name, known in values.items() for each in known}
        assert wanted - texts.keys() == set()


def test_details_are_words_of_the_page_and_whole_in_the_file(
    world: World, client: FlaskClient
) -> None:
    digest = "0123456789ab" + "c" * 52
    details = {
        "decision": "release",
        "early": True,
        "reason": "absence",
        "note": "",
        "destroyed": ["private", "codes"],
        "merged": {"h11": "h08", "h12": "h08"},
        "as": "slips",
        "closes_at": "2027-07-01T10:00:00+00:00",
        "before": None,
        "digest": digest,
        "rows": {"response": 3, "contact": 4},
        "scopes": ["audit:read"],
        "keys": [str(number) for number in range(14)],
    }
    with world.parts.db.transaction() as session:
        log.record(session, world.journey.organisation_id, "cli", "thing.done", "x:1", details)
    page = client.get(EVENTS).text
    for text in (
        "Avgjørelse: vises; Før tiden: ja; Grunn: ferie eller fravær; Ødelagt: nøkkelen til",
        "Telles sammen: h11 → h08, h12 → h08; Som: lapper; Slutter: 01.07.2027 kl. 12:00",
        "0123456789ab…; Rader i databasen: 7; Tilganger: Lese hendelsesloggen",
        "10, 11 og 2 til",
        "Alle hendelser om personer",
        "Alle hendelser om API-nøkler",
    ):
        assert text in page
    assert digest not in page
    assert digest in client.get(EVENTS + ".csv").text
    assert "Closes: 1 July 2027, 12:00" in client.get(EVENTS + "?language=en").text


def test_the_sessions_of_a_key_and_of_nobody_are_none(world: World) -> None:
    with world.parts.db.reading() as session:
        assert sessions.listing(session, world.journey.organisation_id, person_id=7) == []


def test_somebody_without_a_role_is_told_of_until_they_have_one(
    world: World, client: FlaskClient
) -> None:
    sent = {"name": "Ny Ansatt", "email": "ny@kommune.example", "language": "nb"}
    page = client.get(post(client, f"{PEOPLE}/ny", world, **sent).location)
    assert "Ny Ansatt har ingen rolle ennå" in page.text
    assert "ingen rolle ennå" not in client.get(one(world, "north")).text
