"""The only writer of answers: spends a code and stores a sealed answer, both or neither."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from survey.instrument.model import Role
from survey.secret import Secret
from survey.study.models import Wave


@dataclass(frozen=True, slots=True)
class Accepted:
    """The answer is stored and the code spent."""


@dataclass(frozen=True, slots=True)
class AlreadyReceived:
    """This very submission was stored before; nothing was written now."""


@dataclass(frozen=True, slots=True)
class Imported:
    """One respondent of an earlier measurement: a validated sheet, and the texts apart."""

    unit_id: int
    role: Role
    sheet: str
    texts: Mapping[str, list[str]] = field(default_factory=dict)


def submit(
    session: Session,
    secret: Secret,
    code: str,
    submission_id: str,
    answers: Mapping[str, object],
) -> Accepted | AlreadyReceived:
    """Store one respondent's answers in the transaction of ``session``.

    ``submission_id`` is random and the client's own: the same again is a repeat. Raises
    MistypedCode or UnknownCode, NotYetOpen, Closed, UsedCode, and InvalidInput with every fault.
    """
    ...


def store_imported(
    session: Session, wave: Wave, records: Sequence[Imported], *, replace: bool = False
) -> int:
    """Store responses of an earlier measurement, shuffled, under random ids; return how many.

    Raises Conflict unless the wave is an open import wave without responses (``replace`` drops
    those that an earlier import brought).
    """
    ...
