"""What is done when an index and the distributions it is the mean of tell too much together.

Printed statistics are supposed not to be printed, the cheapest first, until the auditor's
programmes find what was exposed open: a single one where one is enough, else several, and of these
again printed whatever can be while it stays open. Losing the single answers of an item costs least,
then the item, then an index; of two alike, that of the smaller cell.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from survey.disclosure.audit_groups import Atoms
from survey.disclosure.audit_joint import Found, JointAudit
from survey.disclosure.audit_programme import Label
from survey.disclosure.audit_report import Exposure
from survey.disclosure.audit_system import Atlas
from survey.disclosure.audit_targets import MEAN
from survey.disclosure.model import (
    OVERALL,
    Cell,
    Hidden,
    IndexCell,
    ItemCell,
    Measured,
    Node,
    Protected,
    Tabulation,
)

ROUNDS = 12
"""So often a dimension is looked at anew before all of its items are hidden where it matters."""
AT_MOST = 40
"""So many dearer statistics are tried alone before several cheap ones are hidden."""


@dataclass(frozen=True)
class Loosened:
    """What may be printed after all, what is still exposed, and how much was looked at."""

    protected: Protected
    exposures: tuple[Exposure, ...]
    programmes: int


def loosened(protected: Protected, measured: Measured, nodes: Sequence[Node]) -> Loosened:
    """Hide so much more that no index of several items gives an answer away."""
    nodes = sorted(nodes, key=lambda node: node.id)
    exposures: list[Exposure] = []
    solved = 0
    for name in measured.indices:
        items = [item for item in measured.items if item.dimension == name]
        if name == OVERALL or len(items) < 2 or not measured.n.any():
            continue
        atlas = Atlas([Tabulation(nodes, protected)])
        audit = JointAudit(atlas, items, measured, name, protected.k)
        for _ in range(ROUNDS):
            before, stuck = protected, []
            for found in audit.findings():
                labels = _cheapest(audit, atlas, found)
                if labels <= audit.gone:
                    stuck.append(found)
                protected = _apply(protected, audit, labels)
            if protected == before:
                break
        else:
            stuck = list(audit.findings())
        exposures += [_exposure(audit, each) for each in stuck]
        solved += audit.solved
    return Loosened(protected, tuple(sorted(exposures)), solved)


def _exposure(audit: JointAudit, found: Found) -> Exposure:
    target = found.target
    if target.item == MEAN:
        step = audit.system.step / max(found.people, 1)
        what = f"{found.people} people have {found.least * step:.0f} to {found.most * step:.0f}"
        return Exposure(target.name, f"index {audit.system.name}", "b", what)
    what = f"options {target.low + 1} to {target.high}: {found.least:.0f} to {found.most:.0f}"
    item = audit.system.items[target.item].id
    return Exposure(target.name, f"item {item}", "c", f"{what} of {found.people}")


def _cheapest(audit: JointAudit, atlas: Atlas, found: Found) -> set[Label]:
    """The statistics to hide for one finding.

    The cheapest choices up to some one leave it open, and without that one they do not: that one
    is hidden alone where it is enough, else a dearer one of the cells that the finding is about,
    else as few as it takes.
    """
    choices = list(_choices(audit, atlas, found.target.atoms))
    several = choices[: _enough(audit, found, choices)]
    about = {p.name for p in atlas.places if ((p.atoms > 0.5) & found.target.atoms).any()}
    dearer = [each for each in choices[len(several) :] if {cell for cell, _ in each} <= about]
    for labels in [*several[-1:], *dearer[:AT_MOST]]:
        if audit.is_open(found, labels):
            return set(labels)
    return set(_union(_fewest(audit, found, several)))


def _enough(audit: JointAudit, found: Found, choices: list[frozenset[Label]]) -> int:
    """So many of the choices, the cheapest, leave it open together; all where even they do not."""
    none, all_ = 0, len(choices)
    while all_ - none > 1:
        middle = (none + all_) // 2
        if audit.is_open(found, _union(choices[:middle])):
            all_ = middle
        else:
            none = middle
    return all_


def _fewest(
    audit: JointAudit, found: Found, choices: list[frozenset[Label]]
) -> list[frozenset[Label]]:
    """As many of the choices as it takes: of all of them, halves, quarters, ... and in the end
    single ones are printed again where that leaves it open, the dearest first."""
    size = len(choices)
    while size > 1:
        size = (size + 1) // 2
        for start in range((len(choices) - 1) // size * size, -1, -size):
            fewer = choices[:start] + choices[start + size :]
            if audit.is_open(found, _union(fewer)):
                choices = fewer
    return choices


def _union(choices: Sequence[frozenset[Label]]) -> frozenset[Label]:
    return frozenset().union(*choices)


def _choices(audit: JointAudit, atlas: Atlas, atoms: Atoms) -> Iterator[frozenset[Label]]:
    """Sets of statistics that might be hidden, the cheapest first."""
    printed = {row.label for row in audit.system.rows if row.label is not None} - audit.gone
    around = [p.atoms > 0.5 for p in atlas.places if ((p.atoms > 0.5) & atoms).any()]
    wider = [inside for inside in around if (inside & ~atoms).any()]
    home = min(wider, key=lambda inside: int(inside.sum()), default=atoms) | atoms
    size = {p.name: float(audit.system.answered[p.atoms > 0.5].sum()) for p in atlas.places}
    near = {p.name for p in atlas.places if ((p.atoms > 0.5) & home).any()}
    ranked: list[tuple[int, float, frozenset[Label]]] = []
    for cell, what in sorted(printed):
        if cell not in near:
            continue
        if what == "index" and (cell, OVERALL) in printed:  # or the others give it back
            ranked.append((3, size[cell], frozenset({(cell, what), (cell, OVERALL)})))
        both = {(cell, what)}
        if what.startswith("item "):
            both |= {(cell, what.replace("item ", "fine ", 1))} & printed
        rank = 0 if what.startswith("fine ") else 1 if what.startswith("item ") else 2
        ranked.append((rank, size[cell], frozenset(both)))
    yield from (
        labels for _, _, labels in sorted(ranked, key=lambda one: (one[:2], sorted(one[2])))
    )


def _apply(protected: Protected, audit: JointAudit, labels: set[Label]) -> Protected:
    """Print none of these any more."""
    cells, kinds, log = dict(protected.cells), dict(protected.kinds), list(protected.log)
    for cell, what in sorted(labels - audit.gone):
        name = {"index": f"index {audit.system.name}", OVERALL: f"index {OVERALL}"}.get(what, what)
        if cell in cells:
            cells[cell] = _without(cells[cell], name)
            log.append(Hidden(cell, name.replace(" ", ":", 1).replace("fine:", "item:"), "joint"))
        else:
            kind = cell.removeprefix("kind ")
            kinds[kind] = _without(kinds[kind], name)
    audit.hide(labels)
    return replace(protected, cells=cells, kinds=kinds, log=tuple(log))


def _without(cell: Cell, statistic: str) -> Cell:
    what, _, name = statistic.partition(" ")
    if what == "index":
        return replace(cell, index={**cell.index, name: IndexCell()})
    bare = replace(cell.items[name], distribution=()) if what == "fine" else ItemCell()
    return replace(cell, items={**cell.items, name: bare})
