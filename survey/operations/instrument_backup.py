"""An operator's own instruments in a backup: the folder of ``SURVEY_INSTRUMENT_DIR`` beside the
database, in one ZIP file.

Only what the library reads is taken: ``<line>/<version>.yaml``. Putting them back adds files and
changes files; it never deletes one.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from survey.core.errors import Conflict, InvalidInput, say

DATABASE = "database"
_FOLDER = "instruments"
_MAGIC = b"PK\x03\x04"


@dataclass(frozen=True, slots=True)
class Contents:
    """A backup's database as a file of its own; instruments by their place in the folder."""

    database: Path
    instruments: Mapping[str, bytes]


def pack(database: Path, folder: Path, target: Path) -> None:
    """Write database and instruments to the file ``target``, which is there and empty."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(database, DATABASE)
        for path in sorted(folder.glob("*/*.yaml")):
            if path.stem.isdecimal():
                name = f"{_FOLDER}/{path.parent.name}/{path.name}"
                archive.writestr(zipfile.ZipInfo(name), path.read_bytes())


def unpack(source: Path, scratch: Path) -> Contents:
    """Open a backup of either form; what is packed is unpacked into the folder ``scratch``.

    Raises InvalidInput when the file is damaged or none of this service's.
    """
    with source.open("rb") as file:
        if file.read(len(_MAGIC)) != _MAGIC:
            return Contents(source, {})
    try:
        with zipfile.ZipFile(source) as archive:
            names = archive.namelist()
            if DATABASE not in names:
                raise InvalidInput(say("not_backup_of_this_service", source=source))
            database = Path(archive.extract(DATABASE, scratch))
            instruments = {
                _checked(source, name): archive.read(name) for name in names if name != DATABASE
            }
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise InvalidInput(say("backup_damaged", source=source, answer=error)) from None
    return Contents(database, instruments)


@contextlib.contextmanager
def put_back(
    instruments: Mapping[str, bytes], folder: Path | None, kept: Path, *, replace: bool
) -> Iterator[None]:
    """Write the instruments beside their places, and into them when the block has ended well.

    Files that are replaced are copied to the folder ``kept``. Raises Conflict, before the block,
    when there is no ``folder``, it cannot be written, or a file differs and not ``replace``.
    """
    if instruments and folder is None:
        raise Conflict("instruments_need_folder")
    places = {} if folder is None else {folder / name: text for name, text in instruments.items()}
    fresh = {path: text for path, text in places.items() if not _is(path, text)}
    differing = sorted(str(path) for path in fresh if path.exists())
    if differing and not replace:
        raise Conflict(
            say(
                "instruments_differ_from_backup",
                differing=", ".join(differing),
            )
        )
    beside: dict[Path, Path] = {}
    try:
        for path, text in fresh.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            beside[path] = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
            beside[path].write_bytes(text)
    except OSError as error:
        _remove(beside)
        raise Conflict(say("instruments_cannot_be_put_back", error=error)) from error
    try:
        yield
        for path, temporary in beside.items():
            if path.exists():
                copy = kept / path.parent.name / path.name
                copy.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                shutil.copyfile(path, copy)
            os.replace(temporary, path)
    finally:
        _remove(beside)


def _checked(source: Path, name: str) -> str:
    """The place of a packed file below the folder; InvalidInput when it would lie elsewhere."""
    folder, *place = PurePosixPath(name).parts
    line, file = place if len(place) == 2 else ("", "")
    stem, _, ending = file.partition(".")
    plain = line not in ("", ".", "..") and "\\" not in line and stem.isdecimal()
    if folder != _FOLDER or not plain or ending != "yaml":
        raise InvalidInput(say("not_backup_of_this_service", source=source))
    return f"{line}/{file}"


def _is(path: Path, text: bytes) -> bool:
    return path.is_file() and path.read_bytes() == text


def _remove(beside: Mapping[Path, Path]) -> None:
    for temporary in beside.values():
        temporary.unlink(missing_ok=True)
