"""Relations that cross the tree: units of one kind, earlier tabulations, index and dimensions.

Blocks of the tree are rows and blocks of the other tabulation columns of a two-way table whose
entries are people; known row and column sums are an incidence matrix of a bipartite graph, so it is
totally unimodular: every group that can be told apart is a union of "rows touched by a set C of
columns, without C" and "columns C, without the rows that lie wholly in C".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from survey.disclosure import rules
from survey.disclosure.blocks import Blocks
from survey.disclosure.model import (
    OVERALL,
    FloatArray,
    IntArray,
    ItemCell,
    Protected,
    Tabulation,
)
from survey.disclosure.tables import Table
from survey.disclosure.tree import Tree

MANY = 10  # columns of a connected part beyond which every single entry must be fit to publish
UNITS_OF_KIND = 4  # so that each has three others to be compared with


class Crossing:
    """The other tabulations of a wave's answers."""

    def __init__(self, table: Table, earlier: Sequence[Tabulation]) -> None:
        self.table = table
        self.before = [(Tree(one.nodes), told(one.protected)) for one in earlier]

    def columns(self, key: str) -> list[IntArray]:
        """Block of every node's direct answers (V,) in each earlier tabulation of a statistic."""
        found = []
        for tree, shown in self.before:
            cells = shown.get(key, set())
            label = np.full(len(self.table.tree), -1, dtype=np.int64)
            for place, node in enumerate(self.table.tree.nodes):
                at = tree.at.get(node.id, -1)
                while at >= 0 and tree.nodes[at].id not in cells:
                    at = tree.parent[at]
                label[place] = at
            found.append(label)
        return found

    def hide_one(self, key: str, blocks: Blocks) -> bool:
        """Hide one cell if an earlier tabulation together with this one tells a group apart."""
        own = self.table.tree.direct(blocks.total)
        for column in self.columns(key):
            rows = blocks.labels()
            for group, part in groups(rows, column, own[:, 0] > 0.5):
                block = column[group].max()
                alone = block >= 0 and np.array_equal(group, (own[:, 0] > 0.5) & (column == block))
                if alone or blocks.fine(own[group].sum(axis=0)):
                    continue  # what an earlier release tells alone cannot be taken back
                tops = sorted({int(t) for t in rows[part]} - {-1})
                if tops:
                    blocks.hide(min(tops, key=lambda t: (blocks.weight[t], t)))
                    blocks.first[:] = blocks.shown
                    return True
        return False

    def kinds(
        self, stats: Mapping[str, Blocks], indices: Sequence[str], secondary: bool
    ) -> dict[str, NDArray[np.bool_]]:
        """Kinds that may be printed, largest first: direct answers (V,) that each consists of."""
        members = self._members()
        keys = ["n", *(f"index:{name}" for name in indices)]
        column = np.full(len(self.table.tree), -1, dtype=np.int64)
        found: dict[str, NDArray[np.bool_]] = {}
        own = {key: self.table.tree.direct(stats[key].total) for key in keys}
        size = {kind: own["n"][mine, 0].sum() for kind, mine in members.items()}
        for kind in sorted(members, key=lambda kind: (-size[kind], kind)):
            mine = members[kind]
            tried = np.where(mine, len(found), column)
            fit = all(stats[key].fine(own[key][mine].sum(axis=0) * _plain(key)) for key in keys)
            if secondary:
                fit = fit and all(self._apart(stats[key], tried, key, own[key]) for key in keys)
            if fit:
                column, found[kind] = tried, mine
        return found

    def _apart(self, blocks: Blocks, column: IntArray, key: str, own: FloatArray) -> bool:
        rows = self._overlaps(key, blocks.labels())
        some = own[:, 0] > 0.5
        return all(blocks.fine(own[g].sum(axis=0)) for g, _ in groups(rows, column, some))

    def _members(self) -> dict[str, NDArray[np.bool_]]:
        """Direct answers of each kind's units and all below them; kinds that nest are left out."""
        tree, n = self.table.tree, self.table.n
        members: dict[str, NDArray[np.bool_]] = {}
        units: dict[str, int] = {}
        nested: set[str] = set()
        for place, node in enumerate(tree.nodes):
            if not node.kind:
                continue
            mine = members.setdefault(node.kind, np.zeros(len(tree), dtype=np.bool_))
            mine[tree.subtree(place)] = True
            units[node.kind] = units.get(node.kind, 0) + int(n[place] >= self.table.k)
            inside = {tree.nodes[below].kind for below in tree.subtree(place)} - {"", node.kind}
            nested |= {node.kind} if inside else set()
        return {
            kind: mine
            for kind, mine in members.items()
            if units[kind] >= UNITS_OF_KIND and kind not in nested
        }

    def _overlaps(self, key: str, rows: IntArray) -> IntArray:
        """Blocks of today cut by the blocks of every earlier tabulation; -1 in none of them."""
        for before in self.columns(key):
            both = np.stack([rows, before])
            known = both.max(axis=0) >= 0
            rows = np.where(known, np.unique(both, axis=1, return_inverse=True)[1].ravel(), -1)
        return rows

    def joint(
        self,
        pair: Mapping[str, Blocks],
        features: FloatArray,
        count: IntArray,
        fine: Callable[[FloatArray, float], bool],
    ) -> NDArray[np.bool_] | None:
        """The first smallest group known in both statistics for which ``count`` may not be told.

        What an earlier release knows of either counts too, as if every overlap of its blocks with
        today's were known (more than is), but not where it tells the group alone.
        """
        tree = self.table.tree
        own, part = tree.direct(features), tree.direct(count)
        some = own[:, 0] > 0.5
        today = [blocks.labels() for blocks in pair.values()]
        label, known = _join(
            [self._overlaps(key, one) for key, one in zip(pair, today, strict=True)], some
        )
        size = int(label.max(initial=-1)) + 1
        sums = np.zeros((size, own.shape[1]))
        np.add.at(sums, label[some], own[some])
        counts = np.bincount(label[some], weights=part[some], minlength=size)
        doubtful = (counts < rules.LEAST) | (counts > sums[:, 0] - 1.5)
        for group in np.flatnonzero(doubtful & known).tolist():
            mine = np.asarray(some & (label == group))
            told = max(int(one[mine].max()) for one in today) >= 0
            if told and not fine(sums[group], float(counts[group])):
                return mine
        return None

    def hide_mixed(
        self, stats: Mapping[str, Blocks], names: Sequence[str], settle: Callable[[str], None]
    ) -> bool:
        """Overall = mean of dimensions, over several cells: none may follow from the others."""
        tree = self.table.tree
        labels = np.stack([stats[name].labels() for name in names])
        some = self.table.tree.direct(self.table.n) > 0
        part, _ = _join(list(labels), some)
        shown = np.stack([stats[name].shown for name in names])
        some_shown, all_shown = shown.max(axis=0), shown.min(axis=0)
        for one in range(int(part.max(initial=-1)) + 1):
            atoms = np.flatnonzero(some & (part == one))
            if (labels[:, atoms] == labels[:1, atoms]).all():
                continue
            if self._open(stats, names, labels[:, atoms], atoms):
                continue
            near = {
                up
                for a in atoms.tolist()
                for up in _upwards(tree, a)
                if some_shown[up] and not all_shown[up]
            }
            place = min(near, key=lambda v: (int(self.table.n[v]), v))
            for name in names:
                if stats[name].shown[place]:
                    stats[name].hide(place)
                stats[name].first[:] = stats[name].shown
                settle(name)
            return True
        return False

    def _open(
        self,
        stats: Mapping[str, Blocks],
        names: Sequence[str],
        labels: IntArray,
        atoms: IntArray,
    ) -> bool:
        """Is no group's score in a dimension determined that may not be published?"""
        dims = [i for i, name in enumerate(names) if name != f"index:{OVERALL}"]
        kinds, group = np.unique(labels, axis=1, return_inverse=True)
        group, width = group.ravel(), kinds.shape[1]
        rows = []
        for i in range(len(names)):
            touched = range(len(dims)) if i not in dims else [dims.index(i)]
            for block in sorted({int(b) for b in kinds[i]} - {-1}):
                row = np.zeros((len(dims), width))
                row[list(touched)] = kinds[i] == block
                rows.append(row.ravel())
        determined = _determined(np.array(rows).reshape(len(rows), len(dims) * width))
        for at in np.flatnonzero(determined).tolist():
            blocks = stats[names[dims[at // width]]]
            own = blocks.tree.direct(blocks.total)[atoms[group == at % width]]
            if not blocks.fine(own.sum(axis=0)):
                return False
        return True


def _plain(key: str) -> FloatArray | float:
    """A kind as a whole is one published cell: what it is made of is judged by `groups`."""
    return 1.0 if key == "n" else np.array([1.0, 1.0, 1.0, 0.0])


def _upwards(tree: Tree, place: int) -> Iterator[int]:
    while place >= 0:
        yield place
        place = tree.parent[place]


def _determined(matrix: FloatArray) -> NDArray[np.bool_]:
    """Which unknowns (columns) have one value only, whatever the right-hand side (SVD)."""
    if not len(matrix):
        return np.zeros(matrix.shape[1], dtype=np.bool_)
    _, size, right = np.linalg.svd(matrix, full_matrices=False)
    basis = right[size > 1e-9 * max(matrix.shape) * max(size.max(initial=0.0), 1.0)]
    return np.asarray((basis**2).sum(axis=0) > 1 - 1e-7)


def _join(
    labels: Sequence[IntArray], some: NDArray[np.bool_]
) -> tuple[IntArray, NDArray[np.bool_]]:
    """Finest groups that are unions of blocks in every one of several partitions.

    Returns the group of each node (V,), -1 where there is nobody, and for each group whether all
    its people are in a block of every partition.
    """
    atoms = np.flatnonzero(some)
    size = len(some)
    ends, starts = [], []
    for number, label in enumerate(labels):
        inside = atoms[label[atoms] >= 0]
        starts.append(inside)
        ends.append(size * (number + 1) + label[inside])
    start, end = np.concatenate(starts), np.concatenate(ends)
    width = size * (len(labels) + 1)
    graph = coo_array((np.ones(len(start)), (start, end)), shape=(width, width))
    whole = connected_components(graph, directed=False)[1][:size]
    group = np.full(size, -1, dtype=np.int64)
    group[atoms] = np.unique(whole[atoms], return_inverse=True)[1]
    known = np.ones(int(group.max(initial=-1)) + 1, dtype=np.bool_)
    for label in labels:
        known[group[atoms[label[atoms] < 0]]] = False
    return group, known


def groups(
    rows: IntArray, columns: IntArray, some: NDArray[np.bool_]
) -> Iterator[tuple[NDArray[np.bool_], NDArray[np.bool_]]]:
    """Smallest groups (V,) that two tabulations together tell apart; -1 is "in no known block".

    With each, the connected part (V,) of the two tabulations that it follows from.
    """
    part, _ = _join([rows, columns], some)
    for one in range(int(part.max(initial=-1)) + 1):
        mine = some & (part == one)
        inside = sorted({int(c) for c in columns[mine]} - {-1})
        if not inside or (len({int(r) for r in rows[mine]}) == 1 and (columns[mine] >= 0).all()):
            if len(inside) != 1:
                yield from ((entry, mine) for entry in _entries(rows, columns, mine))
            continue
        if len(inside) > MANY:
            yield from ((entry, mine) for entry in _entries(rows, columns, mine))
            continue
        for chosen in range(1, 1 << len(inside)):
            taken = mine & np.isin(columns, [c for i, c in enumerate(inside) if chosen >> i & 1])
            touched = set(rows[taken].tolist())
            if -1 not in touched:
                rest = mine & np.isin(rows, list(touched)) & ~taken
                if rest.any():
                    yield rest, mine
            outside = set(rows[mine & ~taken].tolist()) | {-1}
            rest = taken & np.isin(rows, list(outside))
            if rest.any():
                yield rest, mine


def _entries(
    rows: IntArray, columns: IntArray, mine: NDArray[np.bool_]
) -> Iterator[NDArray[np.bool_]]:
    """Every single entry of the two-way table: more than can be told apart, so always safe."""
    for row, column in sorted(
        {(int(r), int(c)) for r, c in zip(rows[mine], columns[mine], strict=True)}
    ):
        if row >= 0 or column >= 0:
            yield mine & (rows == row) & (columns == column)


def told(protected: Protected) -> dict[str, set[str]]:
    """Which cells of a release print a statistic, by the keys of the log.

    One that prints as a bound counts as told: it nearly is.
    """
    shown: dict[str, set[str]] = {"n": set()}
    for cell in protected.cells.values():
        keys = ["n"] if cell.n is not None else []
        for name, index in cell.index.items():
            keys += [f"index:{name}"] if index.value is not None else []
            keys += [f"spread:{name}"] if index.spread else []
        for name, item in cell.items.items():
            keys += [f"item:{name}"] if item.n is not None else []
            keys += [f"missing:{name}"] if item.not_applicable is not None else []
            keys += [f"item:{name}/{i}" for i in _edges(item)]
        keys += [f"option:{name}" for name, o in cell.options.items() if o.shown is not None]
        for key in keys:
            shown.setdefault(key, set()).add(cell.id)
    return shown


def _edges(item: ItemCell) -> set[int]:
    """Boundaries between options below which an item's count is printed or follows."""
    shares = [s for s in (item.unfavourable, item.neutral, item.favourable) if s is not None]
    if any(share.at_least_90 for share in [*shares, *item.distribution]):
        return {o for s in [*shares, *item.distribution] for o in s.options} - {0}
    known = {0}
    told = [s for s in [*shares, *item.distribution] if s.count is not None and s.options]
    top = 1 + max((o for s in [*shares, *item.distribution] for o in s.options), default=0)
    known.add(top)
    again = True
    while again:
        before = len(known)
        for share in told:
            low, high = share.options[0], share.options[-1] + 1
            if low in known or high in known:
                known |= {low, high}
        again = len(known) > before
    return known - {0, top}
