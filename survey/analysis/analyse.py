"""``survey analyse``: a file of answers in, all figures as JSON out, no database.

The output is not disclosure-controlled. docs/analyse.md documents every key.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from survey.analysis.answers_file import Answers, Columns, read_answers, with_headcounts
from survey.core.errors import Fault, InvalidInput
from survey.instrument.check import load
from survey.instrument.model import Instrument
from survey.measurement.comparisons import measure_change
from survey.measurement.figures import WaveAnswers, WaveFigures, measure_wave
from survey.measurement.scoring import DimensionKey, ScoringKey
from survey.measurement.tables import change_table, wave_table

NOTICE = (
    "Not disclosure-controlled: small units and single persons can be recognised. "
    "Do not publish; the service's releases are what may be shown."
)


def analyse_file(
    instrument_path: Path,
    responses: Path,
    columns: Columns,
    *,
    headcounts: Path | None = None,
    missing: frozenset[str] = frozenset(),
    wave_order: Sequence[str] = (),
) -> dict[str, Any]:
    """All figures of a file of answers, the JSON of docs/analyse.md. Raises InvalidInput."""
    instrument = load(instrument_path)
    answers = read_answers(responses, instrument, columns, missing=missing, wave_order=wave_order)
    if headcounts is not None:
        answers = with_headcounts(answers, headcounts, columns)
    return figures(instrument, answers)


def item_key(instrument: Instrument) -> ScoringKey:
    """The scoring key of sheets that hold the items alone, in the instrument's order."""
    place = {item: position for position, item in enumerate(instrument.items)}
    dimensions = []
    for dimension in instrument.dimensions:
        scale = instrument.scales[dimension.scale]
        dimensions.append(
            DimensionKey(
                id=dimension.id,
                columns=tuple(place[item.id] for item in dimension.items),
                reverse=tuple(item.reverse for item in dimension.items),
                low=scale.minimum,
                high=scale.maximum,
                minimum=dimension.minimum_items,
            )
        )
    position = {dimension.id: number for number, dimension in enumerate(dimensions)}
    index = tuple(position[name] for name in instrument.index)
    return ScoringKey(tuple(dimensions), index, instrument.minimum_dimensions)


def figures(instrument: Instrument, answers: Answers) -> dict[str, Any]:
    """All figures of answers that have been read. All units enter the models, whatever their n."""
    key = item_key(instrument)
    measured = {
        name: measure_wave(
            WaveAnswers(rows.sheets, rows.units, rows.headcounts, rows.persons),
            key,
            len(answers.units),
            model_minimum_n=1,
        )
        for name, rows in answers.waves.items()
    }
    return {
        "notice": NOTICE,
        "warnings": warnings(answers, measured),
        "instrument": {"id": instrument.id, "version": instrument.version},
        "waves": {name: wave_table(found, answers.units) for name, found in measured.items()},
        "changes": {
            f"{first}→{second}": change_table(
                measure_change(measured[first], measured[second]),
                measured[first],
                measured[second],
                answers.units,
            )
            for first, second in combinations(measured, 2)
        },
    }


def warnings(answers: Answers, measured: Mapping[str, WaveFigures]) -> list[str]:
    """What an analyst should know of the input: units with more answers than employees."""
    found = []
    for name, wave in measured.items():
        heads = wave.answers.headcounts
        if heads is None:
            continue
        over = [u for u, n, h in zip(answers.units, wave.persons, heads, strict=True) if n > h]
        if over:
            listed = ", ".join(over[:20]) + (" …" if len(over) > 20 else "")
            found.append(
                f"wave {name}: {len(over)} unit(s) with more answers than employees, "
                f"no finite population correction there: {listed}"
            )
        unknown = int((np.isnan(heads) & (wave.persons > 0)).sum())
        if unknown:
            found.append(f"wave {name}: {unknown} unit(s) with answers have no headcount")
    return found


def write_json(data: dict[str, Any], path: Path) -> None:
    """Write the whole file or none of it: to a temporary file beside it, then renamed."""
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, indent=1)
    try:
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise cannot_write(path, error) from error
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text + "\n")
        Path(temporary).replace(path)
    except OSError as error:
        Path(temporary).unlink(missing_ok=True)
        raise cannot_write(path, error) from error


def cannot_write(path: Path, error: OSError) -> InvalidInput:
    """Why nothing could be written."""
    fault = Fault(str(path), f"cannot be written: {error.strerror}.")
    return InvalidInput("Nothing was written", [fault])
