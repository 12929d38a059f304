"""Settings from environment variables, typed and checked before anything starts.

Every variable is named ``SURVEY_…`` and documented in ``docs/settings.md``. An unknown or malformed
one stops the start with its name and what was expected; all faults are told at once.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields
from email.utils import parseaddr
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from survey.core.errors import ConfigurationError, Fault, say
from survey.core.secret_strength import is_weak

PREFIX = "SURVEY_"


def _text(value: str) -> str:
    if not value.strip():
        raise ValueError("some text")
    return value.strip()


def _path(value: str) -> Path:
    return Path(_text(value)).expanduser().absolute()


def _url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.netloc or parts.query or parts.fragment:
        raise ValueError("an address such as https://barometer.example.no")
    return value.rstrip("/")


def _database(value: str) -> str:
    if not value.startswith(("sqlite:///", "postgresql://", "postgresql+psycopg://")):
        raise ValueError("sqlite:////absolute/path.db or postgresql://user@host/name")
    return value


def _hosts(value: str) -> tuple[str, ...]:
    hosts = tuple(part.strip() for part in value.split(",") if part.strip())
    if not hosts or any("/" in host or " " in host for host in hosts):
        raise ValueError("host names separated by commas")
    return hosts


def _flag(value: str) -> bool:
    try:
        return {"1": True, "true": True, "0": False, "false": False}[value.lower()]
    except KeyError:
        raise ValueError("true or false") from None


def _whole(low: int, high: int) -> Callable[[str], int]:
    def parse(value: str) -> int:
        if not value.isascii() or not value.isdigit() or not low <= int(value) <= high:
            raise ValueError(f"a whole number from {low} to {high}")
        return int(value)

    return parse


def _one_of(*words: str) -> Callable[[str], str]:
    def parse(value: str) -> str:
        if value not in words:
            raise ValueError("one of " + ", ".join(words))
        return value

    return parse


def _secret(value: str) -> str:
    if is_weak(value):
        raise ValueError("at least 32 random characters; make them with: openssl rand -hex 32")
    return value


def _mail_address(value: str) -> str:
    name, address = parseaddr(value)
    local, at, domain = address.partition("@")
    plain = value.isascii() or (name and address.isascii())
    if not (plain and local and at and "." in domain) or set(value) & set("\r\n\0"):
        raise ValueError("an e-mail address, or Name <address>")
    return value.strip()


def _envelope(value: str) -> str:
    _mail_address(value.replace("{token}", "token"))
    if "<" in value or value.count("{") > 1:
        raise ValueError("a bare e-mail address; {token} may stand in it once")
    return value.strip()


def _setting(parse: Callable[[str], Any], default: Any, help_text: str) -> Any:
    return field(default=default, metadata={"parse": parse, "help": help_text})


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings. A field ``data_dir`` is read from ``SURVEY_DATA_DIR``."""

    data_dir: Path = _setting(
        _path, Path("var").absolute(), "folder for database, reports and backups"
    )
    database_url: str = _setting(
        _database, "", "SQLite (default: survey.db in the data folder) or PostgreSQL"
    )
    key_dir: Path | None = _setting(
        _path, None, "folder for wave keys, outside database and backups (default: keys in data)"
    )
    escrow_dir: Path | None = _setting(
        _path, None, "folder, kept by a second officer, for copies of the waves' private keys"
    )
    secret_key: str = _setting(
        _secret, "", "secret for sessions and code hashes (default: made in the key folder)"
    )
    base_url: str = _setting(
        _url, "http://127.0.0.1:8000", "address that people use; links and mails are made from it"
    )
    allowed_hosts: tuple[str, ...] = _setting(
        _hosts, (), "host names that are answered (default: the one of the base address)"
    )
    trusted_proxies: int = _setting(
        _whole(0, 5), 0, "how many proxies in front set X-Forwarded-For and -Proto"
    )
    session_hours: int = _setting(_whole(1, 24), 8, "hours until a staff session ends")
    instrument_dir: Path | None = _setting(
        _path, None, "folder with instruments of your own, beside the shipped ones"
    )
    retention_invitation_days: int = _setting(
        _whole(0, 365), 30, "days after a wave closed until its invitations are deleted"
    )
    retention_response_days: int = _setting(
        _whole(30, 3650),
        365,
        "days after a wave's release (if never released: its close) until sheets and texts go",
    )
    jobs: str = _setting(_one_of("embedded", "celery"), "embedded", "who runs background work")
    redis_url: str = _setting(_text, "", "Redis for SURVEY_JOBS=celery")
    processes: int = _setting(_whole(1, 64), 2, "processes that make PDFs")
    log_format: str = _setting(_one_of("json", "console"), "json", "how log lines look")
    log_level: str = _setting(
        _one_of("debug", "info", "warning", "error"), "info", "lowest level that is logged"
    )
    metrics_token: str = _setting(
        _secret, "", "bearer token of /metrics; without one there is no such page"
    )
    session_idle_minutes: int = _setting(
        _whole(5, 24 * 60), 60, "minutes without use until a staff session ends"
    )
    staff_second_factor: bool = _setting(
        _flag, False, "innovation staff must use a second factor; see docs/sign-in.md"
    )
    oidc_file: Path | None = _setting(
        _path, None, "TOML file of OpenID Connect providers to sign in with; see docs/sign-in.md"
    )
    smtp_host: str = _setting(_text, "", "mail server; without one no mail is sent")
    smtp_port: int = _setting(_whole(1, 65535), 587, "its port (usually 587, or 465 with tls)")
    smtp_tls: str = _setting(
        _one_of("starttls", "tls", "none"),
        "starttls",
        "how the way to the mail server is encrypted",
    )
    smtp_user: str = _setting(_text, "", "user name at the mail server, when it asks for one")
    smtp_password: str = _setting(_text, "", "password at the mail server")
    smtp_password_file: Path | None = _setting(_path, None, "file with that password instead")
    mail_from: str = _setting(
        _mail_address, "", "who mails come from: Name <address>; needed with a mail server"
    )
    mail_reply_to: str = _setting(_mail_address, "", "who gets the answers to mails")
    mail_bounce: str = _setting(
        _envelope,
        "",
        "who gets delivery reports (envelope sender; default: the sender); {token} in it, as in "
        "retur+{token}@example.no, marks each mail",
    )
    mail_per_minute: int = _setting(_whole(1, 6000), 60, "how many mails leave in a minute at most")
    bounce_maildir: Path | None = _setting(_path, None, "Maildir folder with delivery reports")
    bounce_imap_host: str = _setting(_text, "", "IMAP server with delivery reports")
    bounce_imap_port: int = _setting(_whole(1, 65535), 993, "its port")
    bounce_imap_tls: str = _setting(
        _one_of("tls", "starttls", "none"), "tls", "how the way to the IMAP server is encrypted"
    )
    bounce_imap_user: str = _setting(_text, "", "user name at the IMAP server")
    bounce_imap_password: str = _setting(_text, "", "password at the IMAP server")
    bounce_imap_password_file: Path | None = _setting(
        _path, None, "file with that password instead"
    )
    bounce_imap_folder: str = _setting(_text, "INBOX", "folder with delivery reports")
    demo: bool = _setting(_flag, False, "marks every page as a demonstration")

    @property
    def database(self) -> str:
        """The database URL with its default filled in."""
        return self.database_url or f"sqlite:///{self.data_dir / 'survey.db'}"

    @property
    def keys(self) -> Path:
        """The folder of wave keys."""
        return self.key_dir or self.data_dir / "keys"

    @property
    def hosts(self) -> tuple[str, ...]:
        """Host names (with port where the base address has one) that may be asked for."""
        return self.allowed_hosts or (urlsplit(self.base_url).netloc,)

    @property
    def secure(self) -> bool:
        """True behind TLS: cookies are Secure and HSTS is sent."""
        return self.base_url.startswith("https://")


