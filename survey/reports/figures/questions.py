"""Effects, what has been taken into use, and other choices: horizontal bars with denominator."""

from __future__ import annotations

from survey.release.document import OptionResult, QuestionResult
from survey.reports.context import Context
from survey.reports.figures import style
from survey.reports.figures.canvas import Canvas
from survey.reports.figures.parts import Bar, draw_bars
from survey.reports.metrics import width as text_width
from survey.reports.model import Chart, ChartTable

BAR = 13


def question_chart(context: Context, result: QuestionResult, width: int) -> Chart | None:
    """Build the bars of one question in the instrument's order; None when it shows nothing."""
    if all(option.percent is None for option in result.options):
        return None
    words, question = context.words, context.question(result.id)
    canvas = Canvas(width)
    bars: list[Bar] = []
    for option in result.options:
        bars += _row(context, canvas, _name(context, result.id, option), option)
    draw_bars(canvas, bars)
    title = _title(context, result)
    asked = context.text(question.text)
    n = words("n_is", n=result.n) if result.n is not None else words("n_hidden")
    subtitle = words(f"question_subtitle_{question.type}", question=asked, n=n)
    if question.reference_period:
        subtitle += " " + words("question_period", period=words.period(question.reference_period))
    rows = tuple(
        (
            _name(context, result.id, o),
            words.percent(o.percent, o.at_least, at_most=o.at_most),
        )
        for o in result.options
    )
    said = "; ".join(f"{name}: {value}" for name, value in rows)
    return Chart(
        id=f"question-{result.id}",
        title=title,
        subtitle=subtitle,
        spec=canvas.finish(),
        alt=f"{title}. {n}. {said}.",
        table=ChartTable(header=(words("option"), words("share")), rows=rows),
    )


def _name(context: Context, question: str, option: OptionResult) -> str:
    return context.text(context.question(question).option(option.id).text)


def _row(context: Context, canvas: Canvas, name: str, option: OptionResult) -> list[Bar]:
    """Draw label, track and bar of one option, the share printed at its end."""
    words = context.words
    if option.percent is None:
        canvas.label(name, 400, words.hidden)
        y = canvas.top + BAR / 2 + 1
        canvas.line(0, 100, y, style.RULE, 1)
        canvas.top = y + BAR / 2 + 7
        return [Bar(0, 100, y, BAR - 6, style.PAPER, style.RULE, words.hidden, hatched=True)]
    canvas.label(name)
    y = canvas.top + BAR / 2 + 1
    canvas.line(0, 100, y, style.RULE, 1)
    text = words.percent(option.percent, option.at_least, at_most=option.at_most)
    end = canvas.pixel(option.percent)
    if end + 8 + text_width(text, style.TEXT, 600) <= canvas.room:
        # Paper behind the value keeps the track from crossing it.
        canvas.data_gap(end + 4, end + 12 + text_width(text, style.TEXT, 600), y)
        canvas.text(text, end + 8, y, middle=True, weight=600)
    else:
        canvas.text(text, end - 8, y, anchor="right", middle=True, weight=600, color=style.PAPER)
    canvas.top = y + BAR / 2 + 7
    return [Bar(0, option.percent, y, BAR, style.DEEP, style.DEEP, f"{name}: {text}")]


def _title(context: Context, result: QuestionResult) -> str:
    """Say which option was chosen most, or that several were chosen equally often."""
    words, question = context.words, context.question(result.id)
    exclusive = {option.id for option in question.options if option.exclusive}
    shown = [
        o
        for o in result.options
        if o.percent is not None and not o.at_most and o.id not in exclusive
    ]
    top = max((o.percent or 0 for o in shown), default=0)
    if top == 0:
        return words("question_none")
    first = [o for o in shown if o.percent == top]
    if len(first) > 2:
        return words("question_several", n=len(first), share=words.percent(top))
    names = words.listed(
        [
            f"«{_name(context, result.id, o)}»"
            if words.language != "en"
            else f"“{_name(context, result.id, o)}”"
            for o in first
        ]
    )
    share = words.percent(top, any(o.at_least for o in first))
    return words("question_title", names=names, share=share)
