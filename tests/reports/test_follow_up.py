"""Targets in the dumbbell, and the section of what the unit has agreed."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from survey.followup.model import ActionFacts, ChoiceFacts, FollowUp, TargetFacts
from survey.reports.common.context import Context
from survey.reports.figures.profile import TARGET
from survey.reports.figures.style import PAPER, contrast
from survey.reports.figures.unit_figures import unit_charts
from survey.reports.svg import draw
from survey.reports.unit.content import content
from survey.reports.unit.report import dashboard, render_unit_html
from tests.reports import samples

LANGUAGES = ("nb", "nn", "en")


def ids() -> list[str]:
    return [each.id for each in samples.instrument().dimensions]


def action(**changes: Any) -> ActionFacts:
    when = datetime(2026, 4, 1, tzinfo=UTC)
    values: dict[str, Any] = {
        "id": 1,
        "unit": "u",
        "wave": 3,
        "wave_label": "Etter",
        "title": "Idékveld hver måned",
        "owner": "Nestleder",
        "deadline": date(2027, 3, 1),
        "status": "planned",
        "dimension": None,
        "created_at": when,
        "changed_at": when,
    }
    return ActionFacts(**(values | changes))


def profile(targets: dict[str, int], language: str = "nb", width: int = 658, waves: int = 3) -> Any:
    used = samples.WAVES[:waves]
    context = Context(samples.header(used), samples.unit(24, 31, waves=used), language)
    return next(c for c in unit_charts(context, width, targets) if c.id == "profile")


def ticks(chart: Any) -> list[tuple[float, float]]:
    return [
        (trace["x"][0], trace["y"][0])
        for trace in chart.spec["data"]
        if trace["marker"]["symbol"] == "line-ns"
    ]


def test_without_targets_the_chart_is_what_it_was() -> None:
    assert profile({}) == profile({"of another questionnaire": 70})
    assert ticks(profile({})) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_target_is_a_tick_on_its_row_with_its_value_in_words(language: str) -> None:
    first, second = ids()[:2]
    chart = profile({first: 0, second: 100}, language)
    assert [x for x, _ in ticks(chart)] == [0, 100]
    said = [each["text"] for each in chart.spec["layout"]["annotations"]]
    word = {"nb": "mål", "nn": "mål", "en": "target"}[language]
    assert {f"{word} 0", f"{word} 100"} <= set(said)
    assert f"{word} 100" in chart.alt
    assert chart.table.header[-1].lower() == word
    assert [row[-1] for row in chart.table.rows[:3]] == ["", "0", "100"]
    assert f">{word} 100</" in draw.render(chart.spec, label=chart.alt)


@pytest.mark.parametrize("width", [328, 658])
@pytest.mark.parametrize("waves", [1, 3])
def test_the_words_of_a_target_keep_clear_of_the_next_row_and_of_the_edges(
    width: int, waves: int
) -> None:
    from survey.reports.svg.font_metrics import width as text_width

    targets = dict.fromkeys(ids(), 100) | {ids()[0]: 0}
    chart = profile(targets, width=width, waves=waves)
    texts = chart.spec["layout"]["annotations"]
    aims = [each for each in texts if each["text"].startswith("mål ")]
    assert len(aims) == len(targets)
    for aim in aims:
        half = text_width(aim["text"], aim["font"]["size"]) / 2
        middle = aim["x"] * (width - 20)
        assert middle - half >= -10 - 0.01
        assert middle + half <= width - 10 + 0.01
        for other in texts:
            apart = other is aim or away(aim, other) or not beside(aim, other, width)
            assert apart, (aim["text"], other["text"])


def away(one: Any, other: Any) -> bool:
    """Whether two texts are above each other, the height of their letters apart."""
    spans = []
    for each in (one, other):
        high = each["font"]["size"] * 1.3 * len(each["text"].split("<br>"))
        top = each["y"] - high / 2 if each["yanchor"] == "middle" else each["y"]
        spans.append((top + 2, top + high - 2))
    return bool(spans[0][1] <= spans[1][0] or spans[1][1] <= spans[0][0])


def beside(one: Any, other: Any, width: int) -> bool:
    """Whether two texts share any column of pixels."""
    from survey.reports.svg.font_metrics import width as text_width

    spans = []
    for each in (one, other):
        wide = max(text_width(line, each["font"]["size"]) for line in each["text"].split("<br>"))
        left = each["x"] * (width - 20)
        shift = {"left": 0, "center": wide / 2, "right": wide}[each["xanchor"]]
        spans.append((left - shift, left - shift + wide))
    return spans[0][0] < spans[1][1] and spans[1][0] < spans[0][1]


def test_targets_make_the_printed_chart_no_higher() -> None:
    """Page 1 answers four questions: what is added must not push one of them off it."""
    high = profile(dict.fromkeys(ids(), 70)).spec["layout"]["height"]
    assert high == profile({}).spec["layout"]["height"]


def test_the_colour_of_targets_is_told_apart_from_paper() -> None:
    assert contrast(TARGET, PAPER) >= 4.5


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_agreed_is_the_last_part_and_says_everything(language: str) -> None:
    context = Context(samples.header(), samples.unit(24, 31), language)
    keep, improve = ids()[:2]
    known = FollowUp(
        ChoiceFacts(keep, improve),
        (action(id=2, title="Fra sist", status="done", wave=2, dimension="of an older one"),),
        (action(dimension=keep), action(id=3, owner="A\u200bB <b>")),
        (TargetFacts(keep, 70, "leader_agreement", 2028), TargetFacts(improve, 60, "other")),
    )
    last = content(context, follow_up=known).parts[-1]
    assert last.id == "actions"
    assert len(last.points) == 4
    assert context.dimension_title(keep) in last.points[0]
    assert "2028" in last.points[2]
    now, before = last.tables
    assert [row[0] for row in now.rows] == [
        f"Idékveld hver måned ({context.dimension_title(keep)})",
        "Idékveld hver måned",
    ]
    assert before.rows[0][0] == "Fra sist (of an older one)"
    html = render_unit_html(
        samples.header(), samples.unit(24, 31), language, "0" * 64, follow_up=known
    )
    assert "&lt;b&gt;" in html
    assert '<table class="agreed">' in html


def test_nothing_agreed_is_no_part() -> None:
    context = Context(samples.header(), samples.unit(24, 31), "nb")
    assert content(context) == content(context, follow_up=FollowUp())
    assert "actions" not in [part.id for part in content(context).parts]


def test_the_page_takes_the_targets_and_leaves_the_actions_to_itself() -> None:
    known = FollowUp(actions=(action(),), targets=(TargetFacts(ids()[0], 70, "other"),))
    view = dashboard(samples.header(), samples.unit(24, 31), "nb", follow_up=known)
    assert "actions" not in [section.id for section in view.sections]
    drawn = next(v for s in view.sections for v in s.charts if v.chart.id == "profile")
    assert "mål 70" in drawn.svg
