"""Who asks, as plain data: a signed-in person or a program's key."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from survey.core.languages import DEFAULT

ROLES = ("staff", "manager", "auditor")

SCOPES = {
    "organisations:read": "read the organisation and its units",
    "organisations:write": "import and change units",
    "studies:read": "read studies, waves and participation",
    "studies:write": "create and change studies",
    "waves:write": "create, open and close waves",
    "invitations:write": "create invitations",
    "invitations:export": "fetch codes, once",
    "responses:import": "bring in an earlier measurement",
    "releases:read": "read released results",
    "followup:read": "read units' actions, choices and targets",
    "followup:write": "make and change units' actions, choices and targets",
    "reports:write": "have reports made, and fetch them",
    "people:read": "read people, their roles and sessions",
    "people:write": "create managers and auditors, withdraw roles, end sessions",
    "api-keys:write": "list, create and revoke keys with no more than the own scopes",
    "audit:read": "read the event log",
}
"""What an API key may be allowed, with the words that the documentation uses."""

KEPT_APART = (frozenset({"invitations:write", "invitations:export"}),)
"""Scopes that one key must not have together: a program that makes codes and reads them can answer
as several."""


@dataclass(frozen=True, slots=True)
class Principal:
    """A person (``kind`` "person") or a key ("key") of one organisation.

    ``units`` are the ids of the units that a manager leads; those below come with them.
    ``csrf`` is the session's form token, ``session`` its reference; ``provider`` names the OpenID
    provider that vouched for the person, ``strong`` says that a second factor was given.
    """

    kind: str
    id: int
    organisation_id: int
    organisation_code: str
    organisation_name: str
    name: str
    language: str = DEFAULT
    roles: frozenset[str] = field(default=frozenset())
    units: frozenset[int] = field(default=frozenset())
    scopes: frozenset[str] = field(default=frozenset())
    csrf: str = ""
    session: str = ""
    last_used_at: datetime | None = None
    provider: str | None = None
    strong: bool = False

    @property
    def actor(self) -> str:
        """How the event log names this principal."""
        return f"{self.kind}:{self.id}"
