"""Documents of a release as JSON: how they are stored, and how every old schema is read."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import cattrs

from survey.release import schema1
from survey.release.document import SCHEMA, ReleaseHeader, UnitResult

_converter = cattrs.Converter(omit_if_default=True)


def to_json(document: ReleaseHeader | UnitResult) -> str:
    """Canonical JSON (sorted keys, no spaces): equal documents give equal bytes."""
    return json.dumps(to_plain(document), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def to_plain(document: ReleaseHeader | UnitResult) -> dict[str, Any]:
    """The document as the dicts and lists that are stored."""
    plain: dict[str, Any] = _converter.unstructure(document)
    plain["schema"] = document.schema
    return plain


def header_from_json(text: str) -> ReleaseHeader:
    """Read a stored header of any schema that was ever written."""
    plain = json.loads(text)
    if plain.get("schema") == 1:
        plain = schema1.header(plain)
    return _converter.structure(_known(plain), ReleaseHeader)


def unit_from_json(text: str) -> UnitResult:
    """Read a stored unit result of any schema that was ever written."""
    plain = json.loads(text)
    if plain.get("schema") == 1:
        plain = schema1.unit(plain)
    return _converter.structure(_known(plain), UnitResult)


def digest(texts: list[str]) -> str:
    """SHA-256 over the documents of a release in the given order: header first, then units."""
    combined = hashlib.sha256()
    for text in texts:
        combined.update(hashlib.sha256(text.encode()).digest())
    return combined.hexdigest()


def _known(plain: dict[str, Any]) -> dict[str, Any]:
    if plain.get("schema") not in (1, SCHEMA):
        raise ValueError(f"release schema {plain.get('schema')!r} is not known to this version")
    return plain
