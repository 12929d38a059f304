"""A random search for a leak from end to end: drawn municipalities, published by the product.

Trees, headcounts, leaders, reorganisations and answers are drawn; everything goes through import,
invitations, sealed answers or an imported file, close, look and release; an attacker then reads all
outputs (``attacker``). What he must not find, and what is not counted, stands there. ``test_power``
takes protections away and shows that the same attacker then finds them missing.

Every run repeats the same municipalities: the first of them, and with ``--full`` all of
LEAK_EXAMPLES (default 3). Longer: ``LEAK_EXAMPLES=500 pytest
-n0 --full tests/leaks/test_search.py --hypothesis-profile=new`` draws what nobody has seen yet, in
three waves each, and names the seed of what is found.
"""

from __future__ import annotations

import os
import random
from contextlib import suppress

import pytest
from hypothesis import settings

from tests.leaks import open_wave
from tests.leaks.attacker import attack
from tests.leaks.derived import other_than_computed
from tests.leaks.drawing import draw_history
from tests.leaks.learned import Learned
from tests.leaks.outputs import differences, read_wave
from tests.leaks.reading import Wave
from tests.leaks.world import Publication, Published, TooSmall

pytestmark = pytest.mark.no_cover

EXAMPLES = int(os.environ.get("LEAK_EXAMPLES", "3"))
FIRST = 7
"""From here on they are neither large nor too small."""


def seeds() -> list[int]:
    """What is drawn: the same in every run, or what nobody has seen yet."""
    if settings.default is not None and settings.default.derandomize:
        return list(range(FIRST, FIRST + EXAMPLES))
    return [random.SystemRandom().randrange(2**32) for _ in range(EXAMPLES)]


SEEDS = seeds()
WAVES = 2 if settings.default is not None and settings.default.derandomize else 3


@pytest.fixture(scope="module")
def learned():
    """What the forms of the drawn municipalities have in common, and which were read so far."""
    return Learned(), set()


@pytest.mark.parametrize(
    "seed", [SEEDS[0], *(pytest.param(s, marks=pytest.mark.long) for s in SEEDS[1:])]
)
def test_nothing_that_is_published_gives_anybody_away(published, learned, seed):
    history = draw_history(seed, waves=WAVES)
    chosen, read = random.Random(seed), []
    learned[1].add(seed)
    try:
        for made, wave in published(history, watch=polled):
            assert open_wave.changed(wave.seen) == [] if wave.seen else history.waves[0].imported
            if wave.open_rows:
                assert open_wave.attack_open(wave.open_rows, history.k) == []
            read.append(read_wave(made, wave, known(wave, chosen)))
            learned[0].read(read[-1])
            assert attack(read[-1], seed=seed) == [], (seed, history)
            assert other_than_computed(made, read) == [], seed
            as_pdf = wave.ordinal == 1 and (seed == FIRST or not settings.default.derandomize)
            assert said_twice(made, wave, read[-1], chosen, as_pdf=as_pdf) == [], seed
    except TooSmall:  # the service refuses to measure it at all
        assert seed > FIRST + 2, "what is drawn every time must be measured"


def test_no_form_of_a_number_goes_with_one_or_two_people(published, learned, request):
    """Of all municipalities of this run; what another process tried is published here again."""
    forms, already = learned
    for seed in SEEDS if request.config.getoption("--full") else SEEDS[:1]:
        if seed in already:
            continue
        chosen = random.Random(seed)
        with suppress(TooSmall):
            for made, wave in published(draw_history(seed, waves=WAVES)):
                forms.read(read_wave(made, wave, known(wave, chosen)))
    assert forms.told() == []


def polled(made: Published, ordinal: int) -> dict[str, str]:
    """What somebody reads who asks for an open wave again and again."""
    path = f"/studies/s/waves/{ordinal}"
    page = made.client.get(f"/stab/{made.org}/undersokelse/s/maling/{ordinal}")
    assert page.status_code == 200
    return {"wave": str(made.api(path)), "counts": str(made.api(f"{path}/participation"))}


def known(wave: Publication, chosen: random.Random) -> list[int]:
    """The attacker's own answers, and those of a colleague or two who told him; or nobody's."""
    if not wave.people or chosen.random() < 0.4:
        return []
    me = chosen.randrange(len(wave.people))
    near = [i for i, p in enumerate(wave.people) if p.place == wave.people[me].place and i != me]
    return [me, *chosen.sample(near, min(len(near), chosen.randrange(3)))]


def said_twice(
    made: Published, wave: Publication, read: Wave, chosen: random.Random, *, as_pdf: bool
) -> list[str]:
    """What the look says beside the release, and what pages, figures and files of a few units say
    that their documents do not."""
    assert wave.look is not None
    found = [
        f"look {unit.code}"
        for unit in wave.look.units
        if unit.code in read.parent and unit.answered != read.answered(unit.code)
    ]
    for code in chosen.sample(sorted(read.units), min(2, len(read.units))):
        found += differences(made, read.header, read.units[code], as_pdf=as_pdf)
        as_pdf = False
    return found
