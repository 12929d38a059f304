"""Addresses that mails point to: made from the settings, never from a request."""

from __future__ import annotations

from urllib.parse import quote, urlsplit

from survey.core.config import Settings
from survey.core.errors import ConfigurationError, Fault, say


def link(settings: Settings, *parts: str) -> str:
    """The service's own address with these parts of a path behind it.

    Raises ConfigurationError when the base address is not one of the hosts that are answered: a
    mail would send people elsewhere.
    """
    place = urlsplit(settings.base_url)
    if place.netloc not in settings.hosts and place.hostname not in settings.hosts:
        raise ConfigurationError(
            "no_mail_with_link_can_be_sent",
            [
                Fault(
                    "SURVEY_BASE_URL",
                    say("host_is_not_among_survey_allowed_hosts", netloc=place.netloc),
                    "make_two_agree",
                )
            ],
        )
    return "/".join([settings.base_url, *(quote(part, safe="") for part in parts)])
