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


def printed(drawn: float, disagreed: int = 1) -> Printer:
    """The example, with small counts rounded by this draw; ``disagreed``: how many of the 13."""
    table = STATEMENT.copy()
    table[3] = min(disagreed, 8), 8 - min(disagreed, 8)
    table[4] = disagreed - table[3, 0], 3 - (disagreed - table[3, 0])
    statement = AnswerCounts(table, "goal", favourable=(1,))
    goal = {"goal": IndexCounts(ANSWERED, SCORES)}
    counted = Counted(NODES, ANSWERED, goal, {"item:statement": statement})
    return Printer(protect(counted, 5, lambda _name: drawn))


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


SAID = {
    "nb": ("85 %, kan regne ut at det", "0, 1 eller 2 av de 13", "1, 2, 3 eller 4 er"),
    "nn": ("85 %, kan rekne ut at det", "0, 1 eller 2 av dei 13", "1, 2, 3 eller 4 er"),
    "en": ("85 % can work out that 0", "0, 1 or 2 of the 13", "1, 2, 3 or 4 disagreed"),
}


@pytest.mark.parametrize("language", FILES)
def test_what_a_share_leaves_open_is_what_the_example_says(language: str) -> None:
    text = (DOCS / FILES[language]).read_text("utf-8")
    left: dict[int | None, set[int]] = {}
    for disagreed in range(12):  # of Åsly's eight and Lia's three
        for drawn in (0.5, 1.5, 2.5):
            share = printed(drawn, disagreed).share("item:statement", "oppvekst")
            assert share is not None
            left.setdefault(share.percent, set()).add(disagreed)
    assert left[85] == {0, 1, 2}
    assert left[70] == {1, 2, 3, 4}
    for said in SAID[language]:
        assert said in text
