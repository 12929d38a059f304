"""What an open wave gives away: to somebody who asks for everything again and again, and to
somebody who subtracts the day's counts."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from tests.leaks.programme import Programme
from tests.leaks.reading import Json
from tests.leaks.world import Published

STEP = 5
"""To what a unit's count is rounded down."""
TOP_STEP = 10

ALIKE = (
    re.compile(r'name="csrf" value="[^"]*"'),
    re.compile(r'nonce="[^"]*"|nonce-[A-Za-z0-9+/=_-]+'),
)
"""What differs from one answer to the next without anybody having answered."""


def everything(made: Published, ordinal: int) -> dict[str, str]:
    """Every page and resource that staff and their program may read, by address."""
    values: Mapping[str, Any] = {
        "org": made.org,
        "study": "s",
        "ordinal": ordinal,
        "wave": ordinal,
        "unit": "K",
        "line": made.study.instrument_id,
    }
    found = {}
    adapter = made.app.url_map.bind("localhost")
    for rule in made.app.url_map.iter_rules():
        if "GET" not in (rule.methods or ()) or not rule.arguments <= values.keys():
            continue
        if rule.endpoint in ("health.metrics", "static"):
            continue
        address = adapter.build(rule.endpoint, {name: values[name] for name in rule.arguments})
        headers = made.headers if address.startswith("/api/") else {}
        answer = made.client.get(address, headers=headers)
        text = answer.data.decode("utf-8", "backslashreplace")
        for changing in ALIKE:
            text = changing.sub("", text)
        found[address] = f"{answer.status_code} {text}"
    return found


def changed(seen: Sequence[Mapping[str, str]]) -> list[str]:
    """Addresses that said something else when people had answered."""
    first, *later = seen
    return sorted({where for each in later for where in each if each[where] != first.get(where)})


def attack_open(rows: Sequence[Json], k: int, *, step: int = STEP) -> list[str]:
    """Groups of 1 to k-1 people who must have answered exactly so: every unit's own staff, and
    every unit without one or all of those below it."""
    parent = {row["code"]: row["parent_code"] for row in rows if not row["merged_into"]}
    inside = {code: {code} for code in parent}
    for code, above in parent.items():
        while above is not None:
            inside[above].add(code)
            above = parent[above]
    made = Programme()
    for code in parent:
        made.unknown(code, 0, 10_000)
    for row in rows:
        if row["code"] in parent:
            _told(made, row, inside, parent, step)
    asked = {frozenset({code}): f"{code} (own)" for code in parent}
    for code, part in inside.items():
        below = [inside[child] for child in parent if parent[child] == code]
        asked.setdefault(frozenset(part), code)
        for less in (*below, set().union(*below)):
            asked.setdefault(frozenset(part - less), f"{code} without some below it")
    found = []
    for group, name in asked.items():
        terms = dict.fromkeys(group, 1.0)
        for count in range(1, k) if group else ():
            down = dict.fromkeys(group, -1.0)
            if not made.reaches(terms, count + 1) and not made.reaches(down, 1 - count):
                found.append(f"{name}: {count} have answered")
    return found


def _told(
    made: Programme,
    row: Json,
    inside: Mapping[str, set[str]],
    parent: Mapping[str, str | None],
    step: int,
) -> None:
    """A unit's count was rounded down; above units stands the sum of theirs, or, at the top of a
    large municipality, its own."""
    code, answered = row["code"], row["answered"]
    terms = dict.fromkeys(inside[code], 1.0)
    made.bound(terms, 0, row["invited"])
    if answered is None:
        return
    if code not in parent.values():
        made.bound(terms, answered, answered + step - 1)
    elif row["parent_code"] is None:
        leaves = [each for each in inside[code] if each not in parent.values()]
        made.bound(terms, answered, max(answered + TOP_STEP - 1, 10_000 * (len(leaves) < 20)))
