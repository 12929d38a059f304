"""Numbers, days, times and lists are written as each language writes them."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from survey.core import formats


@pytest.mark.parametrize(
    ("language", "said"), [("nb", "45\u00a0%"), ("nn", "45\u00a0%"), ("en", "45%")]
)
def test_per_cent(language: str, said: str) -> None:
    assert formats.percent(45, language) == said


def test_every_whole_per_cent_is_written_as_it_is() -> None:
    assert [formats.percent(n, "en") for n in range(101)] == [f"{n}%" for n in range(101)]


@pytest.mark.parametrize(
    ("language", "said"), [("nb", "\u22120,81"), ("nn", "\u22120,81"), ("en", "\u22120.81")]
)
def test_decimals(language: str, said: str) -> None:
    assert formats.decimal(-0.814, language) == said


@pytest.mark.parametrize(
    ("language", "said"), [("nb", "2. mars 2026"), ("nn", "2. mars 2026"), ("en", "2 March 2026")]
)
def test_days(language: str, said: str) -> None:
    assert formats.day(date(2026, 3, 2), language) == said


@pytest.mark.parametrize(
    ("language", "said"),
    [("nb", "a, b og c"), ("nn", "a, b og c"), ("en", "a, b and c"), ("se", "a, b ja c")],
)
def test_lists(language: str, said: str) -> None:
    assert formats.listed(["a", "b", "c"], language) == said
    assert formats.listed(["a"], language) == "a"
    assert formats.listed([], language) == ""


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("nb", "01.03.2027 kl. 08:05"),
        ("nn", "01.03.2027 kl. 08:05"),
        ("en", "1 March 2027, 08:05"),
        ("se", "01.03.2027 dii. 08:05"),
    ],
)
def test_moments(language: str, said: str) -> None:
    assert formats.moment(datetime(2027, 3, 1, 8, 5), language) == said  # noqa: DTZ001
