"""After a whole run no code, no submission id and, before the close, no text stands anywhere.

Searched: the service's logs, every header that is answered (addresses, Referer rules, cookies of
other pages), page titles, error pages, database files with log, and backups. A code may stand in
two places only: the respondent's own cookie for ``/svar`` and the hidden field of his own form.
"""

from __future__ import annotations

import io
import logging
import random
import re
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from survey.core import logs
from survey.core.services import Services
from survey.invitations.codes import Code
from survey.invitations.issuing import CodeRow, export_codes
from survey.operations import backup
from survey.release.close import close_and_release
from tests.release import journey as way
from tests.release.journey import draw_answers, start

LETTERS = {"single": "s", "multiple": "m", "text": "t", "words": "w"}


class Run:
    """The service in use, and everything that it let out."""

    def __init__(self, parts: Services, app: Any, log: io.StringIO) -> None:
        self.parts, self.app, self.log = parts, app, log
        self.said: list[tuple[str, str]] = []
        self.secrets: set[str] = set()
        self.texts: set[str] = set()
        self.forms = 0

    def keep(self, response: Any, *, form: bool = False) -> Any:
        """Remember what was answered; of the respondent's own form only head and title."""
        headers = [f"{n}: {v}" for n, v in response.headers if n != "Set-Cookie"]
        body = response.get_data(as_text=True)
        if form:
            self.forms += 1
            assert self.secrets & set(re.findall(r'value="([^"]+)"', body))
            body = "".join(re.findall(r"<title>.*?</title>", body, re.DOTALL))
        self.said.append((str(response.status_code), "\n".join([*headers, body])))
        # What a browser sends on: at most the host, never the rest of the address.
        assert response.headers["Referrer-Policy"] in ("no-referrer", "strict-origin")
        return response

    def files(self) -> dict[str, bytes]:
        return {p.name: p.read_bytes() for p in self.parts.settings.data_dir.glob("survey.db*")}


@pytest.fixture
def run(services: Services, app: Any) -> Iterator[Run]:
    root = logging.getLogger()
    before = (root.handlers[:], root.level)
    logs.configure(services.settings)
    written = io.StringIO()
    root.setLevel(logging.DEBUG)
    for handler in root.handlers:
        handler.stream = written  # type: ignore[attr-defined]
    yield Run(services, app, written)
    root.handlers[:], root.level = before[0], before[1]


def forms_of(code: str) -> set[str]:
    plain = code.replace("-", "")
    return {code, plain, code.lower(), plain.lower()}


def fields_of(instrument: Any, given: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {f"i.{name}": str(value) for name, value in given["items"].items()}
    for question in instrument.questions:
        found[f"{LETTERS[question.type]}.{question.id}"] = given["questions"][question.id]
    return found


def exported(run: Run, monkeypatch: pytest.MonkeyPatch) -> tuple[Any, list[CodeRow]]:
    """A wave whose codes were exported; all forms of all codes are secrets from now on."""
    rows: list[CodeRow] = []
    real = export_codes

    def kept(*arguments: Any) -> list[CodeRow]:
        rows.extend(real(*arguments))
        return rows

    monkeypatch.setattr(way, "export_codes", kept)
    journey = start(run.parts.db, run.parts.keys, run.parts.secret)
    for row in rows:
        link = row.link.rpartition("/")[2]
        run.secrets |= forms_of(Code(link, row.short).link) | forms_of(row.short)
    return journey, rows


def answer(run: Run, journey: Any, row: CodeRow, rng: random.Random, *, api: bool) -> None:
    """One person: by link or typed code and form, or by a program."""
    client = run.app.test_client()
    instrument = journey.instrument()
    given = draw_answers(instrument, rng)
    text = f"Ytring{rng.getrandbits(64):016x}"
    for question in instrument.questions:
        if question.type == "text":
            given["questions"][question.id] = text  # type: ignore[index]
    run.texts.add(text)
    if api:
        mine = str(uuid.uuid4())
        run.secrets |= {mine, mine.replace("-", "")}
        body = {"code": row.short, "submission_id": mine, "answers": given}
        assert run.keep(client.post("/api/v1/answers", json=body)).status_code in (200, 201)
        return
    if rng.random() < 0.5:
        run.keep(client.get("/s/" + row.link.rpartition("/")[2]))
    else:
        run.keep(client.post("/kode", data={"code": row.short.lower()}))
    page = run.keep(client.get("/svar"), form=True).get_data(as_text=True)
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page))
    run.secrets |= {hidden["submission_id"], hidden["submission_id"].replace("-", "")}
    sent = client.post("/svar", data={**hidden, **fields_of(instrument, given)})
    assert run.keep(sent).status_code == 303, sent.get_data(as_text=True)
    run.keep(client.get("/takk"))
    again = client.post("/svar", data={**hidden, "submission_id": str(uuid.uuid4())})
    assert run.keep(again).status_code == 409


