"""Groups of people that somebody may ask about, for the auditor's look at whole dimensions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from survey.disclosure.audit_system import Atlas
from survey.disclosure.model import FloatArray

Atoms = NDArray[np.bool_]
SMALL = 40
"""In trees of so many cells every difference of two cells is looked at, in larger ones those of a
cell and the cells below it."""
TRIPLES = 9
"""Of so many cells in one, every two and three are taken out of it."""


def groups(atlas: Atlas, people: FloatArray, k: int) -> list[tuple[str, Atoms]]:
    """(name, atoms (V,)): atoms, cells, differences of cells, and pairs of small atoms."""
    some = people > 0.5
    found: dict[bytes, tuple[str, Atoms]] = {}
    for name, atoms in _all(atlas, people, k):
        inside = atoms & some
        if inside.any():
            found.setdefault(inside.tobytes(), (name, inside))
    return list(found.values())


def _all(atlas: Atlas, people: FloatArray, k: int) -> Iterator[tuple[str, Atoms]]:
    size = len(atlas.names)
    for name, at in atlas.at.items():
        yield f"{name} (own)", np.arange(size) == at
    cells = {place.atoms.tobytes(): (place.name, place.atoms > 0.5) for place in atlas.places}
    ordered = sorted(cells.values(), key=lambda cell: int(cell[1].sum()))
    yield from ordered
    if len(ordered) <= SMALL:
        yield from _differences(ordered)
    else:
        yield from _levels(ordered)
    near = _neighbours(ordered, size)
    small = np.flatnonzero((people > 0.5) & (people < k - 0.5)).tolist()
    for one, other in combinations(small, 2):
        if len(ordered) <= SMALL or near[one] == near[other]:
            name = f"{atlas.names[one]} (own) + {atlas.names[other]} (own)"
            yield name, (np.arange(size) == one) | (np.arange(size) == other)


def _differences(cells: Sequence[tuple[str, Atoms]]) -> Iterator[tuple[str, Atoms]]:
    for name, inside in cells:
        below = [part for _, part in cells if not (part & ~inside).any() and (inside & ~part).any()]
        for less, part in cells:
            if (part & inside).any() and (inside & ~part).any():
                yield f"{name} - {less}", inside & ~part
        for number in (2, 3) if len(below) <= TRIPLES else ():
            for parts in combinations(below, number):
                yield f"{name} less {number} cells", inside & ~np.logical_or.reduce(parts)


def _levels(cells: Sequence[tuple[str, Atoms]]) -> Iterator[tuple[str, Atoms]]:
    """A cell without each of the largest cells in it, and without all but each of them."""
    for name, inside in cells:
        below = [
            (less, part) for less, part in cells if not (part & ~inside).any() and less != name
        ]
        top = [
            (less, part)
            for less, part in below
            if not any((other & part).sum() == part.sum() < other.sum() for _, other in below)
        ]
        for less, part in top:
            yield f"{name} - {less}", inside & ~part


def _neighbours(cells: Sequence[tuple[str, Atoms]], size: int) -> list[int]:
    """The number of the smallest cell of several atoms that each atom is in."""
    near = [-1] * size
    for number, (_, inside) in enumerate(cells):
        if inside.sum() > 1:
            for atom in np.flatnonzero(inside).tolist():
                if near[atom] < 0:
                    near[atom] = number
    return near
