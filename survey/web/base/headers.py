"""What every answer says to browsers and caches, unless a view said something else."""

from __future__ import annotations

from flask import Response, request

from survey.upkeep.services import services

CONTENT_SECURITY = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)
# The host at most: a path may hold a code or a one-time link.
REFERRER = "strict-origin"
PERMISSIONS = "camera=(), geolocation=(), microphone=(), payment=(), usb=()"


def add(response: Response) -> Response:
    """Add the headers; the pages of signed-in people and errors are stored nowhere."""
    headers = response.headers
    headers.setdefault("Content-Security-Policy", CONTENT_SECURITY)
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("Referrer-Policy", REFERRER)
    headers.setdefault("Permissions-Policy", PERMISSIONS)
    headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
    if services().settings.secure:
        headers.setdefault("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
    if request.endpoint == "static" and response.status_code in (200, 304):
        # The address holds a digest of the content, so it never goes stale.
        versioned = "v" in request.args
        headers["Cache-Control"] = (
            "public, max-age=31536000, immutable" if versioned else "no-cache"
        )
    else:
        headers.setdefault("Cache-Control", "no-store")
        response.vary.update(("Cookie", "Accept-Language"))
    return response