def describe() -> list[tuple[str, str, str]]:
    """Every setting as (variable, default as text, help), for docs and ``survey settings``."""
    rows = []
    for item in fields(Settings):
        default = "" if item.default in (None, "", (), MISSING) else str(item.default)
        if isinstance(item.default, Path):
            default = os.path.relpath(item.default)
        rows.append((PREFIX + item.name.upper(), default, item.metadata["help"]))
    return rows


def load(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings from the variables alone; see ``survey.operations.all_settings``.

    Raises ConfigurationError naming every unknown or malformed variable at once.
    """
    return made_of(*read(environ))


def made_of(values: Mapping[str, Any], faults: Sequence[Fault]) -> Settings:
    """The settings of these values; ConfigurationError when there is any fault."""
    if faults:
        raise ConfigurationError("settings_are_not_right_nothing_was_started", faults)
    return Settings(**values)


def read(environ: Mapping[str, str] | None = None) -> tuple[dict[str, Any], list[Fault]]:
    """The values of the variables that are right, by field, and what is wrong with the others."""
    environ = os.environ if environ is None else environ
    known = {PREFIX + item.name.upper(): item for item in fields(Settings)}
    values: dict[str, Any] = {}
    faults: list[Fault] = []
    for name in sorted(name for name in environ if name.startswith(PREFIX)):
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            hint = say("did_you_mean", near=near[0]) if near else say("see_docs_settings_md")
            faults.append(Fault(name, "no_such_setting", hint))
            continue
        item = known[name]
        try:
            values[item.name] = item.metadata["parse"](environ[name])
        except ValueError as error:
            faults.append(Fault(name, say("value_expected", error=error)))
    if values.get("jobs") == "celery" and not values.get("redis_url"):
        faults.append(Fault("SURVEY_REDIS_URL", "needed_when_survey_jobs_celery"))
    return values, faults + _faults_of_mail(values)


def _faults_of_mail(values: Mapping[str, Any]) -> list[Fault]:
    faults = []
    if values.get("smtp_host") and not values.get("mail_from"):
        faults.append(Fault("SURVEY_MAIL_FROM", "needed_when_survey_smtp_host_is_set"))
    local = values.get("smtp_host") in {"localhost", "127.0.0.1", "::1"}
    if values.get("smtp_tls") == "none" and values.get("smtp_user") and not local:
        faults.append(Fault("SURVEY_SMTP_TLS", "none_would_send_password_unencrypted"))
    local = values.get("bounce_imap_host") in {"localhost", "127.0.0.1", "::1"}
    if values.get("bounce_imap_tls") == "none" and values.get("bounce_imap_host") and not local:
        faults.append(Fault("SURVEY_BOUNCE_IMAP_TLS", "none_would_send_password_unencrypted"))
    for name in ("smtp_password", "bounce_imap_password"):
        if values.get(name) and values.get(f"{name}_file"):
            variable = PREFIX + name.upper()
            faults.append(
                Fault(variable, say("stands_beside_file", variable=variable), "set_one_of_them")
            )
    return faults
