"""Reads delivery reports (RFC 3464) and finds out whose mail did not arrive.

A report is believed only when it names the random token of a mail: in the address it was sent to,
as the envelope's id, or in the Message-ID of the mail that it returns. What it says in words is
never read: those repeat addresses.
"""

from __future__ import annotations

import email
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from email.policy import compat32

from survey.core.config import Settings
from survey.core.logs import logger
from survey.core.services import Services
from survey.invitations import mailings
from survey.mail import mailbox

_MARK = r"[a-z2-7]{24}"
LARGEST = 2_000_000
"""Bytes of a message that is looked at."""
MOST_TOKENS = 50
_ARRIVED_AT = ("To", "Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To")
_ABOUT = ("Message-ID", "In-Reply-To", "References")
_MESSAGE_ID = re.compile(rf"<({_MARK})\.[0-9a-f]+@", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Report:
    """What a delivery report says: that a mail failed for good (or not), and tokens it names."""

    failed: bool
    tokens: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Read:
    """How many messages were looked at, and how many told of an invitation that did not arrive."""

    messages: int
    bounced: int


def configured(settings: Settings) -> bool:
    """True when the settings name a mailbox with delivery reports."""
    return settings.bounce_maildir is not None or bool(settings.bounce_imap_host)


def read(parts: Services) -> Read:
    """Read what has come in. A report that was understood is deleted: mails come back in it.

    Everything else stays in the mailbox, marked as read. Reading twice does no harm.
    """
    messages = bounced = 0
    for box in mailbox.boxes(parts.settings):
        with box:
            for key, raw in box.unread(LARGEST):
                messages += 1
                if _take(parts, raw):
                    bounced += 1
                    box.remove(key)
                else:
                    box.keep(key)
    if messages:
        logger().info("delivery reports read", messages=messages, bounced=bounced)
    return Read(messages, bounced)


def parse(raw: bytes, envelope: str = "") -> Report | None:
    """What a message says if it is a delivery report, else None. Never raises.

    ``envelope`` is the setting ``mail_bounce``, whose ``{token}`` leads back to a mail.
    """
    message = email.message_from_bytes(raw[:LARGEST], policy=compat32)
    if message.get_content_type() != "multipart/report":
        return None
    blocks = [
        block
        for part in message.walk()
        if part.get_content_type() == "message/delivery-status"
        for block in _blocks(part)
    ]
    if not blocks:
        return None
    failed = any(_value(block, "Action").lower().startswith("failed") for block in blocks)
    tokens = dict.fromkeys(token.lower() for token in _tokens(message, blocks, envelope))
    return Report(failed, tuple(tokens)[:MOST_TOKENS])


def _take(parts: Services, raw: bytes) -> bool:
    report = parse(raw, parts.settings.mail_bounce)
    if report is None or not report.failed or not report.tokens:
        return False
    with parts.db.transaction() as session:
        return any(mailings.bounced(session, token) for token in report.tokens)


def _tokens(message: Message, blocks: list[Message], envelope: str) -> Iterator[str]:
    before, marked, after = envelope.partition("{token}")
    if marked:
        own = re.compile(f"{re.escape(before)}({_MARK}){re.escape(after)}", re.IGNORECASE)
        for name in _ARRIVED_AT:
            for value in message.get_all(name, []):
                yield from own.findall(str(value)[:2000])
    for block in blocks:
        value = _value(block, "Original-Envelope-Id")
        if re.fullmatch(_MARK, value, re.IGNORECASE):
            yield value
    for part in _returned(message):
        for name in _ABOUT:
            for value in part.get_all(name, []):
                yield from _MESSAGE_ID.findall(str(value)[:2000])


def _returned(message: Message) -> Iterator[Message]:
    """The report itself, and the mail, or its headers, that it gives back."""
    yield message
    for part in message.walk():
        kind = part.get_content_type()
        if kind == "message/rfc822":
            yield from _blocks(part)[:1]
        elif kind == "text/rfc822-headers":
            content = part.get_payload(decode=True)
            if isinstance(content, bytes):
                yield email.message_from_bytes(content, policy=compat32)


def _blocks(part: Message) -> list[Message]:
    payload = part.get_payload()
    return (
        [block for block in payload if isinstance(block, Message)]
        if isinstance(payload, list)
        else []
    )


def _value(block: Message, name: str) -> str:
    return str(block.get(name, "")).strip()[:200]
