"""The forms of the follow-up: what people wrote, as data; what is wrong with it, as texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import cast

from survey.core.errors import Fault
from survey.followup.actions import Draft
from survey.followup.model import ActionFacts, Source, TargetFacts
from survey.followup.place import Place
from survey.web import catalogue

Faults = list[tuple[str, str]]
"""(id of the field, what is wrong), as the error summary takes them."""


def told(faults: Sequence[Fault]) -> Faults:
    """The domain's faults, each beside its field and in the page's language."""
    language, entries = catalogue.language(), []
    for fault in faults:
        field = fault.field.rpartition("/")[2]
        text = catalogue.text(f"followup.fault_{field}", language)
        entries.append((f"field-{fault.field.replace('/', '-')}", text))
    return entries


def draft(form: Mapping[str, str]) -> Draft:
    """What a person wrote of an action; the domain judges it."""
    return Draft(
        form.get("title", ""),
        form.get("owner", ""),
        _day(form.get("deadline", "")),
        form.get("status", ""),
        form.get("dimension") or None,
    )


def _day(text: str) -> date | None:
    """A day as browsers send it, or as Norwegians write it; None for anything else."""
    for form in ("%Y-%m-%d", "%d.%m.%Y"):
        try:
            return datetime.strptime(text.strip(), form).date()  # noqa: DTZ007  # a day, no time
        except ValueError:
            continue
    return None


def given_action(action: ActionFacts) -> dict[str, str]:
    """An action as its form shows it."""
    return {
        "title": action.title,
        "owner": action.owner,
        "deadline": action.deadline.isoformat(),
        "status": action.status,
        "dimension": action.dimension or "",
    }


def given_targets(known: Sequence[TargetFacts]) -> dict[str, str]:
    """Targets as their form shows them."""
    values = {}
    for target in known:
        values[f"{target.dimension}-value"] = str(target.value)
        values[f"{target.dimension}-source"] = target.source
        values[f"{target.dimension}-year"] = "" if target.year is None else str(target.year)
    return values


def read_targets(here: Place, form: Mapping[str, str]) -> tuple[list[TargetFacts], Faults]:
    """The targets that were written, and a fault for each number that is none.

    A row with such a fault counts as 0, so that the rest of it can still be judged.
    """
    language, wanted, faults = catalogue.language(), [], Faults()
    for name in here.dimensions:
        value, year = (form.get(f"{name}-{what}", "").strip() for what in ("value", "year"))
        if not value and not year:
            continue
        read = {"value": _whole(value), "year": _whole(year)}
        for what, text in (("value", value), ("year", year)):
            if read[what] is None and (text or what == "value"):
                wrong = catalogue.text(f"followup.fault_{what}", language)
                faults.append((f"field-{name}-{what}", wrong))
        source = cast(Source, form.get(f"{name}-source", ""))
        wanted.append(TargetFacts(name, read["value"] or 0, source, read["year"]))
    return wanted, faults


def _whole(text: str) -> int | None:
    """A whole number as people write one; None for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 6 else None
