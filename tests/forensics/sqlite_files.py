"""Reads SQLite's files as bytes: what a thief of a disk sees, and SQL does not show.

Formats: https://www.sqlite.org/fileformat2.html (pages, b-trees) and …#walformat.
"""

from __future__ import annotations

import sqlite3
import struct
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_WAL_HEADER = 32
_FRAME_HEADER = 24


@dataclass(frozen=True)
class Files:
    """Copies of a database's files at one moment."""

    main: bytes
    wal: bytes
    shm: bytes

    @classmethod
    def of(cls, path: Path) -> Files:
        def read(ending: str) -> bytes:
            file = path.with_name(path.name + ending)
            return file.read_bytes() if file.exists() else b""

        return cls(path.read_bytes(), read("-wal"), read("-shm"))

    def all(self) -> bytes:
        """Everything, one after the other."""
        return self.main + self.wal + self.shm


def page_size(main: bytes) -> int:
    size = struct.unpack(">H", main[16:18])[0]
    return 65536 if size == 1 else int(size)


def frames(wal: bytes, size: int) -> Iterator[tuple[int, int, bytes]]:
    """(page number, database size after commit or 0, page) of every frame, stale ones too."""
    for start in range(_WAL_HEADER, len(wal) - _FRAME_HEADER - size + 1, _FRAME_HEADER + size):
        number, commit = struct.unpack(">II", wal[start : start + 8])
        yield number, commit, wal[start + _FRAME_HEADER : start + _FRAME_HEADER + size]


def states(files: Files) -> Iterator[bytes]:
    """The whole database as it was after each commit in the log."""
    size = page_size(files.main)
    salt = files.wal[16:24]
    pages = bytearray(files.main)
    start = _WAL_HEADER
    for number, commit, page in frames(files.wal, size):
        if files.wal[start + 8 : start + 16] != salt:
            return  # what follows is of an earlier round of the log
        start += _FRAME_HEADER + size
        end = number * size
        if len(pages) < end:
            pages.extend(bytes(end - len(pages)))
        pages[end - size : end] = page
        if commit:
            yield bytes(pages[: commit * size])


def rows(image: bytes, query: str) -> list[tuple[Any, ...]]:
    """Ask an image of a database; [] when it cannot be read."""
    plain = image[:18] + b"\x01\x01" + image[20:]  # not in WAL mode: there is no log beside it
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.deserialize(plain)
        try:
            return connection.execute(query).fetchall()
        except sqlite3.DatabaseError:
            return []


def root_page(image: bytes, table: str) -> int:
    query = f"select rootpage from sqlite_master where name = '{table}'"
    return int(str(rows(image, query)[0][0]))


def cells_in_writing_order(image: bytes, table: str) -> list[bytes]:
    """The cells of a table's leaf pages, in the order in which they lie: pages by number, and
    within a page from its end, where the first cell was put."""
    size = page_size(image)
    found: list[tuple[int, int, bytes]] = []
    waiting = [root_page(image, table)]
    while waiting:
        number = waiting.pop()
        page = image[(number - 1) * size : number * size]
        head = 100 if number == 1 else 0
        kind = page[head]
        count = struct.unpack(">H", page[head + 3 : head + 5])[0]
        first = head + (12 if kind in (2, 5) else 8)
        offsets = struct.unpack(f">{count}H", page[first : first + 2 * count])
        found += [(number, -offset, page[offset : offset + 600]) for offset in offsets]
        if kind in (2, 5):
            waiting += [struct.unpack(">I", page[offset : offset + 4])[0] for offset in offsets]
            waiting.append(struct.unpack(">I", page[head + 8 : head + 12])[0])
    return [cell for _, _, cell in sorted(found, key=lambda each: each[:2])]


def free_pages(image: bytes) -> list[int]:
    """Numbers of all pages on the freelist."""
    size = page_size(image)
    trunk, found = struct.unpack(">I", image[32:36])[0], []
    while trunk:
        page = image[(trunk - 1) * size : trunk * size]
        following, count = struct.unpack(">II", page[:8])
        found += [trunk, *struct.unpack(f">{count}I", page[8 : 8 + 4 * count])]
        trunk = following
    return found
