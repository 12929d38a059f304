"""docs/anonymity.* says what the program does: the promise, in a minute, and an example that
whoever has a pencil can follow."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from survey.disclosure.model import AnswerCounts, Counted, IndexCounts, Node
from survey.disclosure.printing import PrintedIndex, PrintedShare, Printer
from survey.disclosure.protect import protect
from survey.web import catalogue

DOCS = Path(__file__).parents[2] / "docs"
FILES = {"nb": "anonymity.md", "nn": "anonymity.nn.md", "en": "anonymity.en.md"}
NODES = (
    Node("municipality", None),
    Node("oppvekst", "municipality"),
    Node("bjorka", "oppvekst"),
    Node("asly", "oppvekst"),
    Node("lia", "oppvekst"),
)
ANSWERED = np.array([0, 2, 12, 8, 3])
SCORES = np.array([0, 2 * 75, 12 * 64.4, 8 * 58.6, 3 * 68])
STATEMENT = np.array([[0, 0], [0, 2], [4, 8], [1, 7], [0, 3]])


def printed(start: float) -> Printer:
    """The example, with small counts rounded from this start."""
    statement = AnswerCounts(STATEMENT, "goal", favourable=(1,))
    goal = {"goal": IndexCounts(ANSWERED, SCORES)}
    counted = Counted(NODES, ANSWERED, goal, {"item:statement": statement})
    return Printer(protect(counted, 5, lambda _name: start))


def decimal(text: str, language: str) -> str:
    return text if language == "en" else text.replace(".", ",")


@pytest.mark.parametrize("language", FILES)
def test_the_promise_stands_at_the_top_and_what_holds_is_read_in_a_minute(language: str) -> None:
    text = (DOCS / FILES[language]).read_text("utf-8")
    top = text.split("\n## ")[1].partition("\n")[2]
    assert catalogue.text("answer.promise", language, k=5) in top
    words = [each for each in top.split() if re.search(r"\w", each)]
    assert len([each for each in words if not re.fullmatch(r"\d\.", each)]) <= 200
    assert re.findall(r"^(\d)\.", top, re.MULTILINE) == ["1", "2", "3", "4", "5"]


@pytest.mark.parametrize("language", FILES)
def test_the_example_is_what_the_program_prints(language: str) -> None:
    text = (DOCS / FILES[language]).read_text("utf-8")
    low, high = printed(0.5), printed(2.5)
    for printer in (low, high):
        assert [printer.n(node.id) for node in NODES] == [25, 25, 12, 8, None]
        assert printer.n_of_others("oppvekst") == 5
        assert printer.index("goal", "oppvekst", others=True) == PrintedIndex(71)
        assert printer.index("goal", "oppvekst") == PrintedIndex(64)
        assert printer.index("goal", "bjorka") == PrintedIndex(64)
        assert printer.index("goal", "asly") == PrintedIndex(59)
        assert printer.share("item:statement", "bjorka") == PrintedShare(65, 5)
        assert printer.share("item:statement", "asly") is None
    assert low.share("item:statement", "oppvekst") == PrintedShare(85, 5)
    assert high.share("item:statement", "oppvekst") == PrintedShare(70, 5)
    for said in ("64.4 → **64**", "58.6 → **59**", "70.8 → **71**", "/ 25 = 63.8 → **64**"):
        assert decimal(said, language) in text
    for said in ("= 67 % → **65 %**", "= 84 % → **85 %**", "= 72 % → **70 %**"):
        assert said in text
