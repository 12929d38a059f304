"""An item keeps its id from version to version, or the new version says what became of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from survey.core.errors import say
from survey.instrument import read
from survey.instrument.read import Document, did_you_mean


class _Written(NamedTuple):
    """An item as a file has it: its id, its texts with blanks evened out, where the id stands."""

    id: str
    texts: dict[str, str]
    at: read.Path


def check_earlier_versions(path: Path, document: Document) -> None:
    """Compare with the earlier versions in the same folder; note renames and unknown items.

    An item whose text the previous version has under another id, which is gone here, is a
    rename: results of the two versions would silently fall apart. ``comparable_with`` mends it.
    """
    version = document.data.get("version")
    if not path.stem.isdecimal() or type(version) is not int:
        return
    earlier = {
        int(sibling.stem): sibling
        for sibling in path.parent.glob("*.yaml")
        if sibling.stem.isdecimal() and int(sibling.stem) < version
    }
    mapped = _check_comparable(version, earlier, document)
    if earlier:
        previous = max(earlier)
        _check_renames(previous, _items(_data(earlier[previous])), mapped, document)


def _check_comparable(
    version: int, earlier: dict[int, Path], document: Document
) -> dict[tuple[int, str], str]:
    """Check what comparable_with says of earlier files; return (version, id here) → id there."""
    mapped: dict[tuple[int, str], str] = {}
    entries = document.data.get("comparable_with")
    for i, entry in enumerate(entries if isinstance(entries, list) else []):
        if not isinstance(entry, dict) or type(entry.get("version")) is not int:
            continue
        other, at = entry["version"], ("comparable_with", i)
        if other not in earlier:
            what = say("no_version_before_in_this_folder", other=other, version=version)
            document.fault_at((*at, "version"), what, "name_earlier_version")
            continue
        there = [item.id for item in _items(_data(earlier[other]))]
        items = entry.get("items")
        pairs = items.items() if isinstance(items, dict) else enumerate(items or [])
        for key, old in pairs if isinstance(items, dict | list) else []:
            if old not in there:
                what = say("version_has_no_item", other=other, old=old)
                document.fault_at((*at, "items", key), what, did_you_mean(str(old), there))
            mapped[other, str(key if isinstance(items, dict) else old)] = str(old)
    return mapped


def _check_renames(
    previous: int,
    before: list[_Written],
    mapped: dict[tuple[int, str], str],
    document: Document,
) -> None:
    now = _items(document.data)
    kept = {item.id for item in before} & {item.id for item in now}
    gone = {pair: item.id for item in before if item.id not in kept for pair in item.texts.items()}
    for item in now:
        old = next((gone[pair] for pair in item.texts.items() if pair in gone), None)
        if item.id not in kept and old is not None and mapped.get((previous, item.id)) != old:
            what = say("item_renamed", id=item.id, previous=previous, old=old)
            fix = say("call_it_or_write_under_comparable_with", old=old, id=item.id)
            document.fault_at(item.at, what, fix)


def _data(path: Path) -> Any:
    """Return what an earlier file holds; its own faults are told when it is checked itself."""
    return read.read(path.read_bytes(), str(path)).data


def _items(data: Any) -> list[_Written]:
    items: list[_Written] = []
    for d, dimension in enumerate(_list(data, "dimensions")):
        for i, item in enumerate(_list(dimension, "items")):
            if isinstance(item, dict) and isinstance(item.get("id"), str):
                text = item.get("text")
                texts = {
                    str(language): " ".join(str(words).split())
                    for language, words in (text.items() if isinstance(text, dict) else ())
                }
                items.append(_Written(item["id"], texts, ("dimensions", d, "items", i, "id")))
    return items


def _list(data: Any, key: str) -> list[Any]:
    value = data.get(key) if isinstance(data, dict) else None
    return value if isinstance(value, list) else []
