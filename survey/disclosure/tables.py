"""The measured table in the tree's order, with the features that the rules judge groups by."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from survey.disclosure import rules
from survey.disclosure.model import FloatArray, IntArray, Measured, Node
from survey.disclosure.tree import Tree
from survey.errors import Fault, InvalidInput


class Table:
    """Subtree totals (V, ...) with rows in the tree's order; feature arrays for every statistic.

    Raises InvalidInput when tree and table do not belong together or a total is below its parts.
    """

    def __init__(self, measured: Measured, nodes: Sequence[Node], k: int) -> None:
        self.tree, self.k, self.measured = Tree(nodes), k, measured
        _check(measured, self.tree)
        where = {name: row for row, name in enumerate(measured.nodes)}
        row = np.array([where[node.id] for node in self.tree.nodes], dtype=np.int64)
        self.n: IntArray = measured.n[row]
        self.index_n, self.index_sum = measured.index_n[row], measured.index_sum[row]
        self.index_sumsq = measured.index_sumsq[row]
        self.counts = [table[row] for table in measured.counts]
        items, options = bool(measured.items), bool(measured.options)
        empty = np.zeros((len(row), 0), dtype=np.int64)
        self.not_applicable = measured.not_applicable[row] if items else empty
        self.shown = measured.shown[row] if options else empty
        self.ticked = measured.ticked[row] if options else empty
        self.printed = np.array([node.printed for node in self.tree.nodes])
        self._pieces(self.n)

    def _pieces(self, n: IntArray) -> tuple[FloatArray, FloatArray]:
        """Subtree totals (V,) of how many direct groups there are, and how many are below k."""
        own = self.tree.direct(n)
        if (own < 0).any():
            bad = [self.tree.nodes[v].id for v in np.flatnonzero(own < 0)]
            raise InvalidInput(
                "A total is less than its parts.",
                [
                    Fault(f"node {name}", "has fewer answers than the nodes below it")
                    for name in bad
                ],
            )
        some = self.tree.accumulate((own > 0).astype(np.float64))
        few = self.tree.accumulate(((own > 0) & (own < self.k)).astype(np.float64))
        return some, few

    def _scored(self, i: int) -> list[int]:
        """Steps (A-1) of the items that an index is made of."""
        name = self.measured.indices[i]
        return [item.options - 1 for item in self.measured.items if item.within(name)]

    def parts(self) -> list[int]:
        """Places (in ``indices``) of the overall index and the dimensions that it is made of."""
        outside = {item.dimension for item in self.measured.items if not item.overall}
        return [i for i, name in enumerate(self.measured.indices) if name not in outside]

    def reach(self, i: int) -> float:
        """How near the end an index may be told, in points times people (see `rules.margin`)."""
        steps = self._scored(i)
        return 200.0 * max(steps) / sum(steps) if steps else 0.0

    def least(self, i: int) -> int:
        """From how many answers an index may be told.

        The mean of one item says exactly how its answers are spread unless rounding protects it:
        n·J·(A-1) > 100.
        """
        steps = self._scored(i)
        return max(self.k, 100 // steps[0] + 1) if len(steps) == 1 else self.k

    def people(self) -> FloatArray:
        """Features (V, 1): n."""
        return self.n[:, None].astype(np.float64)

    def index(self, i: int) -> FloatArray:
        """Features (V, 4): n, sum, atoms, small."""
        n = self.index_n[:, i]
        columns = [n, self.index_sum[:, i], *self._pieces(n)]
        return np.column_stack(columns).astype(np.float64)

    def spread(self, i: int) -> FloatArray:
        """Features (V, 5): n, sum, sum of squares, atoms, small."""
        n = self.index_n[:, i]
        columns = [n, self.index_sum[:, i], self.index_sumsq[:, i], *self._pieces(n)]
        return np.column_stack(columns).astype(np.float64)

    def item(self, j: int) -> FloatArray:
        """Features (V, 1): valid answers of the item."""
        return np.asarray(self.counts[j].sum(axis=1)[:, None], dtype=np.float64)

    def boundary(self, j: int, i: int) -> FloatArray:
        """Features (V, 4): valid answers, those below boundary i, atoms, tiny."""
        n = self.counts[j].sum(axis=1)
        return self._share(n, self.counts[j][:, :i].sum(axis=1))

    def missing(self, j: int) -> FloatArray:
        """Features (V, 4): respondents, those who said "vet ikke", atoms, tiny."""
        return self._share(self.n, self.not_applicable[:, j])

    def option(self, m: int) -> FloatArray:
        """Features (V, 4): who were shown the question and answered, who ticked, atoms, tiny."""
        return self._share(self.shown[:, m], self.ticked[:, m])

    def _share(self, n: IntArray, count: NDArray[np.int64]) -> FloatArray:
        own = self.tree.direct(n)
        tiny = self.tree.accumulate(np.where(own < rules.LEAST, own, 0))
        columns = [n, count, self._pieces(n)[0], tiny]
        return np.asarray(np.column_stack(columns), dtype=np.float64)


def _check(measured: Measured, tree: Tree) -> None:
    ids, known = set(measured.nodes), set(tree.at)
    faults = [Fault(f"node {name}", "is in the table, not in the tree") for name in ids - known]
    faults += [Fault(f"node {name}", "is in the tree, not in the table") for name in known - ids]
    if len(measured.nodes) != len(ids):
        faults.append(Fault("table", "a node occurs twice"))
    rows = len(measured.nodes)
    shapes = {
        "n": (measured.n.shape, (rows,)),
        "index_n": (measured.index_n.shape, (rows, len(measured.indices))),
        "index_sum": (measured.index_sum.shape, (rows, len(measured.indices))),
        "index_sumsq": (measured.index_sumsq.shape, (rows, len(measured.indices))),
    }
    if measured.items:
        shapes["not_applicable"] = (measured.not_applicable.shape, (rows, len(measured.items)))
    if measured.options:
        shapes["shown"] = (measured.shown.shape, (rows, len(measured.options)))
        shapes["ticked"] = (measured.ticked.shape, (rows, len(measured.options)))
    for item, table in zip(measured.items, measured.counts, strict=True):
        shapes[f"counts of {item.id}"] = (table.shape, (rows, item.options))
    faults += [
        Fault(name, f"has shape {have}, not {want}")
        for name, (have, want) in shapes.items()
        if have != want
    ]
    if faults:
        raise InvalidInput("Tree and table do not belong together.", sorted(faults, key=str))
