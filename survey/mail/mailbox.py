"""Mailboxes with delivery reports: a Maildir folder, or a folder on an IMAP server."""

from __future__ import annotations

import imaplib
import ssl
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Protocol

from survey.core.config import Settings
from survey.core.errors import ConfigurationError, Fault
from survey.mail.transport import password

MOST = 500
"""Messages that are read at once; the next look reads more."""
TIMEOUT = 30.0


class Box(Protocol):
    """A mailbox, open inside a ``with``."""

    def __enter__(self) -> Box:
        """Open it."""
        ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close it."""
        ...

    def unread(self, largest: int) -> Iterator[tuple[str, bytes]]:
        """Key and content of messages that nobody has read; b'' for one that is too large."""
        ...

    def remove(self, key: str) -> None:
        """Delete a message."""
        ...

    def keep(self, key: str) -> None:
        """Mark a message as read."""
        ...


def boxes(settings: Settings) -> list[Box]:
    """The mailboxes that the settings name."""
    mailboxes: list[Box] = []
    if settings.bounce_maildir is not None:
        mailboxes.append(Maildir(settings.bounce_maildir))
    if settings.bounce_imap_host:
        mailboxes.append(Imap(settings))
    return mailboxes


class Maildir:
    """A folder with ``new`` and ``cur``, as mail servers on the same machine deliver to."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __enter__(self) -> Maildir:
        """Raises ConfigurationError when the folder is no Maildir."""
        if not (self._folder / "new").is_dir() or not (self._folder / "cur").is_dir():
            raise ConfigurationError(
                "delivery_reports_cannot_be_read",
                [Fault("SURVEY_BOUNCE_MAILDIR", "no_maildir")],
            )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Nothing is held open."""

    def unread(self, largest: int) -> Iterator[tuple[str, bytes]]:
        """See :class:`Box`."""
        waiting = [*_files(self._folder / "new")]
        waiting += [path for path in _files(self._folder / "cur") if "S" not in _flags(path)]
        for path in waiting[:MOST]:
            try:
                content = path.read_bytes() if path.stat().st_size <= largest else b""
            except FileNotFoundError:  # another program took it
                continue
            yield str(path.relative_to(self._folder)), content

    def remove(self, key: str) -> None:
        """See :class:`Box`."""
        (self._folder / key).unlink(missing_ok=True)

    def keep(self, key: str) -> None:
        """See :class:`Box`. Flags stand in the name, in the order of the alphabet."""
        path = self._folder / key
        flags = "".join(sorted({*_flags(path), "S"}))
        name = path.name.partition(":2,")[0]
        try:
            path.rename(self._folder / "cur" / f"{name}:2,{flags}")
        except FileNotFoundError:  # another program took it
            return


class Imap:
    """A folder on an IMAP server."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._client: imaplib.IMAP4 | None = None
        self._removed: list[str] = []
        self._uidplus = False

    def __enter__(self) -> Imap:
        """Connect, sign in and open the folder. Raises OSError and imaplib's errors."""
        settings = self._settings
        host, port = settings.bounce_imap_host, settings.bounce_imap_port
        client: imaplib.IMAP4
        if settings.bounce_imap_tls == "tls":
            trust = ssl.create_default_context()
            client = imaplib.IMAP4_SSL(host, port, ssl_context=trust, timeout=TIMEOUT)
        else:
            client = imaplib.IMAP4(host, port, timeout=TIMEOUT)
        self._client = client
        try:
            if settings.bounce_imap_tls == "starttls":
                client.starttls(ssl_context=ssl.create_default_context())
            secret = password(settings.bounce_imap_password, settings.bounce_imap_password_file)
            client.login(settings.bounce_imap_user, secret)
            # Servers say only after signing in what they can do, and imaplib does not ask again.
            _, capabilities = client.capability()
            self._uidplus = b"UIDPLUS" in bytes(capabilities[0] or b"").upper().split()
            folder = settings.bounce_imap_folder.replace("\\", "\\\\").replace('"', '\\"')
            answer, _ = client.select(f'"{folder}"')
            if answer != "OK":
                raise ConfigurationError(
                    "delivery_reports_cannot_be_read",
                    [Fault("SURVEY_BOUNCE_IMAP_FOLDER", "no_such_folder")],
                )
        except BaseException:
            self._leave()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Remove what was deleted, and leave."""
        try:
            if self._removed and error is None:
                self._expunge()
        finally:
            self._leave()

    def unread(self, largest: int) -> Iterator[tuple[str, bytes]]:
        """See :class:`Box`."""
        client = self._open()
        _, matches = client.uid("SEARCH", "UNSEEN", "UNDELETED")
        for uid in (matches[0] or b"").decode("ascii").split()[:MOST]:
            _, size = client.uid("FETCH", uid, "(RFC822.SIZE)")
            if _size(size) > largest:
                yield uid, b""
                continue
            _, parts = client.uid("FETCH", uid, "(BODY.PEEK[])")
            yield uid, next((bytes(part[1]) for part in parts if isinstance(part, tuple)), b"")

    def remove(self, key: str) -> None:
        """See :class:`Box`. The message goes when the mailbox is closed."""
        self._open().uid("STORE", key, "+FLAGS.SILENT", r"(\Deleted)")
        self._removed.append(key)

    def keep(self, key: str) -> None:
        """See :class:`Box`."""
        self._open().uid("STORE", key, "+FLAGS.SILENT", r"(\Seen)")

    def _expunge(self) -> None:
        """Only our own, where the server can; else all that are marked as deleted."""
        client = self._open()
        if self._uidplus:
            client.uid("EXPUNGE", ",".join(self._removed))
        else:
            client.expunge()

    def _open(self) -> imaplib.IMAP4:
        if self._client is None:
            raise RuntimeError("the mailbox is not open")
        return self._client

    def _leave(self) -> None:
        client, self._client = self._client, None
        if client is None:
            return
        try:
            client.logout()
        except (OSError, imaplib.IMAP4.error):
            with suppress(OSError):  # closed already when TLS failed: that is what must be told
                client.shutdown()


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if not path.name.startswith("."))


def _flags(path: Path) -> str:
    return path.name.partition(":2,")[2]


def _size(answer: list[object]) -> int:
    text = b" ".join(part for part in answer if isinstance(part, bytes))
    digits = text.partition(b"RFC822.SIZE ")[2].split(b")")[0].split(b" ")[0]
    return int(digits) if digits.isdigit() else 0
