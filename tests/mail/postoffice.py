"""A real SMTP server on a free port, that takes, refuses, delays or hangs up as it is told."""

from __future__ import annotations

import asyncio
import email
import os
import signal
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from survey.core.config import Settings
from survey.core.services import Services
from survey.jobs.models import Outbox
from tests.conftest import free_port


@dataclass
class Got:
    """One mail as the server took it."""

    sender: str
    to: str
    message: EmailMessage
    dsn: list[str]

    @property
    def text(self) -> str:
        whole: str = self.message.get_body(("plain",)).get_content()
        return whole.replace("\r\n", "\n")

    @property
    def html(self) -> str:
        whole: str = self.message.get_body(("html",)).get_content()
        return whole.replace("\r\n", "\n")


@dataclass
class PostOffice:
    """``rcpt`` and ``data`` say what is answered to an address: a reply line, or ``drop``."""

    port: int = 0
    got: list[Got] = field(default_factory=list)
    rcpt: dict[str, str] = field(default_factory=dict)
    data: dict[str, str] = field(default_factory=dict)
    mail_from: str = ""
    kill: Callable[[], int] | None = None
    connections: int = 0

    async def handle_EHLO(
        self, server: SMTP, session: Session, _envelope: Envelope, name: str, replies: list[str]
    ) -> list[str]:
        session.host_name = name
        self.connections += 1
        return [*replies[:-1], "250-DSN", replies[-1]]

    async def handle_MAIL(
        self,
        _server: SMTP,
        _session: Session,
        envelope: Envelope,
        address: str,
        _options: list[str],
    ) -> str:
        if self.mail_from:
            return self.mail_from
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(
        self, server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        answer = self.rcpt.get(address, "250 OK")
        if answer == "drop":
            server.transport.close()
            await asyncio.sleep(0.2)
        if answer == "kill" and self.kill is not None:
            os.kill(self.kill(), signal.SIGKILL)
            await asyncio.sleep(0.2)
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: Any, _session: Session, envelope: Envelope) -> str:
        [to] = envelope.rcpt_tos
        answer = self.data.get(to, "250 OK")
        if answer.startswith("250") or answer in ("drop", "kill"):
            assert isinstance(envelope.content, bytes)
            message = email.message_from_bytes(envelope.content, policy=default)
            self.got.append(Got(envelope.mail_from or "", to, message, list(server.dsn)))
        if answer == "kill" and self.kill is not None:
            os.kill(self.kill(), signal.SIGKILL)
            await asyncio.sleep(0.2)
        if answer == "drop":
            server.transport.close()
            await asyncio.sleep(0.2)
        return answer if answer not in ("drop", "kill") else "250 OK"

    def to(self, address: str) -> list[Got]:
        return [each for each in self.got if each.to == address]


class Server(SMTP):
    """aiosmtpd knows no parameters of RFC 3461: keep them, and go on without."""

    dsn: list[str]

    async def smtp_MAIL(self, arg: str | None) -> None:
        self.dsn = []
        await super().smtp_MAIL(self._without_dsn(arg))

    async def smtp_RCPT(self, arg: str | None) -> None:
        await super().smtp_RCPT(self._without_dsn(arg))

    def _without_dsn(self, arg: str | None) -> str:
        words = (arg or "").split(" ")
        found = [word for word in words if word.startswith(("RET=", "ENVID=", "NOTIFY="))]
        self.dsn += found
        return " ".join(word for word in words if word not in found)


def start(
    *, ssl_context: ssl.SSLContext | None = None, **options: Any
) -> tuple[PostOffice, Controller]:
    """Start a server, with a context one that speaks TLS from the start; stop the controller
    afterwards."""
    office = PostOffice(port=free_port())
    controller = Controller(office, hostname="127.0.0.1", port=office.port, ssl_context=ssl_context)
    controller.factory = lambda: Server(office, hostname="mx.test", **options)  # type: ignore[method-assign]
    controller.start()
    return office, controller


def posted(parts: Services, office: PostOffice, **more: Any) -> Services:
    """The same services with this mail server."""
    settings: Settings = replace(
        parts.settings,
        smtp_host="127.0.0.1",
        smtp_port=office.port,
        smtp_tls="none",
        mail_from="Prøvevik kommune <undersokelse@provevik.test>",
        mail_per_minute=60_000,  # faster than any setting may be
        **more,
    )
    return replace(parts, settings=settings)


def rows(parts: Services) -> list[Outbox]:
    import sqlalchemy as sa

    with parts.db.reading() as session:
        return list(session.scalars(sa.select(Outbox).order_by(Outbox.due_at, Outbox.id)))
