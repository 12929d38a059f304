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

from survey.analysis.answers_file import Answers, Columns, read_answers, with_headcounts
from survey.analysis.change_figures import measure_change
from survey.analysis.tables import change_table, wave_table
from survey.analysis.wave_figures import WaveFigures, measure_wave
from survey.core.errors import Fault, InvalidInput, say
from survey.instrument.check import load
from survey.instrument.model import Instrument
from survey.release.counting import scoring_key

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


def figures(instrument: Instrument, answers: Answers) -> dict[str, Any]:
    """All figures of answers that have been read. All units enter the models, whatever their n."""
    key = scoring_key(instrument)  # items come first in a sheet, and the file's sheets end there
    measured = {
        name: measure_wave(wave, key, len(answers.units)) for name, wave in answers.waves.items()
    }
    return {
        "notice": NOTICE,
        "warnings": warnings(answers, measured),
        "instrument": {"id": instrument.id, "version": instrument.version},
        "waves": {name: wave_table(wave, answers.units) for name, wave in measured.items()},
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
    lines = []
    for name, wave in measured.items():
        if wave.answers.headcounts is None:
            continue
        who = dict(zip(answers.units, wave.participation(), strict=True))
        over = [unit for unit, one in who.items() if one.over]
        if over:
            listed = ", ".join(over[:20]) + (" …" if len(over) > 20 else "")
            lines.append(
                f"wave {name}: {len(over)} unit(s) with more answers than employees, "
                f"no finite population correction there: {listed}"
            )
        unknown = sum(bool(one.answered) and not one.headcount for one in who.values())
        if unknown:
            lines.append(f"wave {name}: {unknown} unit(s) with answers have no headcount")
    return lines


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
    fault = Fault(str(path), say("cannot_be_written", strerror=error.strerror))
    return InvalidInput("nothing_was_written", [fault])
