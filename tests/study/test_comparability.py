"""Changes of units belong to the wave that opens next, in each study for itself."""

from __future__ import annotations

from typing import Any

from survey.organisation import changes, editing
from survey.study.comparability import frozen_changes
from survey.study.models import Wave
from survey.study.studies import create_study
from survey.study.waves import create_wave, open_wave
from tests.release.journey import LIBRARY, start


def test_each_study_takes_the_changes_since_its_own_last_wave(services: Any) -> None:
    journey = start(services.db, services.keys, services.secret)
    library, here = LIBRARY, journey.organisation_id
    with services.db.transaction() as session:
        editing.update_unit(session, here, "n1", {"name": "Ny"})
        other = create_study(
            session, library, here, code="andre", name="Andre", instrument="baerum-barometer"
        )
        first = create_wave(session, other, phase="before")
        open_wave(session, services.keys, library, first)
        editing.update_unit(session, here, "n2", {"name": "Nyere"})
        open_ones = [each for each in changes.listed(session, here) if each.frozen_at is None]
        assert [each.names for each in open_ones] == [{"n2": "Nyere"}]
        journey_wave = session.get_one(Wave, (here, journey.wave.id))
        journey_wave.state = "closed"
        second = create_wave(session, journey.study, phase="during")
        open_wave(session, services.keys, library, second)
        assert _names(session, second) == [(2, "Ny"), (2, "Nyere")]
        assert _names(session, first) == [(1, "Ny")]
        third = create_wave(session, other, phase="during")
        first.state = "closed"
        open_wave(session, services.keys, library, third)
        assert _names(session, third) == [(1, "Ny"), (2, "Nyere")]


def test_an_earlier_measurement_brought_in_later_takes_no_change_from_the_next(
    services: Any,
) -> None:
    journey = start(services.db, services.keys, services.secret)
    library, here = LIBRARY, journey.organisation_id
    with services.db.transaction() as session:
        study = create_study(
            session, library, here, code="andre", name="Andre", instrument="baerum-barometer"
        )
        second = create_wave(session, study, phase="during", ordinal=2)
        open_wave(session, services.keys, library, second)
        editing.update_unit(session, here, "n1", {"name": "Ny"})
        first = create_wave(session, study, phase="before", ordinal=1, source="import")
        open_wave(session, services.keys, library, first)
        assert _names(session, first) == []
        second.state = "closed"
        third = create_wave(session, study, phase="after")
        open_wave(session, services.keys, library, third)
        assert _names(session, third) == [(3, "Ny")]


def _names(session: Any, wave: Wave) -> list[tuple[int, str]]:
    return [(ordinal, each.after) for ordinal, each in frozen_changes(session, wave)]
