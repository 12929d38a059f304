"""What is said to people has a code, and its words stand in one catalogue per language."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

import survey
from survey.core import errors
from survey.core.errors import Conflict, Fault, InvalidInput, Message, SurveyError, say
from survey.core.languages import LANGUAGES
from survey.core.texts import catalogue

PACKAGE = Path(survey.__path__[0])
CODES = catalogue("core", "faults", "en")


def _error_classes() -> set[str]:
    """Every class of errors that people are told about, wherever it is written."""
    known = {"SurveyError"}
    bases = [
        (node.name, {getattr(base, "id", getattr(base, "attr", "")) for base in node.bases})
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.ClassDef)
    ]
    while more := {name for name, parents in bases if parents & known} - known:
        known |= more
    return known


def _said(path: Path, classes: set[str]) -> Iterator[tuple[str, int]]:
    """The literal codes of a module, with their lines."""
    tree = ast.parse(path.read_text("utf-8"))
    imported = {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "survey.core.errors"
        for alias in node.names
    }
    own = imported | {"say"} if path.name == "errors.py" else imported
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "id", getattr(node.func, "attr", ""))
        if (name == "say" and "say" in own) or (name in classes and name != "Refused"):
            places = node.args[:1]
        elif name in ("Fault", "Refused"):
            places = node.args[1:3] if name == "Fault" else node.args[1:2]
        elif name in ("_refused", "kind", "fault", "_fault", "note") or (
            name == "refuse" and len(node.args) == 2
        ):
            given = node.args if name in ("_refused", "kind") else node.args[1:]
            literals = [each for each in given if isinstance(each, ast.Constant)]
            places = [each for each in literals if "_" in str(each.value)]
        else:
            continue
        for place in places:
            if isinstance(place, ast.Constant) and isinstance(place.value, str):
                yield place.value, node.lineno


def test_every_code_of_the_source_has_words() -> None:
    classes = _error_classes()
    assert {"Conflict", "MistypedCode", "Weakening"} <= classes
    said = [
        (f"{path.relative_to(PACKAGE)}:{line}", code)
        for path in sorted(PACKAGE.rglob("*.py"))
        for code, line in _said(path, classes)
    ]
    assert len(said) > 500
    assert [place for place in said if place[1] not in CODES] == []


def test_every_word_is_said_somewhere() -> None:
    literals = {
        node.value
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    assert set(CODES) - literals == set()


def test_no_english_sentence_is_raised() -> None:
    """A code is one word; what has blanks is a text that belongs in the catalogue."""
    classes = _error_classes()
    for path in sorted(PACKAGE.rglob("*.py")):
        for code, line in _said(path, classes):
            assert " " not in code, f"{path.name}:{line}"


@pytest.mark.parametrize(
    ("message", "nb", "nn"),
    [
        (
            say("wave_no_longer_draft", state="closed"),
            "Målingen er lukket. Bare en kladd kan endres.",
            "Målinga er lukka. Berre ein kladd kan endrast.",
        ),
        (
            say(
                "wave_cannot_become",
                ordinal=2,
                state="open",
                state2="released",
                reason=say("must_be_closed_first"),
            ),
            "Måling 2 er åpen og kan ikke bli frigitt: den må lukkes først.",
            "Måling 2 er open og kan ikkje bli frigjeven: ho må lukkast først.",
        ),
        (
            say("unknown_unit_code", code="x-1"),
            "det finnes ingen enhet med koden «x-1».",
            "det finst inga eining med koden «x-1».",
        ),
        (
            say("row_column", number=3, column="headcount"),
            "rad 3, kolonnen antall ansatte",
            "rad 3, kolonnen talet på tilsette",
        ),
    ],
)
def test_known_words_and_messages_within_are_said_in_the_language(
    message: Message, nb: str, nn: str
) -> None:
    assert message.in_language("nb") == nb
    assert message.in_language("nn") == nn
    assert message.in_language("en") == str(message)


def test_nothing_invisible_gets_into_a_text_and_lines_stay_lines() -> None:
    assert str(say("unknown_unit_code", code="a\x1b[2J\u202eb")) == (
        "there is no unit with the code 'a\\x1b[2J\\u202eb'."
    )
    assert str(say("as_told", error="one\ntwo\u00a0three")) == "one\ntwo\u00a0three"


def test_a_moment_is_said_as_the_language_writes_it() -> None:
    message = say("reminder_too_early", days=3, next_at=datetime(2027, 3, 1, 7, tzinfo=UTC))
    assert "01.03.2027 kl. 08:00" in message.in_language("nb")
    assert "1 March 2027, 08:00" in str(message)


def test_whatever_a_message_is_given_it_can_be_stored(tmp_path: Path) -> None:
    error = SurveyError(
        say("signing_keys_lost", wave_id=7, folder=tmp_path),
        [
            Fault("x", say("as_told", error=OSError(28, "No space left on device"))),
            Fault("y", say("reminder_too_early", days=1, next_at=datetime(2027, 3, 1, tzinfo=UTC))),
        ],
    )
    again = SurveyError.from_plain(json.loads(json.dumps(error.plain())))
    assert str(again) == str(error)
    assert str(tmp_path) in str(again)
    assert "No space left on device" in str(again)


def test_no_place_in_a_file_is_prose() -> None:
    """Rows, columns and units are messages, so that they are said in the reader's language."""
    for path in sorted(PACKAGE.rglob("*.py")):
        source = path.read_text("utf-8")
        if "Fault" in source and "survey.core.errors" in source:
            for line in source.splitlines():
                assert not re.search(r"""f["'](row|column|unit) (\{|\d)""", line), (path, line)


def test_an_error_tells_every_fault_with_its_place_and_what_to_do() -> None:
    error = InvalidInput(
        "file_has_faults_nothing_was_changed",
        [
            Fault(say("row_column", number=2, column="name"), "empty", "every_unit_needs_name"),
            Fault("", say("more_faults", faults=3)),
        ],
    )
    assert str(error) == (
        "The file has faults; nothing was changed.\n"
        "  row 2, column name: is empty. Every unit needs a name.\n"
        "  and 3 more faults."
    )
    assert error.code == "file_has_faults_nothing_was_changed"
    assert error.faults[0].value("number") == 2
    assert error.faults[1].value("number") is None


def test_an_error_survives_as_plain_data() -> None:
    error = Conflict(
        say("wave_cannot_become", ordinal=1, state="open", state2="open", reason=say("empty")),
        [
            Fault("k", "needed", say("use_values", known="1, 2")),
            Fault(say("row", number=1), "empty"),
        ],
    )
    kept = json.loads(json.dumps(error.plain()))
    again = SurveyError.from_plain(kept)
    assert (again.message, again.faults) == (error.message, error.faults)
    assert str(again) == str(error)


def test_faults_of_fields_are_named_in_the_language_and_paths_are_left_alone() -> None:
    assert Fault("unit", "needed").place("nb") == "enhet"
    assert Fault("answers.items.x", "needed").place("nb") == "answers.items.x"
    assert str(Fault("unit", "needed")).startswith("unit: ")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_message_without_words_is_a_fault_of_the_program(language: str) -> None:
    with pytest.raises(KeyError):
        errors.say("no_such_code_at_all").in_language(language)
