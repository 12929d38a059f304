"""A small IMAP server on a real socket: what RFC 3501 and 4315 say of the commands used here."""

from __future__ import annotations

import re
import socket
import socketserver
import ssl
import sys
import threading
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Folder:
    messages: dict[int, bytes] = field(default_factory=dict)
    flags: dict[int, set[str]] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)
    uidplus: bool = True
    password: str = "hemmelig"

    def add(self, raw: bytes) -> None:
        uid = max(self.messages, default=6) + 1
        self.messages[uid] = raw
        self.flags[uid] = set()


class _Connection(socketserver.StreamRequestHandler):
    server: ImapServer
    signed_in = False

    def handle(self) -> None:
        self.say("* OK ready")
        while line := self.rfile.readline():
            text = line.decode().strip()
            self.server.folder.said.append(text)
            tag, _, command = text.partition(" ")
            answer = self.answer(command)
            self.say(f"{tag} {answer}")
            if command.upper() == "STARTTLS" and self.server.context is not None:
                self.connection = self.server.context.wrap_socket(self.connection, server_side=True)
                self.setup_files()
            if command.upper() == "LOGOUT":
                return

    def finish(self) -> None:
        super().finish()
        self.connection.close()

    def setup_files(self) -> None:
        self.rfile = self.connection.makefile("rb")
        self.wfile = self.connection.makefile("wb", 0)

    def say(self, text: str) -> None:
        self.wfile.write(text.encode() + b"\r\n")

    def answer(self, command: str) -> str:
        folder = self.server.folder
        word, _, rest = command.partition(" ")
        if word == "CAPABILITY":
            more = " UIDPLUS" if folder.uidplus and self.signed_in else ""
            more += " STARTTLS" if self.server.context is not None else ""
            self.say("* CAPABILITY IMAP4rev1" + more)
        elif word == "LOGIN":
            wanted = f'"{folder.password}"'
            self.signed_in = rest.split(" ")[1] in (wanted, folder.password)
            return "OK in" if self.signed_in else "NO wrong"
        elif word == "SELECT":
            if rest.strip('"') != "Retur post":
                return "NO no such folder"
            self.say(f"* {len(folder.messages)} EXISTS")
        elif word == "UID":
            return self.uid(rest)
        elif word == "EXPUNGE":
            self.expunge(list(folder.messages))
        elif word == "LOGOUT":
            self.say("* BYE")
        elif word not in ("NOOP", "CLOSE", "STARTTLS"):
            return "BAD unknown"
        return "OK done"

    def uid(self, rest: str) -> str:
        folder = self.server.folder
        word, _, rest = rest.partition(" ")
        if word == "SEARCH":
            assert rest == "UNSEEN UNDELETED"
            found = [u for u, flags in folder.flags.items() if not flags & {"\\Seen", "\\Deleted"}]
            self.say("* SEARCH " + " ".join(map(str, found)))
            return "OK done"
        uids, _, what = rest.partition(" ")
        wanted = [int(each) for each in uids.split(",") if int(each) in folder.messages]
        if word == "EXPUNGE":
            self.expunge(wanted)
        for number, uid in enumerate(wanted, 1):
            raw = folder.messages.get(uid, b"")
            if word == "FETCH" and "BODY.PEEK[]" in what:
                self.wfile.write(f"* {number} FETCH (UID {uid} BODY[] {{{len(raw)}}}\r\n".encode())
                self.wfile.write(raw + b")\r\n")
            elif word == "FETCH":
                self.say(f"* {number} FETCH (UID {uid} RFC822.SIZE {len(raw)})")
            elif word == "STORE":
                folder.flags[uid] |= set(re.findall(r"\\\w+", what))
        return "OK done"

    def expunge(self, uids: list[int]) -> None:
        folder = self.server.folder
        for uid in uids:
            if "\\Deleted" in folder.flags[uid]:
                del folder.messages[uid], folder.flags[uid]


class ImapServer(socketserver.ThreadingTCPServer):
    """Serves one folder, «Retur post», until it is shut down; with a context over TLS, from the
    start (``at_once``) or when it is asked to."""

    daemon_threads = True

    def __init__(
        self, folder: Folder, context: ssl.SSLContext | None = None, *, at_once: bool = False
    ) -> None:
        super().__init__(("127.0.0.1", 0), _Connection)
        self.folder = folder
        self.context = context
        self.at_once = at_once
        self.port = self.server_address[1]
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}).start()

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        if self.context is not None and self.at_once:
            connection = self.context.wrap_socket(
                connection, server_side=True, do_handshake_on_connect=False
            )
        return connection, address

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that does not trust the certificate hangs up."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)

    def stop(self) -> None:
        self.shutdown()
        self.server_close()
