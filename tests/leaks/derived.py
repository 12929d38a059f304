"""What a release computes from its own printed numbers must follow from them.

Comparisons, bands and changes are taken out of the documents as the API gives them, and computed
anew from what is left: then verdicts, bands and colours, read backwards, lead to printed numbers.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from survey.instrument.model import Instrument
from survey.release.changes import with_changes
from survey.release.codec import header_from_json, unit_from_json
from survey.release.comparing import with_bands, with_comparisons
from survey.release.document import Method, ReleaseHeader, UnitResult
from survey.release.lineage import Earlier, Lineage, Now
from survey.release.load import load_recorded
from survey.study.find import find_wave, wave_by_id
from tests.leaks.reading import Wave
from tests.leaks.world import Published


def other_than_computed(made: Published, waves: Sequence[Wave]) -> list[str]:
    """Units of the last of these waves whose derived numbers are not what the printed ones give;
    and what stands there of earlier waves, other than was printed then."""
    *before, now = waves
    header, units = _read(now)
    earlier = [_earlier(wave) for wave in before]
    with made.parts.db.reading() as session:
        found = find_wave(session, made.study, now.ordinal)
        recorded = load_recorded(session, wave_by_id(session, made.organisation_id, found.id))
    known = {u.unit.code: Now(u.unit.name, u.unit.parent) for u in units.values()}
    lineage = Lineage(now.ordinal, known, earlier, recorded)
    again: Mapping[str, UnitResult] = {code: _bare(unit) for code, unit in units.items()}
    again, how = with_bands(with_comparisons(again), _bare_method(header.method))
    instrument = Instrument.from_dict(header.instrument)
    again = with_changes(again, earlier, how, instrument, lineage)
    wrong = [code for code, unit in units.items() if again[code] != unit]
    wrong += ["method"] * (how != header.method)
    return wrong + [code for code, unit in units.items() if not _was_printed(unit, earlier)]


def _read(wave: Wave) -> tuple[ReleaseHeader, dict[str, UnitResult]]:
    plain = {name: value for name, value in wave.header.items() if name != "digest"}
    header = header_from_json(json.dumps(plain))
    return header, {code: _unit(unit) for code, unit in wave.units.items()}


def _unit(unit: Mapping[str, Any]) -> UnitResult:
    return unit_from_json(json.dumps(unit))


def _earlier(wave: Wave) -> Earlier:
    header, units = _read(wave)
    return Earlier(header.wave, units, header.method)


def _bare(unit: UnitResult) -> UnitResult:
    dimensions = tuple(replace(each, band=None) for each in unit.dimensions)
    return replace(unit, comparisons=(), changes=(), band=None, dimensions=dimensions)


def _bare_method(method: Method) -> Method:
    dimensions = {
        name: replace(each, mean=None, tau2=None) for name, each in method.dimensions.items()
    }
    return replace(method, dimensions=dimensions, mean=None, tau2=None)


def _was_printed(unit: UnitResult, earlier: Sequence[Earlier]) -> bool:
    """Is everything in the unit's history what some unit's page said in that wave?"""
    then = {each.wave.ordinal: each.units.values() for each in earlier}
    return all(
        any(
            (past.participation, past.overall) == (each.participation, each.overall)
            and past.dimensions == {d.id: d.score for d in each.dimensions}
            and past.items.items()
            <= {i.id: i.favourable for d in each.dimensions for i in d.items}.items()
            for each in then[past.wave.ordinal]
        )
        for past in unit.history
    )
