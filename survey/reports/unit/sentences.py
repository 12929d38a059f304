"""Who answered, where the unit stands and what is special about it, in words that praise nobody."""

from __future__ import annotations

from survey.release.document import Participation
from survey.reports.common.context import Context
from survey.reports.svg.font_metrics import printable


def who_answered(context: Context) -> str:
    """Say how many answered, of how many; or that this is not shown."""
    words, who = context.words, context.unit.participation
    if who.answered is None:
        return words("answered_hidden")
    if who.over and who.headcount is not None:
        return words("answered_over", n=who.answered, all=who.headcount)
    population = who.headcount if who.headcount is not None else who.invited
    if not population:
        return words("answered_only", n=who.answered)
    if who.answered > population:
        return words("answered_over_invited", n=who.answered, all=population)
    if who.answered == population:
        return words("answered_all", n=who.answered)
    key = "answered_of" if who.headcount is not None else "answered_of_invited"
    return words(key, n=who.answered, all=population, rate=response_rate(context, who))


def answered(context: Context) -> tuple[str, ...]:
    """Who answered; and, where the questionnaire asks for the role, that leaders are not in it:
    otherwise "23 of 24" would look like a colleague who did not answer."""
    said = [who_answered(context)]
    if few_answered(context):
        said.append(context.words("answered_few"))
    area = bool(context.unit.unit.children) or context.unit.unit.parent is None
    asked = context.instrument.role_question is not None
    if area or not asked or context.unit.participation.answered is None:
        return tuple(said)  # an area's number holds the leaders who are counted there
    return (*said, context.words("answered_leaders"))


FEW = 50
"""Per cent below which those who did not answer outnumber those who did: no interval covers what
they might have said, since they did not stay away by lot."""


def few_answered(context: Context) -> bool:
    """True when fewer than half are known to have answered."""
    who = context.unit.participation
    population = who.headcount if who.headcount is not None else who.invited
    return (
        who.answered is not None
        and bool(population)
        and 100 * who.answered < FEW * (population or 0)
    )


def response_rate(context: Context, who: Participation) -> str:
    """Return the response rate in whole per cent; "–" where it is not known, or where more answered
    than work here, which is said in words."""
    population = who.headcount if who.headcount is not None else who.invited
    if who.answered is None or not population or who.answered > population:
        return "–"
    return context.words.percent(int(100 * who.answered / population + 0.5))


def where_we_stand(context: Context) -> tuple[str, ...]:
    """Say the overall index and how sure it is, or that it is not shown."""
    words, score = context.words, context.unit.overall
    if score.index is None:
        return (words("standing_hidden"),)
    said = [words("standing", index=words.score(score))]
    if score.everyone:
        said.append(words("standing_everyone"))
    elif score.interval is not None and score.bound != "open":
        key = {"at_least": "least", "at_most": "most"}.get(score.bound or "", "interval")
        said.append(words(f"standing_{key}", low=score.interval.low, high=score.interval.high))
    return tuple(said)


def others(context: Context) -> tuple[str, ...]:
    """Say whom an area's "others" are; () for a unit without."""
    known = context.unit.others
    if known is None:
        return ()
    name = context.words("others_name", name=context.unit_name)
    return (context.words("others_who", name=name, n=known.answered),)


def circumstances(context: Context) -> tuple[str, ...]:
    """Say what is special about the unit: hidden, merged, new, more answers than employees."""
    words, facts, said = context.words, context.unit.unit, []
    if context.unit.tier == "none" and not facts.merged_into:
        said.append(words("tier_none_here", k=context.header.method.k))
    if facts.merged_into:
        names = {entry.code: entry.name for entry in context.header.units}
        name = printable(names.get(facts.merged_into, facts.merged_into))
        said.append(words("merged_into", name=name))
    if facts.is_new and context.header.earlier and context.change is not None:
        said.append(words("is_new"))
    if facts.note:
        said.append(printable(facts.note))
    return tuple(said)
