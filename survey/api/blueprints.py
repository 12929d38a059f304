"""The API's resources, put together under ``/api/v1``."""

from __future__ import annotations

from importlib import import_module

from flask import Flask

from survey.access.principal import SCOPES
from survey.api import problems
from survey.api.base import Api
from survey.api.fields import storable

RESOURCES = (
    "survey.api.docs",
    "survey.api.people",
    "survey.api.sessions",
    "survey.api.api_keys",
    "survey.api.organisations",
    "survey.api.studies",
    "survey.api.waves",
    "survey.api.invitations",
    "survey.api.answers",
    "survey.api.credentials",
    "survey.api.releases",
    "survey.api.followup",
    "survey.api.reports",
    "survey.api.tasks",
)
"""Modules that each define ``blp``."""

DESCRIPTION = """Everything that the pages do can be done by programs here.

Programs sign in with a key: `Authorization: Bearer <key>`. A key belongs to one organisation and
has scopes; `survey api-key create` makes one. Respondents' answers need no key but a code.
Errors are `application/problem+json` (RFC 9457) and name every fault at once by its path."""


def register(app: Flask) -> None:
    """Put the API and the error answers on ``app``."""
    app.config["PROVIDE_AUTOMATIC_OPTIONS"] = False
    problems.install(app)
    app.config.setdefault("API_TITLE", "Innovasjonsbarometeret")
    app.config.setdefault("API_VERSION", "v1")
    app.config.setdefault("OPENAPI_VERSION", "3.1.0")
    api = Api(app, spec_kwargs={"info": {"description": DESCRIPTION}})
    app.extensions["openapi"] = api
    api.ma_plugin.converter.add_attribute_function(storable)
    # OpenAPI 3.1 lets a bearer scheme name what it is for in place of OAuth scopes.
    api.spec.components.security_scheme(
        "key",
        {
            "type": "http",
            "scheme": "bearer",
            "description": "A key's scopes: "
            + "; ".join(f"`{scope}` – {what}" for scope, what in SCOPES.items())
            + ".",
        },
    )
    for name in RESOURCES:
        api.register_blueprint(import_module(name).blp)