def go_wrong(run: Run, journey: Any, rows: list[CodeRow]) -> None:
    """Wrong, mistyped and misplaced codes, and an error inside the service while one is sent."""
    client = run.app.test_client()
    unused = rows[-1]
    link = unused.link.rpartition("/")[2]
    for method, address, data in (
        ("GET", f"/s/{link[:-1]}", None),
        ("GET", f"/s/{unused.short}", None),
        ("GET", f"/finnes-ikke/{link}?code={link}", None),
        ("POST", f"/s/{link}", {"code": link}),
        ("GET", f"/api/v1/answers?code={link}", None),
        ("POST", "/kode", {"code": "00000-00000"}),
        ("POST", "/svar", {"code": "A" * 26, "submission_id": str(uuid.uuid4())}),
        ("POST", "/svar", {"code": unused.short, "submission_id": "short"}),
    ):
        response = client.open(address, method=method, data=data)
        own = 'name="submission_id"' in response.get_data(as_text=True)
        run.keep(response, form=own)
    for engine, old, new in (
        (run.parts.db.writer, "inbox", "away"),
        (run.parts.db.writer, "away", "inbox"),
    ):
        with engine.begin() as connection:
            connection.exec_driver_sql(f"ALTER TABLE {old} RENAME TO {new}")
        if new == "away":
            given = draw_answers(journey.instrument(), random.Random(1))
            body = {"code": link, "submission_id": str(uuid.uuid4()), "answers": given}
            run.secrets.add(str(body["submission_id"]))
            assert run.keep(client.post("/api/v1/answers", json=body)).status_code == 500
            form = {**body, **fields_of(journey.instrument(), given)}
            form.pop("answers")
            assert run.keep(client.post("/svar", data=form)).status_code == 500


def assert_nowhere(wanted: set[str], places: dict[str, bytes]) -> None:
    for name, content in places.items():
        seen = content.lower()
        for each in {word.lower().encode() for word in wanted}:
            at = seen.find(each)
            assert at < 0, (name, content[max(at - 60, 0) : at + 60])


def test_no_code_id_or_text_stands_where_it_must_not(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    journey, rows = exported(run, monkeypatch)
    assert len(run.secrets) >= 4 * 88
    rng = random.Random(3)
    by_unit = {u: [r for r in rows if r.unit_code == u] for u in ("n1", "s1")}
    for unit_rows in by_unit.values():
        for number, row in enumerate(unit_rows[:24]):
            answer(run, journey, row, rng, api=number % 3 == 0)
    go_wrong(run, journey, rows)
    said = {f"answer {n} ({status})": text.encode() for n, (status, text) in enumerate(run.said)}
    assert run.forms > 20
    places = {**said, **run.files(), "log": run.log.getvalue().encode()}
    places["backup, open"] = backup.save(run.parts, tmp_path / "open.db").read_bytes()
    assert_nowhere(run.secrets | run.texts, places)
    close_and_release(run.parts.db, run.parts.keys, journey.organisation_id, journey.wave.id)
    late = run.app.test_client().post("/kode", data={"code": rows[-1].short})
    assert run.keep(late).status_code == 410
    after = {**run.files(), "log": run.log.getvalue().encode(), "late": late.data}
    after["backup, released"] = backup.save(run.parts, tmp_path / "end.db").read_bytes()
    assert_nowhere(run.secrets, after)
    log = run.log.getvalue()
    assert '"route": "/svar"' in log
    assert "unhandled error" in log
    assert not run.texts & set(re.findall(r"Ytring[0-9a-f]{16}", log))


def test_the_search_finds_what_it_looks_for(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """With one code written into an event's details, the files give it away."""
    _journey, rows = exported(run, monkeypatch)
    with run.parts.db.transaction() as session:
        session.execute(sa.text("update study set name = :code"), {"code": rows[0].short.lower()})
    with pytest.raises(AssertionError):
        assert_nowhere(run.secrets, run.files())
