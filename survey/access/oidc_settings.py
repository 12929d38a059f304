"""The OpenID Connect providers of a service, from the TOML file of ``SURVEY_OIDC_FILE``.

One table a provider; its name stands in addresses (``/logg-inn/<name>``). docs/sign-in.md describes
every key. All faults are told at once, and the service does not start with one.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from survey.core.errors import ConfigurationError, Fault, Message, say
from survey.core.languages import DEFAULT, LANGUAGES

_NAME = re.compile(r"[a-z][a-z0-9-]{0,30}")
_TAKEN = frozenset({"kode"})
_ENTRA = "login.microsoftonline.com"
_ANY_TENANT = frozenset({"common", "organizations", "consumers"})
LOCAL = frozenset({"127.0.0.1", "localhost", "::1"})

Trust = Literal["claim", "provider", "never"]


@dataclass(frozen=True, slots=True)
class Provider:
    """One provider. ``labels`` are its names for people, by language."""

    name: str
    labels: Mapping[str, str]
    issuer: str
    client_id: str
    client_secret: str = field(repr=False, default="")
    client_auth: str = "client_secret_basic"
    discovery_url: str = ""
    scopes: tuple[str, ...] = ("openid", "email")
    email_claim: str = "email"
    email_trust: Trust = "claim"
    email_domains: tuple[str, ...] = ()
    acr_values: tuple[str, ...] = ()
    tenant: str = ""
    organisations: tuple[str, ...] = ()
    second_factor: bool = False

    @property
    def discovery(self) -> str:
        """Where the provider describes itself."""
        return self.discovery_url or f"{self.issuer.rstrip('/')}/.well-known/openid-configuration"

    def label(self, language: str) -> str:
        """What the provider is called on the pages."""
        return self.labels.get(language) or self.labels[DEFAULT]


def load(path: Path | None) -> dict[str, Provider]:
    """The providers by name, in the order of the file; none without a file.

    Raises ConfigurationError with every fault of the file at once.
    """
    if path is None:
        return {}
    try:
        tables = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise ConfigurationError(
            "openid_providers_cannot_be_read",
            [Fault("SURVEY_OIDC_FILE", say("as_told", error=error))],
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            "openid_providers_cannot_be_read", [Fault(str(path), say("no_toml", error=error))]
        ) from error
    faults: list[Fault] = []
    providers = {}
    for name, table in tables.items():
        place = f"{path.name}: {name}"
        if not _NAME.fullmatch(name) or name in _TAKEN or not isinstance(table, dict):
            fault = Fault(place, "bad_table_name")
            faults.append(fault)
            continue
        reading = _Reading(place, table, path.parent)
        providers[name] = reading.provider(name)
        faults += reading.faults
    issuers = [provider.issuer for provider in providers.values()]
    faults += [
        Fault(f"{path.name}: {name}", "issuer_of_another_provider")
        for name, provider in providers.items()
        if issuers.count(provider.issuer) > 1
    ]
    if faults:
        raise ConfigurationError("openid_providers_are_not_right", faults)
    return providers


class _Reading:
    """One table on its way to a provider; ``faults`` collects what is wrong with it."""

    def __init__(self, place: str, table: Mapping[str, Any], folder: Path) -> None:
        self.faults: list[Fault] = []
        self._place = place
        self._table = dict(table)
        self._folder = folder

    def provider(self, name: str) -> Provider:
        labels = self._labels(name)
        provider = Provider(
            name=name,
            labels=labels,
            issuer=self._address("issuer", needed=True),
            client_id=self._text("client_id", needed=True),
            client_secret=self._secret(),
            client_auth=self._one_of(
                "client_auth", ("client_secret_basic", "client_secret_post"), "client_secret_basic"
            ),
            discovery_url=self._address("discovery_url"),
            scopes=self._texts("scopes") or ("openid", "email"),
            email_claim=self._text("email_claim") or "email",
            email_trust=self._trust(),
            email_domains=tuple(domain.lower() for domain in self._texts("email_domains")),
            acr_values=self._texts("acr_values"),
            tenant=self._text("tenant"),
            organisations=self._texts("organisations"),
            second_factor=self._flag("second_factor"),
        )
        for key in self._table:
            self._fault(key, "no_setting_of_provider")
        if "openid" not in provider.scopes:
            provider = replace(provider, scopes=("openid", *provider.scopes))
        self._check_entra(provider)
        return provider

    def _check_entra(self, provider: Provider) -> None:
        parts = urlsplit(provider.issuer)
        if parts.hostname != _ENTRA:
            return
        tenant = parts.path.strip("/").partition("/")[0]
        if tenant in _ANY_TENANT:
            self._fault("issuer", "issuer_of_every_tenant")
        elif provider.tenant != tenant:
            self._fault("tenant", "must_be_tenant_id_that_stands_in_issuer")

    def _labels(self, name: str) -> Mapping[str, str]:
        value = self._table.pop("label", name)
        if isinstance(value, str) and value.strip():
            return {DEFAULT: value.strip()}
        good = isinstance(value, dict) and DEFAULT in value and set(value) <= set(LANGUAGES)
        if good and all(isinstance(label, str) and label.strip() for label in value.values()):
            return dict(value)
        self._fault("label", "must_be_text_or_texts_by_language")
        return {DEFAULT: name}

    def _secret(self) -> str:
        file_name = self._text("client_secret_file", needed=True)
        if not file_name:
            return ""
        path = self._folder / Path(file_name).expanduser()
        try:
            secret = path.read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError):
            secret = ""
        if not secret:
            self._fault("client_secret_file", say("cannot_be_read_or_is_empty", path=path))
        return secret

    def _address(self, key: str, *, needed: bool = False) -> str:
        value = self._text(key, needed=needed)
        if value and not is_safe(value):
            self._fault(key, "must_be_address_that_begins_with_https")
        return value

    def _trust(self) -> Trust:
        value = self._one_of("email_trust", ("claim", "provider", "never"), "claim")
        return "provider" if value == "provider" else "never" if value == "never" else "claim"

    def _text(self, key: str, *, needed: bool = False) -> str:
        value = self._table.pop(key, "")
        if not isinstance(value, str):
            self._fault(key, "must_be_text")
            return ""
        if needed and not value.strip():
            self._fault(key, "needed")
        return value.strip()

    def _texts(self, key: str) -> tuple[str, ...]:
        value = self._table.pop(key, [])
        if not isinstance(value, list) or not all(isinstance(e, str) and e.strip() for e in value):
            self._fault(key, "must_be_list_of_texts")
            return ()
        return tuple(value)

    def _one_of(self, key: str, words: tuple[str, ...], default: str) -> str:
        value = self._text(key) or default
        if value not in words:
            self._fault(key, say("must_be_one_of", words=", ".join(words)))
            return default
        return value

    def _flag(self, key: str) -> bool:
        value = self._table.pop(key, False)
        if not isinstance(value, bool):
            self._fault(key, "must_be_true_or_false")
            return False
        return value

    def _fault(self, key: str, what: Message | str) -> None:
        self.faults.append(Fault(f"{self._place}.{key}", what))


def is_safe(address: str) -> bool:
    """True for https, and for http on this machine (development and tests)."""
    parts = urlsplit(address)
    if parts.scheme == "http":
        return parts.hostname in LOCAL
    return parts.scheme == "https" and bool(parts.hostname)
