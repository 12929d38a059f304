"""The web application: the one place where its parts meet."""

from __future__ import annotations

import contextlib
import sys
from types import TracebackType

import flask
from werkzeug.middleware.proxy_fix import ProxyFix

from survey.access import guard
from survey.api import blueprints as api
from survey.core import logs, metrics, private_files
from survey.core import services as parts_of_service
from survey.core.config import Settings
from survey.core.errors import ConfigurationError
from survey.core.services import Services
from survey.operations import all_settings, backup, migrate
from survey.web import blueprints as web
from survey.web import health

CANNOT_START = 3
LARGEST_BODY = 12 * 1024 * 1024  # an organisation file or an earlier measurement


class Application(flask.Flask):
    """Flask, but an unhandled error is logged with its route and never with its path."""

    def log_exception(
        self,
        exc_info: tuple[type, BaseException, TracebackType] | tuple[None, None, None],
    ) -> None:
        """Log what went wrong where, without the address that was asked for."""
        logs.logger().error("unhandled error", route=logs.route_of_request(), exc_info=exc_info)


def create_app(settings: Settings | None = None, parts: Services | None = None) -> flask.Flask:
    """Build the application from ``settings`` (default: the environment's).

    ``parts`` are services that exist already (tests); otherwise they are opened here.
    """
    settings = settings or _settings_of_process()
    contexts = contextlib.ExitStack()
    if parts is None:
        private_files.make_private()
        logs.configure(settings)
        parts = parts_of_service.build(settings)
        migrate.require_current(parts.db)
        contexts.enter_context(backup.in_use(settings))
    app = Application("survey", template_folder="web/templates", static_folder="web/static")
    app.extensions["survey"] = parts
    app.extensions["survey.contexts"] = contexts  # held as long as the process lives
    app.config.update(
        SECRET_KEY=parts.secret.text("flask"),
        MAX_CONTENT_LENGTH=LARGEST_BODY,
        MAX_FORM_MEMORY_SIZE=LARGEST_BODY,
        MAX_FORM_PARTS=2000,
        SESSION_COOKIE_SECURE=settings.secure,
        SESSION_COOKIE_SAMESITE="Lax",
        PROPAGATE_EXCEPTIONS=False,
    )
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops)  # type: ignore[method-assign]
    logs.log_requests(app, guard.may_leave_trace)
    metrics.measure_requests(app, guard.may_leave_trace)
    api.register(app)
    web.register(app)
    app.register_blueprint(health.bp)
    return app


def _settings_of_process() -> Settings:
    """The environment's settings; what is wrong with them is printed, and the process ends.

    Gunicorn takes the exit code for a server that cannot start, and stops without trying again.
    """
    try:
        return all_settings.load()
    except ConfigurationError as error:
        print(error, file=sys.stderr)
        sys.exit(CANNOT_START)
