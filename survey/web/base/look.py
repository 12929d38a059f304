"""The files that pages are dressed with: their addresses, and which of them were built."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib import resources

from flask import url_for

THEME = "vendor/theme.css"
"""Designsystemet, under ``base.css``, when tools/frontend built it; the pages stand without it."""


def asset(name: str) -> str:
    """The address of a static file, with a digest so that it may be cached for ever."""
    return url_for("static", filename=name, v=_digest(name))


@cache
def _digest(name: str) -> str:
    content = (resources.files("survey.web") / "static" / name).read_bytes()
    return hashlib.sha256(content).hexdigest()[:12]


@cache
def built(name: str) -> bool:
    """True when tools/frontend built this static file, or the package came with it."""
    return (resources.files("survey.web") / "static" / name).is_file()
