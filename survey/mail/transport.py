"""Hands one mail after another to the mail server, and says for each what became of it.

What matters is the moment of the final dot. Before it, nothing has been sent, whatever happens;
after it, a lost connection leaves it unknown, and a mail that may have been sent is never sent
again. No address and no text of the server's goes into what is logged or stored: servers repeat
addresses in theirs.
"""

from __future__ import annotations

import re
import secrets
import smtplib
import socket
import ssl
import time
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from pathlib import Path
from types import TracebackType

from survey.core.config import Settings
from survey.core.db import now
from survey.core.errors import ConfigurationError, Fault, say
from survey.mail.message import Mail

TIMEOUT = 30.0
"""Seconds that one step of an exchange may take."""
IDLE = 20.0
"""Seconds after which a connection that nothing was sent over is not trusted any more."""
MOST_MAILS = 50
"""Mails over one connection; servers limit it."""
_ENHANCED = re.compile(rb"^([245]\.\d{1,3}\.\d{1,3})\b")


@dataclass(frozen=True, slots=True)
class Outcome:
    """``sent`` (the server took it), ``refused`` (for good, because of the address or the mail),
    ``deferred`` (clearly not sent, worth another try) or ``uncertain`` (it may have been sent).

    ``error`` is a reply code or the name of an error. ``down``: no mail would get through now.
    """

    what: str
    error: str = ""
    down: bool = False


class _Stop(Exception):
    """The exchange ends here with an outcome."""

    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome
        super().__init__(outcome.what)


class Transport:
    """A connection to the mail server of the settings, opened when needed and kept for a while.

    Raises ConfigurationError when mail is not set up.
    """

    def __init__(self, settings: Settings) -> None:
        if not configured(settings):
            raise ConfigurationError(
                "no_mail_can_be_sent",
                [Fault("SURVEY_SMTP_HOST", "not_set", "see_docs_mail_md")],
            )
        self._settings = settings
        self._client: smtplib.SMTP | None = None
        self._used_at = 0.0
        self._mails = 0

    def send(self, mail: Mail) -> Outcome:
        """Send one mail; never raises for what a mail server or a network can do."""
        message = compose(self._settings, mail)
        try:
            client = self._connected()
            self._hand_over(client, message, mail)
        except _Stop as stop:
            if stop.outcome.down or stop.outcome.what == "uncertain":
                self.close()
            else:
                self._reset()
            return stop.outcome
        self._used_at, self._mails = time.monotonic(), self._mails + 1
        return Outcome("sent")

    def reach(self) -> Outcome:
        """Whether the mail server answers and lets us in, without sending anything: ``reached``,
        or what a mail would have met."""
        try:
            self._connected()
        except _Stop as stop:
            return stop.outcome
        return Outcome("reached")

    def close(self) -> None:
        """Say goodbye, if anybody listens."""
        client, self._client = self._client, None
        if client is None:
            return
        try:
            client.quit()
        except (OSError, smtplib.SMTPException):
            client.close()

    def __enter__(self) -> Transport:
        """Nothing is opened before the first mail."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the connection."""
        self.close()

    def _connected(self) -> smtplib.SMTP:
        old = time.monotonic() - self._used_at > IDLE or self._mails >= MOST_MAILS
        if self._client is not None and (old or not self._alive(self._client)):
            self.close()
        if self._client is None:
            try:
                self._client = _connect(self._settings)
            except (OSError, smtplib.SMTPException, ConfigurationError) as error:
                raise _Stop(Outcome("deferred", _name(error), down=True)) from None
            self._mails, self._used_at = 0, time.monotonic()
        return self._client

    @staticmethod
    def _alive(client: smtplib.SMTP) -> bool:
        try:
            return client.noop()[0] == 250
        except (OSError, smtplib.SMTPException):
            return False

    def _reset(self) -> None:
        """After a refusal: the same connection serves the next mail."""
        if self._client is None:
            return
        try:
            self._client.rset()
        except (OSError, smtplib.SMTPException):
            self.close()

    def _hand_over(self, client: smtplib.SMTP, message: bytes, mail: Mail) -> None:
        """The exchange up to the server's last word. Raises _Stop unless it took the mail."""
        reports = client.has_extn("dsn")
        try:
            # RET=HDRS: a report does not carry the text back, in which a code stands.
            options = ["RET=HDRS", *([f"ENVID={mail.token}"] if mail.token else [])]
            code, reply = client.mail(
                envelope_sender(self._settings, mail.token), options if reports else []
            )
            if code != 250:
                # The sender's trouble, not the addressee's: nobody is struck off for it.
                raise _Stop(Outcome("deferred", _reply(code, reply), down=True))
            code, reply = client.rcpt(mail.to, ["NOTIFY=FAILURE"] if reports else [])
            if code not in (250, 251):
                raise _Stop(_refusal(code, reply))
            code, reply = client.docmd("data")
            if code != 354:
                raise _Stop(_refusal(code, reply))
            client.send(re.sub(rb"(?m)^\.", b"..", message))
        except (OSError, smtplib.SMTPException) as error:
            raise _Stop(Outcome("deferred", _name(error), down=True)) from None
        try:
            client.send(b".\r\n")
            code, reply = client.getreply()
        except (OSError, smtplib.SMTPException) as error:
            raise _Stop(Outcome("uncertain", _name(error))) from None
        if code != 250:
            raise _Stop(_refusal(code, reply))


