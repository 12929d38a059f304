"""The settings of a process that starts: the variables, and the files that they name."""

from __future__ import annotations

from collections.abc import Mapping

from survey.access import oidc_settings
from survey.core import config
from survey.core.config import Settings
from survey.core.errors import ConfigurationError


def load(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings (default: of the environment) and check the file of OpenID providers.

    Raises ConfigurationError with every fault of both at once.
    """
    values, faults = config.read(environ)
    try:
        oidc_settings.load(values.get("oidc_file"))
    except ConfigurationError as error:
        faults += error.faults
    return config.made_of(values, faults)
