"""Every route declares who may use it; what declares nothing is denied.

>>> @bp.get("/stab/<org>")
... @access("staff")
... def overview(org: str) -> str: ...

Put ``@access`` directly above the function (below ``@bp.route`` and flask-smorest's decorators) or
on the methods of a MethodView. Names in the address mean the same everywhere: ``org`` an
organisation's code, ``study`` a study's, ``ordinal`` a wave's, ``unit`` a unit's code.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal, TypeVar, cast
from urllib.parse import urlsplit

from flask import Flask, current_app, g, redirect, request
from werkzeug.exceptions import BadRequest
from werkzeug.wrappers import Response

from survey.access import api_keys, sessions, unit_access
from survey.access.principal import SCOPES, Principal
from survey.core.config import Settings
from survey.core.db import now
from survey.core.errors import Forbidden, NotFound, Unauthenticated, say
from survey.core.services import services

Kind = Literal["public", "respondent", "signed_in", "staff", "manager_of_unit", "auditor", "api"]
"""
- ``public``: anybody.
- ``respondent``: whoever holds a code; the view itself checks it.
- ``signed_in``: a person with a session.
- ``staff``: innovation staff of the organisation in the address (of their own when it names none).
- ``manager_of_unit``: who leads the unit in the address or one above it; staff and auditors too.
- ``auditor``: auditors and staff; reads only.
- ``api``: a program's key with the scope, of the organisation in the address.
"""

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
DEFAULT_BODY = 256 * 1024
LARGEST_ID = 2**53 - 1
CSRF_FIELD = "csrf"
CSRF_HEADER = "X-CSRF-Token"
_ATTRIBUTE = "__survey_access__"
SECOND_FACTOR_PAGE = "/min-side/totrinn"
AWAKE = timedelta(minutes=2)
"""How exactly the last use of a session is known."""

_FORMS = {"application/x-www-form-urlencoded", "multipart/form-data"}
_HOSTLESS = frozenset({"/healthz", "/readyz", "/metrics"})

View = TypeVar("View", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Rule:
    """What one view declares."""

    kind: Kind
    scopes: tuple[str, ...] = ()
    max_body: int = DEFAULT_BODY
    weak: bool = False


def access(
    kind: Kind, *scopes: str, max_body: int = DEFAULT_BODY, weak: bool = False
) -> Callable[[View], View]:
    """Declare who may use a view. ``api``, and only it, names scopes; a key needs one of them.

    ``max_body`` is the largest request body in bytes; more is answered with 413. ``weak`` lets in
    staff who still lack the second factor that the settings ask for: to set one up, and to leave.
    """
    if (kind == "api") != bool(scopes) or not set(scopes) <= set(SCOPES):
        raise ValueError(f"access({kind!r}, {scopes!r}): api needs some of {sorted(SCOPES)}")
    rule = Rule(kind, scopes, max_body, weak)

    def decorate(view: View) -> View:
        setattr(view, _ATTRIBUTE, rule)
        if kind == "api":
            # flask-smorest hands this on to the OpenAPI document.
            vars(view).setdefault("_apidoc", {})["access"] = scopes
        return view

    return decorate


def rule_of(app: Flask, endpoint: str, method: str) -> Rule | None:
    """What the view behind ``endpoint`` declares for ``method``; None when it declares nothing."""
    view = app.view_functions[endpoint]
    view_class = getattr(view, "view_class", None)
    if view_class is None:
        return cast("Rule | None", getattr(view, _ATTRIBUTE, None))
    name = "get" if method == "HEAD" and not hasattr(view_class, "head") else method.lower()
    function = getattr(view_class, name, None)
    declared = getattr(function, _ATTRIBUTE, None) or getattr(view_class, _ATTRIBUTE, None)
    return cast("Rule | None", declared)


def declarations(app: Flask) -> Iterator[tuple[str, str, str, Rule | None]]:
    """(address template, endpoint, method, rule) of every route and method of the application."""
    for url in app.url_map.iter_rules():
        for method in sorted(url.methods or ()):
            yield url.rule, url.endpoint, method, rule_of(app, url.endpoint, method)


def may_leave_trace() -> bool:
    """True when the present request may be a line in the log and count in a metric.

    Who answers leaves neither: its time would be that of an answer. Nor do the pages and files that
    anybody may read, which a respondent's browser asks for as well (the start page that posters
    name, styles, fonts, addresses that were mistyped).
    """
    if request.url_rule is None:
        return False
    rule = rule_of(current_app, request.url_rule.endpoint, request.method)
    if rule is None or rule.kind == "respondent":
        return False
    return rule.kind != "public" or request.method not in SAFE


def install(app: Flask) -> None:
    """Enforce the declarations on ``app``, whose ``extensions["survey"]`` are the services."""
    app.config["PROVIDE_AUTOMATIC_OPTIONS"] = False  # no other site's scripts have business here
    app.before_request(_enforce)


def principal() -> Principal:
    """Who asks. Raises Unauthenticated when nobody has signed in."""
    asker = visitor()
    if asker is None:
        raise Unauthenticated("sign_in_first")
    return asker


def visitor() -> Principal | None:
    """Who asks, or None. Read from the database once per request, and only when asked for."""
    if "principal" not in g:
        g.principal = _identify()
    return cast("Principal | None", g.principal)


def session_cookie(settings: Settings) -> str:
    """Name of the session's cookie; the ``__Host-`` prefix binds it to this host over TLS."""
    return "__Host-session" if settings.secure else "session"


