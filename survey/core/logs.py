"""Logs: one JSON object a line, with route templates instead of paths.

What is never written: a path or query (codes and tokens stand in them), a code, the address of a
caller, the parameters of an SQL statement, or a line for each request of somebody who answers.
Libraries log through the same handler; where one of them interpolates a path or an address, its
message is written without its arguments.
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable
from typing import Any

import flask
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from survey.core.config import Settings, load
from survey.core.errors import ConfigurationError

QUIET = ("werkzeug", "weasyprint", "fontTools", "kombu", "amqp", "alembic")
HARMLESS = (
    "Starting gunicorn",
    "Listening at",
    "Using worker",
    "Booting worker",
    "Handling signal",
    "Worker exiting",
    "Shutting down",
    "Worker (pid:%s) was sent",
)


def configure(settings: Settings) -> None:
    """Send everything that is logged to standard error, in the format of the settings."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    if settings.log_format == "json":
        last: list[Processor] = [
            structlog.processors.ExceptionRenderer(
                structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
            ),
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ]
    else:
        last = [structlog.dev.ConsoleRenderer(colors=False, exception_formatter=_plain_traceback)]
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[*shared, _name_of_library],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    handler.addFilter(_without_arguments)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.log_level.upper())
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelNamesMapping()[settings.log_level.upper()]
        ),
        cache_logger_on_first_use=False,
    )


def logger() -> Any:
    """The logger of this service: ``logger().info("event", key=value)``."""
    return structlog.get_logger("survey")


def route_of_request() -> str:
    """The route template of the current request; never its path."""
    rule = flask.request.url_rule
    return rule.rule if rule is not None else "(no route)"


def log_requests(app: flask.Flask, may_leave_trace: Callable[[], bool]) -> None:
    """Write one line for each request that may leave one, when it has been answered."""

    def before() -> None:
        flask.g.started = time.perf_counter()

    def after(response: flask.Response) -> flask.Response:
        if not may_leave_trace():
            return response
        started = flask.g.get("started")
        logger().info(
            "request",
            method=flask.request.method,
            route=route_of_request(),
            status=response.status_code,
            ms=None if started is None else round((time.perf_counter() - started) * 1000, 1),
        )
        return response

    app.before_request_funcs.setdefault(None, []).insert(0, before)
    app.after_request(after)


class QuietGunicorn:
    """Gunicorn's logger, for ``logger_class``: no access log, errors through our handler."""

    def __new__(cls, cfg: Any) -> Any:
        """Build a gunicorn logger without handlers of its own."""
        from gunicorn.glogging import Logger

        if not logging.getLogger().handlers:  # gunicorn's first process, which builds no app
            try:
                configure(load())
            except ConfigurationError as error:
                sys.exit(str(error))
        gunicorn_logger = Logger(cfg)
        for log in (gunicorn_logger.error_log, gunicorn_logger.access_log):
            log.handlers[:] = []
            log.propagate = True
        gunicorn_logger.access_log.setLevel(logging.CRITICAL + 1)
        gunicorn_logger.error_log.setLevel(logging.NOTSET)
        return gunicorn_logger


def _without_arguments(record: logging.LogRecord) -> bool:
    """Gunicorn puts paths and addresses into its messages; keep only the words around them."""
    if record.name.startswith("gunicorn") and not str(record.msg).startswith(HARMLESS):
        record.args = ()
        record.msg = str(record.msg).replace("%s", "…")
    return True


def _name_of_library(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    record = event.get("_record")
    if record is not None:
        event["logger"] = record.name
    return event


def _plain_traceback(sio: Any, exc_info: Any) -> None:
    structlog.dev.plain_traceback(sio, exc_info)
