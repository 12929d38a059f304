"""Who answered, of how many."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Participation:
    """Who answered. ``answered`` are the answers that count here, None below the study's k.

    ``headcount`` is the organisation's own figure, when the wave opened, of those whose answers
    count here if they answer; None when it is unknown or 0. ``over`` warns that more answered than
    the headcount (else the invitations) says, so that there is no finite population correction.
    """

    headcount: int | None
    invited: int | None
    answered: int | None
    over: bool = False


def participation(
    answered: int | None, headcount: int | None, invited: int | None = None
) -> Participation:
    """Hold answers against the headcount, or against the invitations where it is not known."""
    of_how_many = headcount or invited
    over = answered is not None and of_how_many is not None and answered > of_how_many
    return Participation(headcount, invited, answered, over)
