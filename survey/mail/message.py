"""A mail before it is addressed to a server: what a renderer makes."""

from __future__ import annotations

from dataclasses import dataclass

from survey.core.languages import DEFAULT


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail to one person. ``text`` and ``html`` say the same; ``subject`` is one line.

    ``token`` leads a delivery report back to a row ('' when nobody will ask).
    """

    to: str
    subject: str
    text: str
    html: str
    kind: str
    token: str = ""
    language: str = DEFAULT
