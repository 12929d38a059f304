"""Which whole numbers fit sums along a tree. Exact, and knows no product.

Every node has a number of its own, and some nodes tell something of the sum of everybody below
them. Going up, the sums that can be; going down, which of the own numbers these leave. A set of
numbers is a Python integer, bit n for the number n.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

ZERO = 1
"""The set of nothing but 0."""


class Contradiction(AssertionError):
    """Printed numbers that cannot all be true."""


def numbers(values: Iterable[int]) -> int:
    """The set of these numbers."""
    found = 0
    for value in values:
        found |= 1 << value
    return found


def span(low: int, high: int) -> int:
    """The set low..high."""
    low = max(low, 0)
    return ((1 << (high - low + 1)) - 1) << low if high >= low else 0


def members(found: int) -> Iterator[int]:
    """The numbers of a set, the least first."""
    while found:
        low = found & -found
        yield low.bit_length() - 1
        found ^= low


def ends(found: int) -> tuple[int, int]:
    """The least and greatest number of a set."""
    return (found & -found).bit_length() - 1, found.bit_length() - 1


def plus(one: int, other: int) -> int:
    """Every sum of a number of each."""
    few, many = sorted((one, other), key=int.bit_count)
    found = 0
    for value in members(few):
        found |= many << value
    return found


def minus(whole: int, part: int) -> int:
    """Every difference, not below 0, of a number of each."""
    found = 0
    for value in members(part):
        found |= whole >> value
    return found


@dataclass(frozen=True)
class Fitting:
    """What fits: each node's own numbers, and the sums of everybody at and below it."""

    own: Mapping[str, int]
    whole: Mapping[str, int]


def fitting(
    parent: Mapping[str, str | None], own: Mapping[str, int], told: Mapping[str, int]
) -> Fitting:
    """Solve: ``own`` are the numbers that a node may have (0 where it is missing), ``told`` the
    sums that a node's page leaves open. Raises Contradiction when nothing fits."""
    below: dict[str | None, list[str]] = {}
    for node, up in parent.items():
        below.setdefault(up, []).append(node)
    order: list[str] = []
    waiting = list(below.get(None, []))
    while waiting:
        node = waiting.pop()
        order.append(node)
        waiting.extend(below.get(node, []))
    can: dict[str, int] = {}
    for node in reversed(order):
        total = own.get(node, ZERO)
        for child in below.get(node, []):
            total = plus(total, can[child])
        can[node] = total & told[node] if node in told else total
        if not can[node]:
            raise Contradiction(f"no numbers fit what is printed at and below {node}")
    found: dict[str, int] = {}
    whole = {node: can[node] for node in below.get(None, [])}
    for node in order:
        parts = {f"own {node}": own.get(node, ZERO)}
        parts |= {child: can[child] for child in below.get(node, [])}
        for name, narrowed in _narrowed(parts, whole[node]).items():
            if name.startswith("own "):
                found[node] = narrowed
            else:
                whole[name] = narrowed
    return Fitting(found, whole)


def _narrowed(parts: Mapping[str, int], total: int) -> dict[str, int]:
    """Of each part the numbers with which the others can reach the total."""
    names = list(parts)
    before = [ZERO]
    for name in names[:-1]:
        before.append(plus(before[-1], parts[name]))
    found, after = {}, ZERO
    for place in range(len(names) - 1, -1, -1):
        name = names[place]
        found[name] = parts[name] & minus(total, plus(before[place], after))
        after = plus(after, parts[name])
    return found