def configured(settings: Settings) -> bool:
    """True when the settings name a mail server and a sender."""
    return bool(settings.smtp_host and settings.mail_from)


def compose(settings: Settings, mail: Mail) -> bytes:
    """The mail as it goes over the wire, ending with a line break: text and HTML beside each other.

    Its Message-ID is random under the sender's domain; the token, when there is one, stands in it.
    """
    name, address = parseaddr(settings.mail_from)
    domain = address.rpartition("@")[2]
    message = EmailMessage(policy=SMTP)
    message["From"] = _address(name, address)
    message["To"] = _address("", mail.to)
    if settings.mail_reply_to:
        message["Reply-To"] = _address(*parseaddr(settings.mail_reply_to))
    message["Subject"] = _one_line(mail.subject)
    message["Date"] = format_datetime(now())
    start = f"{mail.token or secrets.token_hex(8)}."
    message["Message-ID"] = f"<{start}{secrets.token_hex(6)}@{domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "OOF, AutoReply"
    message.set_content(mail.text, cte="quoted-printable")
    message.add_alternative(mail.html, subtype="html", cte="quoted-printable")
    message["Content-Language"] = mail.language
    raw = message.as_bytes()
    return raw if raw.endswith(b"\r\n") else raw + b"\r\n"


def envelope_sender(settings: Settings, token: str) -> str:
    """Who gets delivery reports: with ``{token}`` in the setting each mail has an address of its
    own."""
    bare = parseaddr(settings.mail_from)[1]
    return (settings.mail_bounce or bare).replace("{token}", token or secrets.token_hex(16))


def password(text: str, file: Path | None) -> str:
    """A password of the settings, or of the file that they name.

    Raises ConfigurationError when the file cannot be read.
    """
    if file is None:
        return text
    try:
        return file.read_text("utf-8").strip()
    except (OSError, UnicodeError) as error:
        raise ConfigurationError(
            "password_cannot_be_read",
            [Fault(str(file), say("as_told", error=type(error).__name__))],
        ) from error


def _connect(settings: Settings) -> smtplib.SMTP:
    host, port = settings.smtp_host, settings.smtp_port
    name = parseaddr(settings.mail_from)[1].rpartition("@")[2]
    client: smtplib.SMTP
    if settings.smtp_tls == "tls":
        trust = ssl.create_default_context()
        client = smtplib.SMTP_SSL(host, port, name, timeout=TIMEOUT, context=trust)
    else:
        client = smtplib.SMTP(host, port, name, timeout=TIMEOUT)
    try:
        if settings.smtp_tls == "starttls":
            client.starttls(context=ssl.create_default_context())
        client.ehlo_or_helo_if_needed()
        if settings.smtp_user:
            secret = password(settings.smtp_password, settings.smtp_password_file)
            client.login(settings.smtp_user, secret)
    except BaseException:
        client.close()
        raise
    return client


def _refusal(code: int, reply: bytes) -> Outcome:
    """What a reply to one addressee means. 421: the server is closing. 5xx with 5.7.x is a rule
    against the sender (relaying, reputation, encryption): the address may be good."""
    error = _reply(code, reply)
    if code == 421:
        return Outcome("deferred", error, down=True)
    if 500 <= code <= 599 and " 5.7." not in error and code not in (503, 530, 535):
        return Outcome("refused", error)
    return Outcome("deferred", error)


def _reply(code: int, reply: bytes) -> str:
    """Numbers only: the words of a reply repeat addresses."""
    match = _ENHANCED.match(reply.strip())
    return f"{code} {match[1].decode()}" if match else str(code)


def _name(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        said = error.smtp_error
        raw = said if isinstance(said, bytes) else str(said).encode()
        return f"{type(error).__name__} {_reply(error.smtp_code, raw)}"
    if isinstance(error, socket.gaierror):
        return "unknown host"
    return type(error).__name__


def _address(name: str, address: str) -> Address:
    """Raises ValueError for whatever is not one plain address: nothing gets into a header."""
    if any(ord(character) < 32 or ord(character) == 127 for character in name + address):
        raise ValueError("a control character in an address")
    return Address(display_name=name, addr_spec=address)


def _one_line(text: str) -> str:
    plain = "".join(
        " " if ord(character) < 32 or ord(character) == 127 else character for character in text
    )
    return " ".join(plain.split())
