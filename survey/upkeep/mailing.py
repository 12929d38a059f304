"""Sends what waits in the outbox, and writes down what came of it."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import cast

from sqlalchemy.orm import Session

from survey.jobs.models import Outbox
from survey.upkeep.mail.message import Mail
from survey.upkeep.services import Services

__all__ = ["RENDERERS", "Mail", "Renderer"]

Renderer = Callable[[Session, Services, Outbox], Mail | None]
"""Runs inside a write transaction right before sending; it may make a one-time token there,
because only hashes are stored. None: there is nothing to send any more."""


def _later(module: str, function: str) -> Renderer:
    """A renderer of a module that imports this one."""

    def render(session: Session, parts: Services, row: Outbox) -> Mail | None:
        found = getattr(importlib.import_module(module), function)
        return cast(Renderer, found)(session, parts, row)

    return render


RENDERERS: dict[str, Renderer] = {
    "person_invitation": _later("survey.upkeep.access_mails", "person_invitation"),
    "password_reset": _later("survey.upkeep.access_mails", "password_reset"),
}
