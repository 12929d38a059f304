"""Error pages in the reader's language. The status was decided in ``survey.api.problems``."""

from __future__ import annotations

from urllib.parse import urlencode

from flask import Response, g, make_response, redirect, render_template, request
from werkzeug.exceptions import HTTPException

from survey.access import guard
from survey.core.errors import Fault, SurveyError
from survey.web import catalogue

_TOLD_TO_STAFF = (400, 409, 413, 422)


def page(
    status: int, detail: str, faults: tuple[Fault, ...], error: SurveyError | HTTPException
) -> Response:
    """The page for an error. Whoever must sign in first is sent there and comes back."""
    if isinstance(request.routing_exception, HTTPException) and status == 400:
        # A forged host: no address can be built for it, and none should be.
        return Response(f"{detail}\n", status, mimetype="text/plain")
    if status == 401 and request.method in guard.SAFE:
        query = urlencode({"next": request.full_path.rstrip("?")})
        return make_response(redirect(f"/logg-inn?{query}", 303))
    if status >= 500:
        g.setdefault("principal", None)  # whatever broke may break again when it is asked
    key = f"base.error_{status}"
    if key.removeprefix("base.") not in catalogue.catalogue("base", catalogue.language()):
        key = "base.error_400" if status < 500 else "base.error_500"
    staff = _is_staff(status)
    body = render_template(
        "base/error.html",
        key=key,
        status=status,
        detail=detail if staff and isinstance(error, SurveyError) else "",
        faults=faults if staff else (),
    )
    return Response(body, status, mimetype="text/html")


def _is_staff(status: int) -> bool:
    """True when the service's own words help: to staff, about something that they sent."""
    if status not in _TOLD_TO_STAFF or "principal" not in g or g.principal is None:
        return False
    return "staff" in g.principal.roles
