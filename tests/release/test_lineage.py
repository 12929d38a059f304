"""What a unit was before, over several waves: names and places, records, breaks."""

from __future__ import annotations

from survey.release.document import Participation, Score, UnitFacts, UnitResult
from survey.release.lineage import Earlier, Lineage, Now, Recorded, composition
from tests.release.samples import wave

HIDDEN = Score(None)


def unit(
    code: str, parent: str | None = "k", name: str = "", path: tuple[str, ...] = ("K",)
) -> UnitResult:
    facts = UnitFacts(code, name or code.upper(), "", 1, parent, path)
    return UnitResult(facts, "none", Participation(None, None, None), HIDDEN, ())


def earlier(ordinal: int, *units: UnitResult) -> Earlier:
    top = unit("k", None, path=())
    return Earlier(wave(ordinal), {each.unit.code: each for each in (top, *units)})


def now(**names: str) -> dict[str, Now]:
    """Units of this wave below the top: code → name."""
    return {"k": Now("K", None)} | {code: Now(name, "k") for code, name in names.items()}


def record(ordinal: int, kind: str, before: str, after: str, **continues: str) -> Recorded:
    codes = [*before.split(), *after.split()]
    names = {code: code.upper() for code in codes}
    reasons = {code: f"why {code}" for code in after.split()}
    return Recorded(
        ordinal,
        kind,
        tuple(before.split()),
        tuple(after.split()),
        continues,
        names,
        reasons=reasons,
    )


def test_a_unit_without_records_is_itself_in_every_wave_it_was_in() -> None:
    found = Lineage(4, now(a="A"), [earlier(1, unit("a")), earlier(2), earlier(3, unit("a"))])
    past = found.past("a")
    assert dict(past.codes) == {3: "a", 1: "a"}
    assert (past.broken, past.told) == (frozenset(), ())


def test_names_are_told_wave_by_wave_and_a_name_that_came_back_is_told_too() -> None:
    waves = [earlier(1, unit("a", name="Old")), earlier(2, unit("a", name="Middle"))]
    told = Lineage(3, now(a="Old"), waves).past("a").told
    assert [(each.from_ordinal, each.before, each.after) for each in told] == [
        (2, ("Middle",), ("Old",)),
        (1, ("Old",), ("Middle",)),
    ]


def test_a_chain_of_new_codes_is_followed_back() -> None:
    waves = [earlier(1, unit("a")), earlier(2, unit("b"))]
    records = [record(2, "recoded", "a", "b", b="a"), record(3, "recoded", "b", "c", c="b")]
    past = Lineage(3, now(c="C"), waves, records).past("c")
    assert dict(past.codes) == {2: "b", 1: "a"}
    assert [each.kind for each in past.told] == ["recoded", "recoded"]


def test_a_break_hides_every_wave_before_it_and_none_after() -> None:
    waves = [earlier(1, unit("a"), unit("b")), earlier(2, unit("c")), earlier(3, unit("c"))]
    records = [record(2, "merged", "a b", "c")]
    past = Lineage(4, now(c="C"), waves, records).past("c")
    assert dict(past.codes) == {3: "c", 2: "c"}
    assert past.broken == {1}
    assert [(each.kind, each.from_ordinal, each.reason) for each in past.told] == [
        ("merged", 1, "why c")
    ]


def test_a_merger_that_continues_one_unit_is_compared_with_that_one_alone() -> None:
    waves = [earlier(1, unit("a"), unit("b"))]
    past = Lineage(2, now(a="A"), waves, [record(2, "merged", "a b", "a", a="a")]).past("a")
    assert dict(past.codes) == {1: "a"}
    assert past.told[0].continues == "A"


def test_two_changes_between_two_waves_are_taken_in_their_order() -> None:
    waves = [earlier(1, unit("a"), unit("b"))]
    records = [record(2, "recoded", "a", "x", x="a"), record(2, "merged", "x b", "y", y="x")]
    past = Lineage(2, now(y="Y"), waves, records).past("y")
    assert dict(past.codes) == {1: "a"}
    assert [each.kind for each in past.told] == ["merged", "recoded"]


def test_an_area_with_a_new_code_does_not_move_its_units() -> None:
    waves = [earlier(1, unit("n"), unit("a", "n", path=("K", "N")))]
    units = {"k": Now("K", None), "m": Now("M", "k"), "a": Now("A", "m")}
    moved = Lineage(2, units, waves).past("a").told
    assert [(each.kind, each.before, each.after) for each in moved] == [("moved", ("N",), ("M",))]
    recoded = [record(2, "recoded", "n", "m", m="n")]
    assert Lineage(2, units, waves, recoded).past("a").told == ()


def test_an_area_has_gained_and_lost_only_what_is_not_made_of_its_own() -> None:
    waves = [earlier(1, unit("a"), unit("b"), unit("c"), unit("d"))]
    lineage = Lineage(2, now(x="X", c="C", new="New"), waves, [record(2, "merged", "a b", "x")])
    then = {code: Now(code.upper(), "k") for code in "abcd"}
    below = {code: Now(code.upper(), "k") for code in ("x", "c", "new")}
    assert composition(lineage, 1, below, then) == (("NEW",), ("D",))


def test_what_came_together_is_named_once() -> None:
    units = {"k": Now("K", None), "n": Now("N", "k"), "a": Now("A", "n")}
    lineage = Lineage(2, units, [earlier(1)])
    below = {code: units[code] for code in ("n", "a")}
    assert composition(lineage, 1, below, {}) == (("N",), ())