def _identify() -> Principal | None:
    parts = services()
    if request.path.startswith("/api/"):
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            return None
        with parts.db.reading() as session:
            return api_keys.find(session, parts.secret, token.strip())
    cookie = request.cookies.get(session_cookie(parts.settings))
    if not cookie:
        return None
    idle = timedelta(minutes=parts.settings.session_idle_minutes)
    with parts.db.reading() as session:
        return sessions.find(session, parts.secret, cookie, idle)


def _enforce() -> Response | None:
    _check_host()
    if request.url_rule is None:
        return None  # Flask answers 404 or 405 by itself
    arguments = request.view_args or {}
    if any(isinstance(value, int) and value > LARGEST_ID for value in arguments.values()):
        raise NotFound("no_such_page")  # no database could look it up
    rule = rule_of(current_app, request.url_rule.endpoint, request.method)
    if rule is None:
        raise Forbidden("this_address_is_not_open_to_anybody")
    request.max_content_length = rule.max_body
    _check_texts()
    if request.method not in SAFE:
        _check_origin()
    if rule.kind in ("public", "respondent"):
        return None
    who = principal()
    _check_person(rule, who)
    if rule.kind == "api":
        return None
    if request.method not in SAFE:
        _check_csrf(who)
    _keep_awake(who)
    if rule.weak or not lacks_factor(who):
        return None
    # Flask's own redirect: this room knows no page but this address.
    return redirect(SECOND_FACTOR_PAGE, 303)


def _check_texts() -> None:
    """NUL: PostgreSQL refuses it, SQLite stores what nobody finds. JSON is read strictly."""
    texts = [request.path, *request.args.values()]
    if request.mimetype in _FORMS and not request.path.startswith("/api/"):
        texts += request.form.values()
    if any("\0" in text for text in texts):
        raise BadRequest("A text holds a character that cannot be stored.")


def lacks_factor(who: Principal) -> bool:
    """True for innovation staff without a second factor, where the settings ask for one."""
    wanted = services().settings.staff_second_factor
    return wanted and who.kind == "person" and "staff" in who.roles and not who.strong


def _keep_awake(who: Principal) -> None:
    """Note now and then that the session is in use; every request would be a write too many."""
    if who.last_used_at is None or now() - who.last_used_at < AWAKE:
        return
    parts = services()
    cookie = request.cookies.get(session_cookie(parts.settings), "")
    with parts.db.transaction() as session:
        sessions.touch(session, parts.secret, cookie)


def _check_person(rule: Rule, who: Principal) -> None:
    arguments = request.view_args or {}
    if "org" in arguments and arguments["org"] != who.organisation_code:
        raise NotFound("no_such_page")
    if rule.kind == "api":
        if not who.scopes & set(rule.scopes):
            raise Forbidden(say("this_key_lacks_scope", rule=" or ".join(rule.scopes)))
    elif rule.kind == "staff":
        if "staff" not in who.roles:
            raise Forbidden("this_page_is_for_innovation_staff")
    elif rule.kind == "auditor":
        if not who.roles & {"staff", "auditor"}:
            raise Forbidden("this_page_is_for_auditors")
    elif rule.kind == "manager_of_unit" and not who.roles & {"staff", "auditor"}:
        with services().db.reading() as session:
            if not unit_access.leads(session, who, str(arguments.get("unit", ""))):
                raise NotFound("no_such_page")


def _check_host() -> None:
    """A forged Host header must reach no link, no mail and no cached page."""
    if request.path in _HOSTLESS or _name(request.host) in map(_name, services().settings.hosts):
        return
    raise BadRequest("This service does not answer under that host name.")


def _name(host: str) -> str:
    """A host without its port: which port is asked says nothing about who asks."""
    return host.rpartition(":")[0].lower() if re.search(r":\d+$", host) else host.lower()


def _check_origin() -> None:
    """A browser names where a form came from; another site's is refused before anything else."""
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        raise Forbidden("form_came_from_another_site")
    origin = request.headers.get("Origin", "null")
    if origin != "null" and urlsplit(origin).netloc != request.host:
        raise Forbidden("form_came_from_another_site")


def _check_csrf(who: Principal) -> None:
    sent = request.headers.get(CSRF_HEADER) or request.form.get(CSRF_FIELD, "")
    if not sessions.same(sent, who.csrf):
        raise Forbidden("form_expired_go_back")
