"""What is done when the auditor finds something that the engine left open: more is hidden.

The auditor knows nothing of the engine, and may follow an inference that the engine does not. A
wave must not become unpublishable by that, so the statistic that was exposed is withheld around the
exposed cell, then everywhere below the root, then everywhere, until the auditor finds nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from survey.disclosure.auditor import AuditReport, audit
from survey.disclosure.loosening import loosened
from survey.disclosure.model import (
    Cell,
    Hidden,
    IndexCell,
    Item,
    ItemCell,
    Measured,
    Node,
    OptionCell,
    Protected,
    Tabulation,
)

NEAR_ROUNDS = 4
"""Rounds that hide around the exposed cells only, before a statistic is hidden everywhere."""
JOINT_ROUNDS = 4
"""So often both looks follow each other: what one hides, the other looks at again."""
_OWN = " (own)"


def cleared(
    protected: Protected, measured: Measured, nodes: Sequence[Node]
) -> tuple[Protected, AuditReport]:
    """Withhold more until the auditor finds nothing; the report is the last one.

    It fails only when a number of answers itself is exposed, which no statistic can mend.
    """
    protected, report = _one_by_one(protected, measured, nodes, measured.items)
    examined = {**report.examined, "programmes": 0}
    for _ in range(JOINT_ROUNDS):
        if not report.passed:
            break
        more = loosened(protected, measured, nodes)
        examined["programmes"] += more.programmes
        wider = more.protected
        if more.exposures:
            exposed = {(each.cell.split(" ")[0], each.statistic) for each in more.exposures}
            wider = withhold(wider, nodes, exposed, 2)
        report = replace(report, exposures=more.exposures)
        if wider == protected:
            break
        touched = _touched(protected, wider, measured.items)
        protected, report = _one_by_one(wider, measured, nodes, touched)
        if protected == wider and not more.exposures:
            break
    else:
        last = loosened(protected, measured, nodes)
        if last.protected != protected:
            touched = _touched(protected, last.protected, measured.items)
            protected, report = last.protected, _audited(last.protected, measured, nodes, touched)
        examined["programmes"] += last.programmes
        report = replace(report, exposures=(*report.exposures, *last.exposures))
    return protected, replace(report, examined=examined)


def _touched(before: Protected, after: Protected, items: Sequence[Item]) -> list[Item]:
    """The items of dimensions of which something else is printed."""

    def printed(protected: Protected, name: str) -> list[object]:
        mine = [item.id for item in items if item.dimension == name]
        every = [*protected.cells.values(), *protected.kinds.values()]
        return [(cell.index.get(name), *(cell.items.get(one) for one in mine)) for cell in every]

    names = dict.fromkeys(item.dimension for item in items)
    touched = {name for name in names if printed(before, name) != printed(after, name)}
    return [item for item in items if item.dimension in touched]


def _audited(
    protected: Protected, measured: Measured, nodes: Sequence[Node], items: Sequence[Item]
) -> AuditReport:
    return audit([Tabulation(nodes, protected)], items, protected.k, measured)


def _one_by_one(
    protected: Protected, measured: Measured, nodes: Sequence[Node], items: Sequence[Item]
) -> tuple[Protected, AuditReport]:
    """The same for every statistic by itself, of the distributions those of these items."""
    for wide in [*([0] * NEAR_ROUNDS), 1, 2, 2]:
        report = _audited(protected, measured, nodes, items)
        exposed = {(each.cell, each.statistic) for each in report.exposures}
        if report.passed or all(statistic == "n" for _, statistic in exposed):
            return protected, report
        protected = withhold(protected, nodes, exposed, wide)
    return protected, _audited(protected, measured, nodes, items)


def withhold(
    protected: Protected, nodes: Sequence[Node], exposed: Iterable[tuple[str, str]], wide: int = 0
) -> Protected:
    """Hide the statistics of ``exposed`` (cell, statistic): near the cell (``wide`` 0), in every
    cell but the root (1), in every cell (2). Kinds lose an index that is hidden."""
    root = next(node.id for node in nodes if node.parent is None)
    everywhere = {node.id for node in nodes} - (set() if wide == 2 else {root})
    cells, kinds, log = dict(protected.cells), dict(protected.kinds), list(protected.log)
    for name, statistic in sorted(exposed):
        places = everywhere if wide else _near(name, nodes) or everywhere
        for place in sorted(places & cells.keys()):
            cells[place], changed = _without(cells[place], statistic)
            if changed:
                log.append(Hidden(place, statistic.replace(" ", ":", 1), "audit"))
        kinds = {kind: _without(cell, statistic)[0] for kind, cell in kinds.items()}
    return replace(protected, cells=cells, kinds=kinds, log=tuple(log))


def _near(name: str, nodes: Sequence[Node]) -> set[str]:
    """Everything below the node within which the exposed set can be told apart."""
    parent = {node.id: node.parent for node in nodes}
    tops = set()
    for part in name.split(" + "):
        code = part.removesuffix(_OWN)
        if code in parent:
            tops.add(code if part.endswith(_OWN) else parent[code] or code)
    return {code for code in parent if tops & set(_above(code, parent))}


def _above(code: str, parent: Mapping[str, str | None]) -> list[str]:
    found: list[str] = []
    above = parent[code]
    while above is not None:
        found.append(above)
        above = parent[above]
    return found


def _without(cell: Cell, statistic: str) -> tuple[Cell, bool]:
    """The cell without one statistic, and whether it showed it."""
    what, _, name = statistic.rpartition(" ")
    if what == "index" and name in cell.index:
        shown = cell.index[name].value is not None
        return replace(cell, index={**cell.index, name: IndexCell()}), shown
    if what == "sd" and name in cell.index:
        old = cell.index[name]
        return replace(cell, index={**cell.index, name: replace(old, spread=False)}), old.spread
    if what == "item" and name in cell.items:
        shown = cell.items[name].n is not None
        return replace(cell, items={**cell.items, name: ItemCell()}), shown
    if what == "option" and name in cell.options:
        shown = cell.options[name].shown is not None
        return replace(cell, options={**cell.options, name: OptionCell()}), shown
    if what == "vet ikke" and name in cell.items:
        item = cell.items[name]
        shown = item.not_applicable is not None
        bare = replace(item, not_applicable=None)
        return replace(cell, items={**cell.items, name: bare}), shown
    return cell, False
