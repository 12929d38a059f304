"""The JSON Schema for editors says the same as the check, as far as a schema can."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from survey.instrument.check import check_file
from survey.instrument.library import shipped
from survey.instrument.read import read

jsonschema_rs = pytest.importorskip("jsonschema_rs")

ROOT = Path(__file__).parent.parent
SCHEMA = json.loads((ROOT.parent / "docs" / "instrument.schema.json").read_text())
GOOD = [
    *shipped().glob("*/*.yaml"),
    *(ROOT / "data" / "instruments").glob("*/*.yaml"),
    *(ROOT / "instruments" / "valid").glob("*.yaml"),
]
INVALID = ROOT / "instruments" / "invalid"
BEYOND_A_SCHEMA = {
    "bound_is_not_whole",
    "comparable_unknown_item",
    "duplicate_id_of_item_and_question",
    "duplicate_item_id",
    "duplicate_key",
    "duplicate_option_id",
    "foreign_language",
    "id_missing",
    "index_unknown_dimension",
    "label_off_scale",
    "label_order",
    "language_order",
    "languages_differ_in_default",
    "minimum_answered_above_one",
    "minimum_not_below_maximum",
    "missing_translation",
    "page_missing_question",
    "page_unknown_dimension",
    "twelve_options",
    "strange_key",
    "two_role_questions",
    "unknown_scale",
}
"""What names another part of the file, an order, or 2.0 beside 2 cannot be said in a schema."""


def as_json(file: Path) -> Any:
    """The document as an editor sees it: keys are strings."""
    return json.loads(json.dumps(read(file.read_bytes(), file.name).data))


def keys_of(schema: Any) -> set[str]:
    """Every key that the schema lets a file have."""
    if isinstance(schema, list):
        return set().union(*map(keys_of, schema))
    if not isinstance(schema, dict):
        return set()
    return set(schema.get("properties", ())).union(*map(keys_of, schema.values()))


def test_the_guide_documents_every_key() -> None:
    guide = (ROOT.parent / "docs" / "instrument-format.md").read_text(encoding="utf-8")
    rows = [line.split("|")[1] for line in guide.splitlines() if line.startswith("| `")]
    documented = set(re.findall(r"`(\w+)`", " ".join(rows)))
    assert documented == keys_of(SCHEMA)


def test_the_least_instrument_of_the_guide_is_valid(tmp_path: Path) -> None:
    guide = (ROOT.parent / "docs" / "instrument-format.md").read_text(encoding="utf-8")
    path = tmp_path / "kindergarten" / "1.yaml"
    path.parent.mkdir()
    path.write_text(guide.split("```yaml\n")[1].split("```")[0], encoding="utf-8")
    assert check_file(path) == []


def test_the_schema_is_a_schema() -> None:
    jsonschema_rs.meta.validate(SCHEMA)


@pytest.mark.parametrize("file", GOOD, ids=lambda file: f"{file.parent.name}-{file.stem}")
def test_good_files_follow_the_schema(file: Path) -> None:
    errors = jsonschema_rs.validator_for(SCHEMA).iter_errors(as_json(file))
    assert [error.message for error in errors] == []


@pytest.mark.parametrize("file", sorted(INVALID.glob("*.yaml")), ids=lambda file: file.stem)
def test_the_schema_refuses_what_the_check_refuses(file: Path) -> None:
    document = as_json(file)
    if document is None or not isinstance(document, dict):
        assert check_file(file)
        return
    follows = jsonschema_rs.validator_for(SCHEMA).is_valid(document)
    assert follows == (file.stem in BEYOND_A_SCHEMA)
