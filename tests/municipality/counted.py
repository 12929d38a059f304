"""A drawn municipality as plain data: its frame, and its answers by the unit under which they are
stored."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

import numpy as np

from survey.disclosure.blocks import labels
from survey.disclosure.model import Counted
from survey.disclosure.tree import Tree
from survey.instrument.layout import Layout
from survey.instrument.library import Library
from survey.instrument.model import Instrument
from survey.instrument.question_types.multiple import NOT_TICKED, TICKED
from survey.release.compute import Computed
from survey.release.counting import count, read_answers
from survey.release.document import WaveFacts
from survey.release.frame import Frame, FrameUnit, depth_first
from tests.data.municipality import make

K = 5
BAROMETER = "baerum-barometer"


def instrument() -> Instrument:
    """The barometer that comes with the service."""
    return Library(None).get(BAROMETER)


def frame_of(rows: Iterable[make.Unit], of: Instrument, ordinal: int = 1) -> Frame:
    """The frame of a wave in which everybody was invited."""
    units = [
        FrameUnit(code, name, kind, above or None, head, head, code)
        for code, name, above, kind, head in rows
    ]
    facts = WaveFacts(ordinal, "before", f"Wave {ordinal}", "2026-01-01", "2026-02-01")
    return Frame("Study", "Fjordbyen", ("nb",), K, facts, of, depth_first(units))


def sheets_of(
    rows: Iterable[list[str | int]], of: Instrument, rng: random.Random
) -> dict[str, list[str]]:
    """Rows of answers as the sheets that are stored, by unit; questions are answered at random."""
    layout, found = Layout(of), defaultdict(list)
    columns = [layout.items[name] for name in of.items]
    options = [slot.column for slot in layout.slots if slot.kind == "multiple"]
    for code, *values in rows:
        sheet = ["0"] * layout.width
        for column, value in zip(columns, values, strict=True):
            sheet[column] = "?" if value == make.DO_NOT_KNOW else str(value)
        for column in options:
            sheet[column] = TICKED if rng.random() < 0.3 else NOT_TICKED
        for slot in layout.slots:
            if slot.kind == "single":
                sheet[slot.column] = str(rng.randint(1, len(of.question(slot.id).options)))
        found[str(code)].append("".join(sheet))
    return dict(found)


def stored(frame: Frame, sheets: Mapping[str, list[str]]) -> dict[str, str]:
    """Sheets under the label of their block, laid end to end: what a release is computed from."""
    home = labels(frame.nodes(), {code: len(each) for code, each in sheets.items()}, frame.k)
    found: dict[str, str] = {}
    for code, each in sheets.items():
        found[home[code]] = found.get(home[code], "") + "".join(each)
    return found


def drawn(total: int, rate: float, seed: int = 7, ordinal: int = 1) -> tuple[Frame, dict[str, str]]:
    """The frame and the stored sheets of a municipality of about so many units."""
    rng = random.Random(seed)
    of, rows = instrument(), make.units(total, rng)
    frame = frame_of(rows, of, ordinal)
    given = make.answers(rows, of, rate, 0.15 * (ordinal - 1), random.Random(seed + ordinal))
    return frame, stored(frame, sheets_of(given, of, random.Random(seed)))


def without_an_index(frame: Frame, joined: Mapping[str, str], made: Computed) -> list[str]:
    """Inner nodes that lack an index although k people counted below them have a score."""
    nodes = frame.nodes()
    counted = count(frame.instrument, nodes, read_answers(frame.instrument, nodes, joined))
    tree, scored = Tree(counted.nodes), scored_below(counted, made)
    printed = {u.unit.code: {d.id: d.score.index for d in u.dimensions} for u in made.units}
    return [
        f"{node.id} {name}"
        for place, node in enumerate(tree.nodes)
        if tree.children[place]
        for name, number in scored[node.id].items()
        if number >= frame.k and printed[node.id][name] is None
    ]


def scored_below(counted: Counted, made: Computed) -> dict[str, Counter[str]]:
    """Node → sub-goal → how many of those who are counted at it or below it have a score."""
    tree, home = Tree(counted.nodes), made.blocks.answers.home
    found: dict[str, Counter[str]] = {node.id: Counter() for node in counted.nodes}
    for name, index in counted.indices.items():
        direct = np.zeros(len(tree), dtype=np.int64)
        for row, node in enumerate(counted.nodes):
            if node.id in home:
                direct[tree.at[home[node.id]]] += index.n[row]
        for place, total in enumerate(tree.accumulate(direct).tolist()):
            found[tree.nodes[place].id][name] = total
    return found
