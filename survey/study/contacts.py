"""E-mail addresses of the people invited to a wave: one employment, one code, one address."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from survey.secret import Secret
from survey.study.keys import KeyStore
from survey.study.models import Wave


@dataclass(frozen=True, slots=True)
class ContactRow:
    """One row of the file. ``number`` is its row in the spreadsheet (from 1), for faults."""

    number: int
    unit_code: str
    email: str
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Added:
    """What was made of a file.

    ``twice`` are addresses in several units: two employments, or a mistake that a person should
    look at; (address, unit codes). ``replaced`` is how many took over the code of an address that
    the mail server had refused. ``merged`` as in ``invitations.Created``.
    """

    contacts: int
    units: int
    replaced: int
    twice: tuple[tuple[str, tuple[str, ...]], ...]
    merged: tuple[object, ...]
    notes: tuple[str, ...] = ()


def read_contacts(raw: bytes) -> list[ContactRow]:
    """Read a CSV file with unit_code, email and (if wanted) language; Norwegian names will do.

    Raises InvalidInput with every fault at once, TooLarge.
    """
    raise NotImplementedError


def add_contacts(
    session: Session,
    secret: Secret,
    keys: KeyStore,
    wave: Wave,
    rows: Sequence[ContactRow],
    *,
    actor: str = "cli",
) -> Added:
    """Invite the people of ``rows``: an invitation for each, bound to the address.

    Raises InvalidInput with every fault at once (unknown unit, no address, an address twice in one
    unit), Conflict when the wave takes nobody.
    """
    raise NotImplementedError
