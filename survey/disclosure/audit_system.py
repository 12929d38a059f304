"""Equations over hidden numbers, for the auditor: what follows from everything ever printed.

Written without a look at the code that suppresses. An *atom* is the smallest group that any
tabulation keeps apart: the direct answers of one node. A printed number is an equation (or an
interval, where it is rounded) over atoms.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.linalg import qr
from scipy.optimize import linprog
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from survey.disclosure.model import Cell, FloatArray, IntArray, Node, Tabulation

Extract = Callable[[Cell], "tuple[float, float] | None"]
TINY = 1e-7


@dataclass(frozen=True)
class Place:
    """A cell of a tabulation: its atoms (V,) and what is printed of it; a kind has no node."""

    name: str
    atoms: FloatArray
    cell: Cell | None


class Atlas:
    """All atoms and all cells of several tabulations of the same answers."""

    def __init__(self, tabulations: Sequence[Tabulation]) -> None:
        names = sorted({node.id for one in tabulations for node in one.nodes})
        self.names = names
        self.at = {name: place for place, name in enumerate(names)}
        self.places: list[Place] = []
        for one in tabulations:
            members = self._members(one.nodes)
            for node in one.nodes:
                self.places.append(
                    Place(node.id, members[node.id], one.protected.cells.get(node.id))
                )
            for kind, cell in one.protected.kinds.items():
                inside = [members[node.id] for node in one.nodes if node.kind == kind]
                self.places.append(Place(f"kind {kind}", np.max(inside, axis=0), cell))

    def _members(self, nodes: Sequence[Node]) -> dict[str, FloatArray]:
        above = {node.id: node.parent for node in nodes}
        members = {node.id: np.zeros(len(self.names)) for node in nodes}
        for node in nodes:
            up: str | None = node.id
            while up is not None:
                members[up][self.at[node.id]] = 1.0
                up = above[up]
        return members


class System:
    """The equations of one statistic.

    rows (R, V): atoms of each printed cell; low, high (R,): its printed value. size (V,): people in
    each atom; atoms of nobody are left out. Atoms that are always together form a *group*; a group
    is known when its unit vector lies in the row space (rank test).
    """

    cache: dict[bytes, tuple[FloatArray, FloatArray]]

    def __init__(
        self,
        rows: FloatArray,
        low: FloatArray,
        high: FloatArray,
        size: FloatArray,
        cache: dict[bytes, tuple[FloatArray, FloatArray]],
    ) -> None:
        self.size = size
        self.some = size > 0.5
        self.group = np.full(len(size), -1, dtype=np.int64)
        inside = np.flatnonzero(self.some)
        column: dict[bytes, int] = {}
        for atom, key in zip(inside.tolist(), _columns(rows[:, inside]), strict=True):
            self.group[atom] = column.setdefault(key, len(column))
        first = [int(np.flatnonzero(self.group == g)[0]) for g in range(len(column))]
        self.matrix = rows[:, first].reshape(len(rows), len(first))
        self.low, self.high = low, high
        self.people = np.bincount(
            self.group[inside], weights=size[inside], minlength=len(column)
        ).astype(np.float64)
        self._solve(cache)

    def _solve(self, cache: dict[bytes, tuple[FloatArray, FloatArray]]) -> None:
        key = repr(self.matrix.shape).encode() + np.packbits(self.matrix > 0).tobytes()
        if key not in cache:
            cache[key] = _inverse(self.matrix)
        inverse, self.projection = cache[key]
        middle, half = (self.low + self.high) / 2, (self.high - self.low) / 2
        value, slack = inverse @ middle, np.abs(np.where(np.abs(inverse) < TINY, 0, inverse)) @ half
        self.value_low, self.value_high = value - slack, value + slack
        width = self.matrix.shape[1]
        self.known = np.abs(self.projection - np.eye(width)).max(axis=1, initial=0.0) < TINY

    def share(self, atoms: FloatArray) -> FloatArray:
        """How much of each group (G,), by people, belongs to a set of atoms (V,)."""
        inside = self.some & (atoms > 0.5)
        mine = np.bincount(self.group[inside], weights=self.size[inside], minlength=len(self.known))
        return np.asarray(mine / np.maximum(self.people, 1e-12))

    def determined(self, atoms: FloatArray) -> tuple[float, float] | None:
        """The interval that the rank test gives for a set of atoms, None when it gives nothing."""
        share = self.share(atoms)
        if not len(share) or ((share > TINY) & (share < 1 - TINY)).any():
            return None
        if np.abs(share @ self.projection - share).max() > TINY:
            return None
        return float(share @ self.value_low), float(share @ self.value_high)

    def pieces(self, atoms: FloatArray) -> Iterator[tuple[int, float]]:
        """The groups that a set of atoms has people in, with how many."""
        share = self.share(atoms)
        for group in np.flatnonzero(share > TINY).tolist():
            yield group, float(share[group] * self.people[group])

    def bounds(
        self, atoms: FloatArray, top: float, extra: Sequence[tuple[FloatArray, float, float]] = ()
    ) -> tuple[float, float]:
        """Least and greatest total of a set of atoms, each person between 0 and ``top``.

        Closed form where every group that the set touches is known and no ``extra`` interval
        (atoms, low, high) touches them; else two linear programmes over the connected part.
        """
        pieces = list(self.pieces(atoms))
        touched = [group for group, _ in pieces]
        near = [one for one in extra if (self.share(one[0])[touched] > TINY).any()]
        if near or not self.known[touched].all():
            simple = self._one_group(atoms, top, near, touched)
            return simple or self._programmes(atoms, top, near, touched)
        low = high = 0.0
        for group, people in pieces:
            rest = self.people[group] - people
            low += max(0.0, self.value_low[group] - top * rest)
            high += min(top * people, self.value_high[group])
        return low, high

    def _one_group(
        self,
        atoms: FloatArray,
        top: float,
        extra: Sequence[tuple[FloatArray, float, float]],
        touched: Sequence[int],
    ) -> tuple[float, float] | None:
        """Closed form inside one known group whose ``extra`` sets do not overlap; else None."""
        if len(touched) != 1 or not self.known[touched[0]]:
            return None
        group = self.group == touched[0]
        people = float(self.size @ atoms)
        least, most, others_low, others_high = 0.0, top * people, 0.0, 0.0
        rest = group & (atoms < 0.5)
        for members, low, high in extra:
            inside = (members > 0.5) & self.some
            if np.array_equal(inside, (atoms > 0.5) & self.some):
                least, most = max(least, low), min(most, high)
                continue
            if (inside & ~rest).any():
                return None
            rest = rest & ~inside
            others_low, others_high = others_low + low, others_high + high
        others_high += top * float(self.size @ rest)
        low, high = (
            self.value_low[touched[0]] - others_high,
            self.value_high[touched[0]] - others_low,
        )
        return max(least, float(low)), min(most, float(high))

    def _programmes(
        self,
        atoms: FloatArray,
        top: float,
        extra: Sequence[tuple[FloatArray, float, float]],
        touched: Sequence[int],
    ) -> tuple[float, float]:
        part = self._part(touched, extra)
        inside = np.flatnonzero(self.some & np.isin(self.group, list(part)))
        sets = np.unique(
            np.vstack([self.group[inside], atoms[inside], *(one[0][inside] for one in extra)]),
            axis=1,
            return_inverse=True,
        )[1].ravel()
        width = int(sets.max()) + 1
        count = np.bincount(sets, weights=self.size[inside], minlength=width)
        lines, low, high = [], [], []

        def add(members: FloatArray, least: float, most: float) -> None:
            line = np.zeros(width)
            line[sets[members[inside] > 0.5]] = 1
            lines.append(line)
            low.append(least)
            high.append(most)

        for group in part:
            if self.known[group]:
                member = (self.group == group).astype(np.float64)
                add(member, self.value_low[group], self.value_high[group])
        undetermined = [g for g in part if not self.known[g]]
        for row in np.flatnonzero(self.matrix[:, undetermined].any(axis=1)).tolist():
            fixed = (self.matrix[row] > 0.5) & ~np.isin(np.arange(len(self.known)), list(part))
            member = np.isin(self.group, np.flatnonzero(self.matrix[row] > 0.5)).astype(np.float64)
            add(
                member,
                self.low[row] - self.value_high[fixed].sum(),
                self.high[row] - self.value_low[fixed].sum(),
            )
        for member, least, most in extra:
            add(member, least, most)
        goal = np.zeros(width)
        goal[sets[atoms[inside] > 0.5]] = 1
        if not lines:
            return 0.0, top * float(goal @ count)
        limits = np.column_stack([np.zeros(width), top * count])
        return _extremes(goal, np.array(lines), np.array(low), np.array(high), limits)

    def _part(
        self, touched: Sequence[int], extra: Sequence[tuple[FloatArray, float, float]]
    ) -> set[int]:
        """Groups connected with the touched ones through unknown groups or extra intervals."""
        lines = [self.matrix * ~self.known]
        lines += [self.share(one[0])[None, :] for one in extra]
        links = np.vstack(lines) > TINY
        size = links.shape[1]
        row, column = np.nonzero(links)
        total = size + links.shape[0]
        graph = csr_array((np.ones(len(row)), (size + row, column)), shape=(total, total))
        label = connected_components(graph, directed=False)[1][:size]
        return set(np.flatnonzero(np.isin(label, label[list(touched)])).tolist())


def _inverse(matrix: FloatArray) -> tuple[FloatArray, FloatArray]:
    """A left inverse (G, R) as far as there is one, and the projection (G, G) on the row space.

    With full column rank from G independent rows (pivoted QR), which is the rule in a tree and far
    faster; else the pseudo-inverse (SVD).
    """
    rows, width = matrix.shape
    if not matrix.size:
        return matrix.T, np.zeros((width, width))
    if rows >= width:
        pivots = qr(matrix.T, mode="r", pivoting=True)[1][:width]
        try:
            square = np.linalg.inv(matrix[pivots])
        except np.linalg.LinAlgError:
            square = np.zeros((width, width))
        if np.abs(square @ matrix[pivots] - np.eye(width)).max() < TINY:
            inverse = np.zeros((width, rows))
            inverse[:, pivots] = square
            return inverse, np.eye(width)
    pseudo = np.linalg.pinv(matrix)
    return np.asarray(pseudo), np.asarray(pseudo @ matrix)


def _columns(rows: FloatArray) -> list[bytes]:
    packed = np.packbits(rows.T > 0.5, axis=1)
    return [line.tobytes() for line in packed]


def _extremes(
    goal: FloatArray, lines: FloatArray, low: FloatArray, high: FloatArray, limits: FloatArray
) -> tuple[float, float]:
    """Least and greatest goal @ x with low <= lines @ x <= high, x within limits (HiGHS)."""
    found: list[float] = []
    for sign in (1.0, -1.0):
        answer = linprog(
            sign * goal,
            A_ub=np.vstack([lines, -lines]),
            b_ub=np.concatenate([high + TINY, TINY - low]),
            bounds=list(zip(limits[:, 0].tolist(), limits[:, 1].tolist(), strict=True)),
            method="highs",
        )
        # No solution: the printed numbers contradict each other, so nothing follows from them.
        found.append(
            sign * float(answer.fun or 0.0)
            if answer.status == 0
            else (0.0, float(goal @ limits[:, 1]))[sign < 0]
        )
    return found[0], found[1]


def system(
    places: Sequence[Place],
    extract: Extract,
    size: FloatArray,
    cache: dict[bytes, tuple[FloatArray, FloatArray]],
) -> System:
    """The equations that ``extract`` reads from the printed cells."""
    rows, low, high = [], [], []
    for place in places:
        read = None if place.cell is None else extract(place.cell)
        if read is not None:
            rows.append(place.atoms)
            low.append(read[0])
            high.append(read[1])
    shape = (len(rows), len(size))
    return System(np.array(rows).reshape(shape), np.array(low), np.array(high), size, cache)


def histograms(people: int, options: int) -> IntArray:
    """All ways (H, options) in which people spread over options: C(people+options-1, options-1)."""
    if options == 1:
        return np.full((1, 1), people, dtype=np.int64)
    blocks = []
    for first in range(people + 1):
        rest = histograms(people - first, options - 1)
        blocks.append(np.column_stack([np.full(len(rest), first), rest]))
    return np.concatenate(blocks)
