"""The count of a day, made by hand: what the worker's clock does at six."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa

from survey.core.db import Database, now
from survey.study.daily_count import keep_daily_counts
from survey.study.models import ParticipationCount, Wave
from survey.study.participation import latest_hour


def count_answers(db: Database) -> datetime:
    """Count what has been answered by now as the last six o'clock would have; returns that time.

    Open waves are put back before it, and an earlier count is forgotten.
    """
    six = latest_hour(now())
    with db.transaction() as session:
        session.execute(sa.delete(ParticipationCount))
        session.execute(
            sa.update(Wave)
            .where(Wave.state == "open", sa.or_(Wave.opened_at.is_(None), Wave.opened_at >= six))
            .values(opened_at=six - timedelta(hours=1))
        )
        keep_daily_counts(session, six)
    return six
