"""Addresses that mails point to: made from the settings, never from a request."""

from __future__ import annotations

from urllib.parse import quote, urlsplit

from survey.core.config import Settings
from survey.core.errors import ConfigurationError, Fault


def link(settings: Settings, *parts: str) -> str:
    """The service's own address with these parts of a path behind it.

    Raises ConfigurationError when the base address is not one of the hosts that are answered: a
    mail would send people elsewhere.
    """
    place = urlsplit(settings.base_url)
    if place.netloc not in settings.hosts and place.hostname not in settings.hosts:
        raise ConfigurationError(
            "No mail with a link can be sent.",
            [
                Fault(
                    "SURVEY_BASE_URL",
                    f"its host {place.netloc} is not among SURVEY_ALLOWED_HOSTS.",
                    "Make the two agree.",
                )
            ],
        )
    return "/".join([settings.base_url, *(quote(part, safe="") for part in parts)])
