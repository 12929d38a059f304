"""The event log: who did what to what, found by person, action, study and day; and its proof."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

from flask import Blueprint, Response, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from survey.access import guard
from survey.access.guard import access
from survey.audit import log, search
from survey.audit.models import Event
from survey.audit.search import Wanted
from survey.core import local_time
from survey.core.csv_files import Cell, csv_file
from survey.core.errors import NotFound
from survey.core.services import services
from survey.operations import event_names
from survey.operations.event_names import Name
from survey.study import studies
from survey.web import catalogue
from survey.web.staff import event_details

bp = Blueprint("events", __name__)

_PATH = "/stab/<org>/hendelser"
PER_PAGE = 50
LATEST = 9000
AT_ONCE = 2000
"""Events that are checked without being asked: it takes a few hundredths of a second."""


@bp.get(_PATH)
@access("auditor")
def show(org: str) -> str:
    """Events that match the search, newest first, and whether the chain holds."""
    who, faults = guard.principal(), list[tuple[str, str]]()
    before = request.args.get("for", type=int)
    with services().db.reading() as session:
        listed = studies.studies(session, who.organisation_id)
        wanted = _wanted(session, who.organisation_id, faults)
        events = search.find(
            session, who.organisation_id, wanted, before=before, limit=PER_PAGE + 1
        )
        names = event_names.names(session, who.organisation_id, events)
        head = log.head(session, who.organisation_id)
        check = "kontroll" in request.args or head.sequence <= AT_ONCE
        breaks = log.verify(session, who.organisation_id) if check else None
    return render_template(
        "staff/events.html",
        rows=[_row(event, names) for event in events[:PER_PAGE]],
        older=events[PER_PAGE - 1].sequence if len(events) > PER_PAGE else None,
        newest=before is None,
        head=head,
        breaks=breaks,
        studies=listed,
        actions=_actions(),
        asked=request.args,
        days={name: _day(request.args.get(name, "")) or "" for name in ("fra", "til")},
        kept={name: value for name, value in request.args.items() if name in _KEPT and value},
        faults=faults,
        menu="events",
    )


@bp.get(_PATH + ".csv")
@access("auditor")
def export(org: str) -> ResponseReturnValue:
    """Every event that matches the search, as a file for a spreadsheet."""
    who, language = guard.principal(), catalogue.language()
    rows: list[tuple[Cell, ...]] = []
    with services().db.reading() as session:
        wanted = _wanted(session, who.organisation_id, [])
        for page in search.every(session, who.organisation_id, wanted):
            names = event_names.names(session, who.organisation_id, page)
            for event in page:
                row = _row(event, names)
                details = json.dumps(event.details, ensure_ascii=False) if event.details else ""
                cells = (row["who"], row["action"], row["subject"], details)
                moment = event.at.astimezone(local_time.ZONE).isoformat()
                rows.append((event.sequence, moment, *cells, event.digest))
    heads = ("number", "time", "who", "action", "subject", "details", "digest")
    header = [catalogue.text(f"events.column_{head}", language) for head in heads]
    response = Response(csv_file(header, rows), mimetype="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="{_filename(org)}"'
    return response


_KEPT = ("person", "handling", "studie", "fra", "til")


def _wanted(session: Session, organisation_id: int, faults: list[tuple[str, str]]) -> Wanted:
    asked, language = request.args, catalogue.language()
    person, study, subjects = asked.get("person", "").strip()[:200], asked.get("studie", ""), None
    if study:
        try:
            stored_study = studies.study_by_code(session, organisation_id, study)
            subjects = event_names.of_study(session, stored_study)
        except NotFound:
            faults.append(("study", catalogue.text("events.fault_study", language)))
    days: dict[str, datetime | None] = {}
    for name in ("fra", "til"):
        days[name] = _midnight(asked.get(name, ""), after=name == "til")
        if asked.get(name, "").strip() and days[name] is None:
            faults.append((name, catalogue.text("events.fault_day", language)))
    return Wanted(
        involved=event_names.people_called(session, organisation_id, person) if person else None,
        subjects=subjects,
        action=asked.get("handling", "").strip() or None,
        since=days["fra"],
        until=days["til"],
    )


def _day(text: str) -> date | None:
    """A day as browsers send it, or as Norwegians write it; None for what is no day."""
    for form in ("%Y-%m-%d", "%d.%m.%Y"):
        try:
            return datetime.strptime(text.strip(), form).date()  # noqa: DTZ007  # a day, no time
        except ValueError:
            continue
    return None


def _midnight(text: str, *, after: bool) -> datetime | None:
    """The midnight in Norway before a day, or after it; None for what is no day."""
    day = _day(text)
    if day is None or day.year > LATEST:
        return None
    return datetime.combine(day + timedelta(days=after), time(), local_time.ZONE)


def _row(event: Event, names: Mapping[str, Name]) -> dict[str, Any]:
    """An event in the words of the page's language."""
    return {
        "event": event,
        "who": _called(event.actor, names),
        "action": _action(event.action),
        "subject": "" if event.subject == event.actor else _called(event.subject, names),
        "details": event_details.told(event.details),
    }


def _called(name: str, names: Mapping[str, Name]) -> str:
    language = catalogue.language()
    known = names[name]
    texts = catalogue.catalogue("events", language)
    kind = f"kind_{known.kind}"
    word = catalogue.text(f"events.{kind}", language) if kind in texts else known.kind
    if known.kind in ("worker", "cli"):
        return word
    if known.kind == "person":
        return known.label or catalogue.text("events.person_gone", language)
    if known.ordinal is not None:
        label = catalogue.text("events.wave_of", language, study=known.label, n=known.ordinal)
        return f"{word}: {label}" if known.kind == "release" else label
    return f"{word}: {known.label}" if known.label else word


def _action(action: str) -> str:
    name = "action_" + action.replace(".", "_")
    language = catalogue.language()
    known = name in catalogue.catalogue("events", language)
    return catalogue.text(f"events.{name}", language) if known else action


def _actions() -> list[tuple[str, str, str, list[tuple[str, str]]]]:
    """(kind, its name, all of it, [(action, its words)]) of every action that has words."""
    texts = catalogue.catalogue("events", catalogue.language())
    groups = [name.removeprefix("group_") for name in texts if name.startswith("group_")]
    own: dict[str, list[tuple[str, str]]] = {group: [] for group in groups}
    for name, text in texts.items():
        if not name.startswith("action_"):
            continue
        action = name.removeprefix("action_")
        # "unit_change_declared" is of the group unit_change, not of unit.
        group = max(
            (candidate for candidate in groups if action.startswith(f"{candidate}_")), key=len
        )
        own[group].append((f"{group}.{action.removeprefix(f'{group}_')}", str(text)))
    named = {group: str(texts[f"group_{group}"]) for group in groups}
    return [(group, name, _all_of(name), own[group]) for group, name in named.items()]


def _all_of(name: str) -> str:
    """A kind's name within a sentence; "API" keeps its letters."""
    inside = name if name[1:2].isupper() else name[:1].lower() + name[1:]
    return catalogue.text("events.all_of", catalogue.language(), kind=inside)


def _filename(org: str) -> str:
    return f"hendelser-{org}.csv" if org.isascii() and org.isalnum() else "hendelser.csv"
