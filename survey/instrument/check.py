"""Check instrument files: every fault at once, with file, line, what is wrong and what to do."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from survey.core.errors import Fault, InvalidInput, say
from survey.instrument.lineage import check_earlier_versions
from survey.instrument.model import Instrument
from survey.instrument.read import MAXIMUM_BYTES, Document, read
from survey.instrument.rules import Rules


def check_file(path: Path) -> list[Fault]:
    """Return every fault of one instrument file, in the order of its lines; [] when it is good."""
    return _checked(path).sorted_faults()


def check_paths(paths: Iterable[Path]) -> list[Fault]:
    """Check files, and every ``*.yaml`` and ``*.yml`` below folders.

    A path that does not exist and a folder without any such file are faults too.
    """
    faults: list[Fault] = []
    for path in paths:
        files = [path]
        if path.is_dir():
            files = sorted(file for file in path.rglob("*") if file.suffix in (".yaml", ".yml"))
            if not files:
                faults.append(Fault(str(path), "no_yaml_file_in_this_folder"))
        for file in files:
            faults += check_file(file)
    return faults


def load(path: Path) -> Instrument:
    """Return the instrument in a file; InvalidInput with every fault when it is not good."""
    document = _checked(path)
    if document.faults:
        raise InvalidInput(say("not_valid_instrument", path=path), document.sorted_faults())
    return Instrument.from_dict(document.data)


def _checked(path: Path) -> Document:
    """Read and check a file; its data have id, version and languages filled in."""
    try:
        with path.open("rb") as file:
            document = read(file.read(MAXIMUM_BYTES + 1), str(path))
    except OSError as error:
        document = Document(str(path))
        document.faults.append(
            (0, Fault(str(path), say("cannot_be_read", strerror=error.strerror)))
        )
        return document
    if document.data is None:
        return document
    if not isinstance(document.data, dict):
        document.fault(1, "file_must_be_mapping", "begin_with_id_at_left_margin")
        return document
    _fill_in(path, document.data)
    _check_place(path, document)
    Rules(document, list(dict.fromkeys(document.data["languages"]))).run(document.data)
    check_earlier_versions(path, document)
    return document


def _check_place(path: Path, document: Document) -> None:
    """``<id>/<version>.yaml``: a file whose name is a number is a version of its folder's line."""
    if path.suffix != ".yaml":
        document.fault(1, say("name_ends_in", suffix=path.suffix), "name_it_version_yaml")
    if not path.stem.isdecimal():
        return
    data = document.data
    if str(data["version"]) != path.stem:
        what = say("version_is_not_file", data=data["version"], name=path.name)
        document.fault_at(("version",), what, "make_them_same")
    folder = path.resolve().parent.name
    if data["id"] != folder:
        what = say("id_is_not_folder", data=data["id"], folder=folder)
        document.fault_at(("id",), what, "make_them_same")


def _fill_in(path: Path, data: dict[str, Any]) -> None:
    """Let the place of the file say what id and version do not, and the first title languages."""
    if path.stem.isdecimal():
        data.setdefault("id", path.resolve().parent.name)
        data.setdefault("version", int(path.stem))
    languages = data.get("languages")
    if "languages" not in data:
        languages = data["languages"] = _languages_of_first_title(data)
    if not isinstance(languages, list) or not all(
        isinstance(language, str) for language in languages
    ):
        data["languages"] = []


def _languages_of_first_title(data: dict[str, Any]) -> list[str]:
    dimensions = data.get("dimensions")
    first = dimensions[0] if isinstance(dimensions, list) and dimensions else None
    title = first.get("title") if isinstance(first, dict) else None
    return (
        [language for language in title if isinstance(language, str)]
        if isinstance(title, dict)
        else []
    )
