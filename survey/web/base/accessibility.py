"""What has been tried of the pages' accessibility, from the file that the tests hold true."""

from __future__ import annotations

import json
from datetime import date
from functools import cache
from importlib import resources
from typing import Any

from flask import Blueprint, render_template

from survey.access.guard import access
from survey.core import formats
from survey.web import catalogue

bp = Blueprint("accessibility", __name__)

HOW = ("axe", "width", "text", "keyboard", "colours", "structure", "answer", "look", "pdf")
MISSING = ("people", "charts", "se", "api", "names")


@bp.get("/tilgjengelighet")
@access("public")
def show() -> str:
    """The statement; its numbers and addresses are those that were tried."""
    known, language = tried(), catalogue.language()
    t = catalogue.translator(language)
    names = [t(f"accessibility.language_{code}") for code in known["languages"]]
    return render_template(
        "base/accessibility.html",
        pages=known["pages"],
        states=sum(known["pages"].values()),
        named=formats.listed(names, language),
        day=formats.day(date.fromisoformat(known["date"]), language),
        how=HOW,
        missing=MISSING,
    )


@cache
def tried() -> dict[str, Any]:
    """``date``, ``languages``, and ``pages``: address → in how many states it was tried."""
    file = resources.files("survey.web") / "accessibility.json"
    known: dict[str, Any] = json.loads(file.read_text("utf-8"))
    return known
