"""The form token of people who have not signed in: a random cookie and its keyed hash in the form.

Signed-in people have a token of their session, which the guard checks.
"""

from __future__ import annotations

import secrets

from flask import Response, g, request

from survey.access.sessions import same
from survey.core.errors import Forbidden
from survey.core.services import services

_PURPOSE = "form-token"


def cookie_name() -> str:
    """Name of the cookie, bound to this host over TLS."""
    return "__Host-form" if services().settings.secure else "form"


def form_token() -> str:
    """The token for a form on the page being made; makes sure that the cookie goes with it."""
    if "form_cookie" not in g:
        g.form_cookie = request.cookies.get(cookie_name()) or ""
        if len(g.form_cookie) != 43:
            g.form_cookie = g.new_form_cookie = secrets.token_urlsafe(32)
    return services().secret.hash(_PURPOSE, g.form_cookie.encode()).hex()


def check_form_token() -> None:
    """Raise Forbidden unless the form came from a page that this browser was given."""
    cookie = request.cookies.get(cookie_name(), "")
    expected = services().secret.hash(_PURPOSE, cookie.encode()).hex() if cookie else ""
    if not same(request.form.get("csrf", ""), expected):
        raise Forbidden("form_expired_reload")


def remember(response: Response) -> Response:
    """After the request: hand out the cookie that a form on the page needs."""
    if "new_form_cookie" in g:
        response.set_cookie(
            cookie_name(),
            g.new_form_cookie,
            secure=services().settings.secure,
            httponly=True,
            samesite="Lax",
        )
    return response
