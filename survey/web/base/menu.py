"""The main menu: one list for every page, and each reader's part of it.

A part of the web adds itself with one line in ``ENTRIES``. An entry whose endpoint is not
registered is left out, and so is one that the reader's roles do not open: what the menu shows can
be used.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import current_app, request, url_for

from survey.access.principal import Principal


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the menu. ``text`` is a name in the catalogues; ``roles`` empty means everybody
    who is signed in; ``key`` is what a page calls itself in ``menu="…"``."""

    key: str
    endpoint: str
    text: str
    roles: frozenset[str] = frozenset()
    account: bool = False
    """It belongs to the person and stands beside the name, not among the subjects."""


@dataclass(frozen=True, slots=True)
class Link:
    """A line of the menu for one reader. ``current`` is the value of ``aria-current``, or ''."""

    key: str
    text: str
    address: str
    current: str
    account: bool


_STAFF = frozenset({"staff"})

ENTRIES = (
    Entry("units", "unit.mine", "base.my_units", frozenset({"manager"})),
    Entry("staff", "staff.overview", "base.staff_pages", _STAFF),
    Entry("organisation", "organisation.show", "base.menu_organisation", _STAFF),
    Entry("people", "persons.show", "base.menu_people", _STAFF),
    Entry("keys", "keys.show", "base.menu_keys", _STAFF),
    Entry("events", "events.show", "base.menu_events", frozenset({"staff", "auditor"})),
    Entry("account", "account.show", "base.menu_account", account=True),
)


def links(who: Principal | None, current: str = "") -> tuple[Link, ...]:
    """The menu of ``who``, in order; ``current`` is the key that the page calls itself.

    Whoever has no role yet gets the list of units, which tells what to do.
    """
    if who is None:
        return ()
    roles = who.roles or frozenset({"manager"})
    return tuple(
        _link(entry, who, current)
        for entry in ENTRIES
        if entry.endpoint in current_app.view_functions and (not entry.roles or entry.roles & roles)
    )


def _link(entry: Entry, who: Principal, current: str) -> Link:
    address = url_for(entry.endpoint, **_place(entry.endpoint, who))
    here = "page" if request.path == address else "true" if entry.key == current else ""
    return Link(entry.key, entry.text, address, here, entry.account)


def _place(endpoint: str, who: Principal) -> dict[str, Any]:
    """The organisation, where the address has one."""
    rules = current_app.url_map.iter_rules(endpoint)
    return {"org": who.organisation_code} if any("org" in r.arguments for r in rules) else {}
