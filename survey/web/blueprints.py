"""The web's parts, and what they all share."""

from __future__ import annotations

from functools import partial
from importlib import import_module
from typing import Any

from flask import Flask, url_for

from survey.access import guard
from survey.core.services import services
from survey.web import catalogue, faults
from survey.web.base import errors, forms, headers, look, menu

PARTS = (
    "survey.web.base.views",
    "survey.web.base.accessibility",
    "survey.web.account.views",
    "survey.web.account.two_factor",
    "survey.web.account.password",
    "survey.web.account.oidc",
    "survey.web.unit.views",
    "survey.web.unit.followup",
    "survey.web.staff.views",
    "survey.web.staff.studies",
    "survey.web.staff.preview",
    "survey.web.staff.waves",
    "survey.web.staff.release",
    "survey.web.staff.reports",
    "survey.web.staff.organisation",
    "survey.web.staff.unit_pages",
    "survey.web.staff.reorganisations",
    "survey.web.staff.moderation",
    "survey.web.staff.people",
    "survey.web.staff.api_keys",
    "survey.web.staff.events",
    "survey.web.staff.invitations",
    "survey.web.staff.letters",
    "survey.web.answer.views",
)
"""Modules that each define ``bp``."""


def register(app: Flask) -> None:
    """Put the pages on ``app``; guard, headers, languages and error pages with them."""
    guard.install(app)
    catalogue.install(app)
    faults.install(app)
    app.extensions["error_page"] = errors.page
    app.after_request(forms.remember)
    app.after_request(headers.add)
    app.jinja_env.globals.update(asset=look.asset, form_token=forms.form_token)
    app.jinja_options = {**app.jinja_options, "autoescape": True}
    app.context_processor(_frame)
    if "static" in app.view_functions:
        guard.access("public")(app.view_functions["static"])
    for name in PARTS:
        app.register_blueprint(import_module(name).bp)


def _frame() -> dict[str, Any]:
    visitor = guard.visitor()
    return {
        "visitor": visitor,
        "menu_links": partial(menu.links, visitor),
        "demo": services().settings.demo,
        "theme": look.THEME if look.built(look.THEME) else "",
        "home_address": url_for("unit.mine") if visitor else url_for("base.start"),
    }
