"""The auditor: takes everything ever printed of a wave's answers and looks for what it gives away.

Independent of the engine: it reads printed cells only, states the rules in its own words and shares
no code with what suppresses. *Exposed* is (a) a hidden value that is unique, (b) a hidden set of
fewer than k people whose mean is confined to less than 50 of 100 points, (c) a hidden category
count with at most two possible integers (unless so few people leave no more anyway). A share that
prints as "minst 90 %" and an index that prints as a bound are told on purpose: only what they
reveal of others counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

import numpy as np

from survey.disclosure.audit_counts import CountAudit, CountTable
from survey.disclosure.audit_reading import all_told, bound, cumulative, flat, nearly
from survey.disclosure.audit_report import AuditReport, Exposure
from survey.disclosure.audit_system import Atlas, Extract, Place, System, system
from survey.disclosure.model import (
    OVERALL,
    Cell,
    FloatArray,
    Item,
    ItemCell,
    Measured,
    OptionCell,
    Tabulation,
)

__all__ = ["AuditReport", "Exposure", "audit"]

WIDTH = 50.0
SHARES_FROM = 10
NO_ITEM, NO_OPTION = ItemCell(), OptionCell()


def audit(
    tabulations: Sequence[Tabulation],
    items: Sequence[Item],
    k: int = 5,
    truth: Measured | None = None,
    *,
    colleague: str | None = None,
) -> AuditReport:
    """Audit all releases that tabulate (partly) the same answers: one wave, or pooled waves.

    tabulations: every release with its tree; the same node id means the same direct answers.
    items: the scored items, as the engine got them. truth: the measured table of the tabulation
    that keeps most apart; only its numbers of answers (and, for printed intervals, sums) are used,
    for an attacker who knows who answered. Without it the auditor works from the printed cells
    alone and supposes that every hidden group holds a piece of k-1 people. colleague: id of a node
    that is one person whose answers the attacker knows (printed exactly in a tabulation of its
    own).
    """
    return _Audit(tabulations, items, k, truth, colleague).run()


class _Audit:
    def __init__(
        self,
        tabulations: Sequence[Tabulation],
        items: Sequence[Item],
        k: int,
        truth: Measured | None,
        colleague: str | None,
    ) -> None:
        self.atlas = Atlas(tabulations)
        self.items, self.k, self.truth = list(items), k, truth
        # Who answered himself may subtract himself from any printed group of k.
        self.least = k - (colleague is not None)
        self.colleague = colleague
        self.cache: dict[bytes, tuple[FloatArray, FloatArray]] = {}
        self.found: set[Exposure] = set()
        self.examined = {"equations": 0, "hidden sets": 0, "histograms": 0}
        self.cells: list[Cell] = [p.cell for p in self.atlas.places if p.cell is not None]

    def run(self) -> AuditReport:
        self._people()
        indices = list(dict.fromkeys(name for cell in self.cells for name in cell.index))
        systems = {name: self._index(name) for name in indices}
        self._companions(systems)
        for item in self.items:
            self._item(item)
        for name in dict.fromkeys(name for cell in self.cells for name in cell.options):
            self._option(name)
        return AuditReport(tuple(sorted(self.found)), dict(self.examined))

    def _note(
        self, place: str, statistic: str, criterion: Literal["a", "b", "c"], what: str
    ) -> None:
        self.found.add(Exposure(place, statistic, criterion, what))

    def _read(self, extract: Extract, size: FloatArray) -> System:
        made = system(self.atlas.places, extract, size, self.cache)
        self.examined["equations"] += len(made.matrix)
        return made

    def _direct(self, total: FloatArray) -> FloatArray:
        """Direct values (V,) over atoms of the true subtree totals (rows of ``truth.nodes``)."""
        assert self.truth is not None  # noqa: S101 - callers ask first
        own = np.zeros(len(self.atlas.names))
        members = {p.name: p for p in self.atlas.places}
        known = {name: float(total[row]) for row, name in enumerate(self.truth.nodes)}
        order = sorted(known, key=lambda name: float(members[name].atoms.sum()))
        for name in order:
            inside = members[name].atoms
            at = self.atlas.at[name]
            own[at] = known[name] - (inside @ own - own[at])
        return own

    def _size(self, total: FloatArray | None, extract: Extract) -> FloatArray:
        """People in each atom (V,): the truth, else a split that favours the attacker."""
        if total is not None:
            return np.maximum(0.0, self._direct(total))
        ones = np.ones(len(self.atlas.names))
        rough = system(self.atlas.places, extract, ones, self.cache)
        size = np.zeros(len(ones))
        for group in range(len(rough.known)):
            atoms = np.flatnonzero(rough.group == group)
            people = round(float(rough.value_low[group])) if rough.known[group] else 2 * self.k
            size[atoms[0]] = people if len(atoms) == 1 else min(self.k - 1, people)
            if len(atoms) > 1:
                size[atoms[1]] = people - size[atoms[0]]
        return size

    def _sets(self, made: System, shown: Iterable[Place]) -> list[tuple[str, FloatArray, int]]:
        """Hidden sets of people, each with the number from which it needs no protection.

        Cells that do not print the statistic, and nodes' own answers. A colleague is taken out of
        the sets he is in, and these need one less: he may subtract himself from printed ones too.
        """
        others = made.some.astype(np.float64)
        me = None if self.colleague is None else self.atlas.at[self.colleague]
        home = np.zeros(len(others))
        if me is not None:
            others[me] = 0.0
            around = [p.atoms for p in self.atlas.places if p.atoms[me] and p.atoms.sum() > 1]
            home = min(around, key=lambda atoms: float(atoms.sum()), default=home)
        told = {(p.atoms * others).tobytes() for p in shown}
        sets: dict[bytes, tuple[str, FloatArray, int]] = {}
        cells = [(p.name, p.atoms) for p in self.atlas.places]
        own = np.eye(len(others))
        cells += [(f"{name} (own)", own[at]) for name, at in self.atlas.at.items()]
        for name, atoms in cells:
            inside = atoms * others
            key = inside.tobytes()
            if inside.any() and key not in told:
                mine = me is not None and bool(atoms[me] or (atoms * home).any())
                sets.setdefault(key, (name, inside, self.least if mine else self.k))
        self.examined["hidden sets"] += len(sets)
        return list(sets.values())

    def _groups(self, made: System) -> list[tuple[str, FloatArray, float]]:
        """Known groups of several atoms, named by what they hold, with their people."""
        found = []
        for group in np.flatnonzero(made.known).tolist():
            atoms = np.flatnonzero(made.group == group)
            if len(atoms) > 1:
                name = " + ".join(f"{self.atlas.names[a]} (own)" for a in atoms[:6])
                member = (made.group == group).astype(np.float64)
                found.append((name, member, float(made.people[group])))
        return found

    def _people(self) -> None:
        def extract(cell: Cell) -> tuple[float, float] | None:
            return None if cell.n is None else (float(cell.n), float(cell.n))

        total = None if self.truth is None else self.truth.n.astype(np.float64)
        made = self._read(extract, self._size(total, extract))
        shown = [p for p in self.atlas.places if p.cell is not None and p.cell.n is not None]
        for name, atoms, least in self._sets(made, shown):
            value = made.determined(atoms)
            if value is not None and 0.5 < value[0] < least - 0.5:
                self._note(name, "n", "a", f"is {round(value[0])}")
        for name, _, people in self._groups(made):
            if 0.5 < people < self.least - 0.5:
                self._note(name, "n", "a", f"together {round(people)}")

    def _index(self, name: str) -> System:
        def extract(cell: Cell) -> tuple[float, float] | None:
            index = cell.index[name]
            if index.value is None or index.n is None or index.bound is not None:
                return None
            low, high = max(0.0, index.value - 0.5), min(100.0, index.value + 0.5)
            return low * index.n, high * index.n

        def count(cell: Cell) -> tuple[float, float] | None:
            n = cell.index[name].n
            return None if n is None else (float(n), float(n))

        column = None
        if self.truth is not None:
            column = self.truth.index_n[:, self.truth.indices.index(name)].astype(np.float64)
        made = self._read(extract, self._size(column, count))
        places = [p for p in self.atlas.places if p.cell is not None]
        shown = [p for p in places if p.cell is not None and extract(p.cell) is not None]
        bounds = [one for p in places if (one := bound(p, name, made.some)) is not None]
        self._confined(name, made, shown, bounds)
        self._extreme(name, places)
        self._intervals(name, column)
        return made

    def _confined(
        self,
        name: str,
        made: System,
        shown: Sequence[Place],
        bounds: Sequence[tuple[FloatArray, float, float]],
    ) -> None:
        sets = self._sets(made, shown)
        sets += [(set_name, atoms, self.least) for set_name, atoms, _ in self._groups(made)]
        for set_name, atoms, least in sets:
            people = float(made.size @ atoms)
            if not 0.5 < people < least - 0.5:
                continue
            low, high = made.bounds(atoms, 100.0, bounds)
            if (high - low) / people < WIDTH - 1e-6:
                self._note(
                    set_name,
                    f"index {name}",
                    "b",
                    f"{round(people)} people have {low / people:.0f} to {high / people:.0f}",
                )

    def _extreme(self, name: str, places: Sequence[Place]) -> None:
        """A printed index so near an end that hardly anybody can have chosen the other end."""
        mine = [item for item in self.items if item.within(name)]
        if not mine or any(item.sides is None for item in mine):
            return
        steps = sum(item.options - 1 for item in mine)
        most = max(item.options - 1 for item in mine)
        for place in places:
            index = place.cell.index[name] if place.cell is not None else None
            if index is None or index.value is None or index.n is None:
                continue
            if all_told(place.cell, mine):
                continue
            slack = 0.0 if index.bound is not None else 0.5
            away = min(100 - index.value, index.value) + slack
            possible = int(away / 100 * index.n * steps / most + 1e-9) + 1
            if possible <= min(2, index.n):
                self._note(
                    place.name, f"index {name}", "c", f"at most {possible - 1} at the other end"
                )

    def _intervals(self, name: str, column: FloatArray | None) -> None:
        """Printed sd: nobody below ten, no small part confined by it (Samuelson's inequality)."""
        if self.truth is None or column is None:
            return
        at = self.truth.indices.index(name)
        size = np.maximum(0.0, self._direct(column))
        made = self._read(lambda c: (0.0, 0.0) if c.index[name].spread else None, size)
        total = self._direct(self.truth.index_sum[:, at])
        square = self._direct(self.truth.index_sumsq[:, at])
        shown = [p for p in self.atlas.places if p.cell is not None and p.cell.index[name].spread]
        for group in np.flatnonzero(made.known).tolist():
            atoms = made.group == group
            n, label = made.people[group], self.atlas.names[int(np.flatnonzero(atoms)[0])]
            if n < SHARES_FROM - 0.5 - (self.colleague is not None):
                self._note(f"{label} (own) and others", f"sd {name}", "a", f"of {round(n)} people")
        for set_name, atoms, least in self._sets(made, shown):
            people = float(size @ atoms)
            pieces = list(made.pieces(atoms))
            if not 0.5 < people < least - 0.5 or len(pieces) != 1:
                continue
            group = pieces[0][0]
            inside, n = made.group == group, float(made.people[group])
            if not made.known[group] or n < people + 0.5:
                continue
            mean = total[inside].sum() / n
            variance = max(0.0, square[inside].sum() - n * mean**2) / n
            reach = np.sqrt(variance * (n - people) / people)
            low, high = max(0.0, mean - reach), min(100.0, mean + reach)
            if high - low < WIDTH - 1e-6:
                self._note(set_name, f"sd {name}", "b", f"within {low:.0f} to {high:.0f}")

    def _companions(self, systems: Mapping[str, System]) -> None:
        """Overall = mean of dimensions: a small set known in all of them but one."""
        outside = {item.dimension for item in self.items if not item.overall}
        linked = {name: one for name, one in systems.items() if name not in outside}
        for name, made in linked.items():
            if OVERALL not in linked or name == OVERALL or len(linked) < 2:
                continue
            others = [one for other, one in linked.items() if other != name]
            shown = [
                p
                for p in self.atlas.places
                if p.cell is not None and p.cell.index[name].value is not None
            ]
            for set_name, atoms, least in self._sets(made, shown):
                people = float(made.size @ atoms)
                if not 0.5 < people < least - 0.5:
                    continue
                if systems[OVERALL].size @ atoms < people - 0.5:
                    continue  # whoever has no overall score is not in the equation
                if all(one.determined(atoms * one.some) is not None for one in others):
                    self._note(
                        set_name, f"index {name}", "b", "follows from overall and the others"
                    )

    def _item(self, item: Item) -> None:
        truth = None
        if self.truth is not None:
            at = [one.id for one in self.truth.items].index(item.id)
            truth = self.truth.counts[at].sum(axis=1).astype(np.float64)

        def count(cell: Cell) -> tuple[float, float] | None:
            n = cell.items.get(item.id, NO_ITEM).n
            return None if n is None else (float(n), float(n))

        size = self._size(truth, count)
        systems, bounds = {}, {}
        for edge in range(1, item.options):

            def extract(cell: Cell, edge: int = edge) -> tuple[float, float] | None:
                value = cumulative(cell.items.get(item.id, NO_ITEM), item.options).get(edge)
                return None if value is None else (float(value), float(value))

            systems[edge] = self._read(extract, size)
            bounds[edge] = [
                (place.atoms * (size > 0.5), *limit)
                for place in self.atlas.places
                if place.cell is not None
                and (limit := nearly(place.cell.items.get(item.id, NO_ITEM), edge, item.options))
                is not None
            ]
        mean = None
        if item.sides is not None and [i.dimension for i in self.items].count(item.dimension) == 1:
            mean = item.dimension
        table = CountTable(f"item {item.id}", item.options, systems, bounds, mean)
        told = [
            p
            for p in self.atlas.places
            if p.cell is not None and flat(p.cell.items.get(item.id, NO_ITEM))
        ]
        self._counts(table, told, item)
        self._missing(item)

    def _missing(self, item: Item) -> None:
        def extract(cell: Cell) -> tuple[float, float] | None:
            value = cell.items.get(item.id, NO_ITEM).not_applicable
            return None if value is None else (float(value), float(value))

        def count(cell: Cell) -> tuple[float, float] | None:
            return None if cell.n is None else (float(cell.n), float(cell.n))

        total = None if self.truth is None else self.truth.n.astype(np.float64)
        made = self._read(extract, self._size(total, count))
        self._counts(CountTable(f"vet ikke {item.id}", 2, {1: made}, {1: []}, None), [], None)

    def _option(self, name: str) -> None:
        def extract(cell: Cell) -> tuple[float, float] | None:
            value = cell.options.get(name, NO_OPTION).ticked
            return None if value is None else (float(value), float(value))

        def count(cell: Cell) -> tuple[float, float] | None:
            n = cell.options.get(name, NO_OPTION).shown
            return None if n is None else (float(n), float(n))

        total = None
        if self.truth is not None:
            total = self.truth.shown[:, self.truth.options.index(name)].astype(np.float64)
        made = self._read(extract, self._size(total, count))
        told = [
            p
            for p in self.atlas.places
            if p.cell and p.cell.options.get(name, NO_OPTION).bound is not None
        ]
        bounds = []
        for place in told:
            option = place.cell.options.get(name, NO_OPTION) if place.cell is not None else None
            if option is not None and option.shown is not None:
                low, high = (
                    (0, 1) if option.bound == "at_most" else (option.shown - 1, option.shown)
                )
                bounds.append((place.atoms * made.some, float(low), float(high)))
        self._counts(CountTable(f"option {name}", 2, {1: made}, {1: bounds}, None), told, None)

    def _counts(self, table: CountTable, told: Sequence[Place], item: Item | None) -> None:
        made = table.systems[1]
        checker = CountAudit(table, self.colleague is not None)
        others = made.some.astype(np.float64)
        if self.colleague is not None:
            others[self.atlas.at[self.colleague]] = 0.0
        exempt = {(p.atoms * others).tobytes() for p in told}
        values = {
            (p.atoms * made.some).tobytes(): p.cell.index.get(table.mean)
            for p in self.atlas.places
            if p.cell is not None and table.mean is not None
        }
        for name, atoms, _ in self._sets(made, []):
            key = atoms.tobytes()
            if key in exempt or name.startswith("kind "):
                continue
            for criterion, what in checker.exposed(atoms, item, values.get(key)):
                self._note(name, table.name, criterion, what)
        self.examined["histograms"] += checker.histograms
