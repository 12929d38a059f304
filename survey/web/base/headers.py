"""What every answer says to browsers and caches, unless a view said something else."""

from __future__ import annotations

import gzip
from functools import cache
from importlib import resources

from flask import Response, request

from survey.core.services import services

CONTENT_SECURITY = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)
# The host at most: a path may hold a code or a one-time link.
REFERRER = "strict-origin"
PERMISSIONS = "camera=(), geolocation=(), microphone=(), payment=(), usb=()"

COMPRESSED = ("text/css", "text/javascript", "image/svg+xml")
"""Static files only: pages hold secrets beside what visitors type (BREACH)."""


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
        if response.mimetype == "font/woff2":  # named by a stylesheet, which knows no digest
            headers["Cache-Control"] = "public, max-age=604800"
        elif response.status_code == 200 and response.mimetype in COMPRESSED:
            _compress(response)
    else:
        headers.setdefault("Cache-Control", "no-store")
        response.vary.update(("Cookie", "Accept-Language"))
    return response


def _compress(response: Response) -> None:
    """Send a static file gzipped to those who take it: plotly.js is a third of its size then."""
    response.vary.add("Accept-Encoding")
    if not request.accept_encodings["gzip"] or "Range" in request.headers:
        return
    name = (request.view_args or {})["filename"]
    response.close()  # the open file, which is not read now
    response.direct_passthrough = False
    response.set_data(_gzipped(name, response.get_etag()[0] or ""))
    response.headers["Content-Encoding"] = "gzip"
    response.headers.pop("ETag", None)


@cache
def _gzipped(name: str, etag: str) -> bytes:
    """The file as gzip, once for each state of it."""
    content = (resources.files("survey.web") / "static" / name).read_bytes()
    return gzip.compress(content, 9, mtime=0)
