"""What every way of signing in ends with: a session's cookie, or the question for the second
factor."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from flask import redirect, request, url_for
from werkzeug.wrappers import Response

from survey.access import guard, sealed_tokens
from survey.access.sessions import device_label
from survey.access.signin import Pending
from survey.core.services import services

MINUTES = 10
"""How long somebody may take between the first factor and the second, or at a provider."""


def admit(outcome: str | Pending, destination: str) -> Response:
    """Hand the browser its session and send it on, or have it give the second factor first."""
    if isinstance(outcome, Pending):
        response = redirect(url_for("factor.ask"), 303)
        keep(response, "factor", {**outcome.as_dict(), "next": destination})
        return response
    settings = services().settings
    response = redirect(destination, 303)
    response.set_cookie(
        guard.session_cookie(settings),
        outcome,
        max_age=settings.session_hours * 3600,
        secure=settings.secure,
        httponly=True,
        samesite="Lax",
    )
    return response


def keep(response: Response, name: str, value: dict[str, Any]) -> None:
    """Have the browser keep something for us for a few minutes, sealed."""
    parts = services()
    response.set_cookie(
        _cookie(name),
        sealed_tokens.seal(parts.secret, f"cookie:{name}", value, MINUTES),
        max_age=MINUTES * 60,
        secure=parts.settings.secure,
        httponly=True,
        samesite="Lax",
    )


def kept(name: str) -> dict[str, Any] | None:
    """What the browser kept; None when it has nothing of ours, or it is too old."""
    text = request.cookies.get(_cookie(name), "")
    return sealed_tokens.open_sealed(services().secret, f"cookie:{name}", text) if text else None


def drop(response: Response, name: str) -> None:
    """Have the browser forget what it kept."""
    secure = services().settings.secure
    response.delete_cookie(_cookie(name), secure=secure, httponly=True, samesite="Lax")


def device() -> str:
    """A rough label of the browser that asks."""
    return device_label(request.headers.get("User-Agent", "")[:400])


def session_token() -> str | None:
    """The token of the session that the browser has, if any."""
    return request.cookies.get(guard.session_cookie(services().settings))


def destination(wanted: str | None) -> str:
    """A place on this service, or the reader's own units: never another host."""
    if wanted and wanted.startswith("/") and not any(mark in wanted for mark in "\\\r\n\t"):
        parts = urlsplit(wanted)
        if not parts.netloc and not parts.scheme and not wanted.startswith("//"):
            return wanted
    return url_for("unit.mine")


def _cookie(name: str) -> str:
    """Its name, bound to this host over TLS."""
    return f"__Host-{name}" if services().settings.secure else name
