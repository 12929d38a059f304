"""What a smallest group means, from headcounts alone; and what opening would merge."""

from __future__ import annotations

from survey.core.keystore import KeyStore
from survey.core.slugs import slug
from survey.invitations.issuing import create_invitations
from survey.invitations.opening_checklist import checklist
from survey.organisation.units import tree
from survey.study.visibility_forecast import Reach, forecasts
from survey.study.waves import open_wave


def of(place, k: int):
    with place.db.reading() as session:
        [found] = forecasts(tree(session, place.organisation_id), [k])
    return found


def test_units_below_k_are_named_with_the_neighbour_that_they_are_counted_in(place):
    assert [(each.code, each.into_code) for each in of(place, 5).merged] == [("A2", "A3")]
    assert {each.code for each in of(place, 11).merged} == {"A2", "A3", "B2"}
    assert of(place, 5).units == 8


def test_a_higher_k_never_gives_more_units_results_of_their_own(place):
    """When all answer. When fewer do, a unit that a neighbour is counted in may have enough."""
    found = [of(place, k) for k in range(5, 31)]
    nothing = [each.reach[0].nothing for each in found]
    assert nothing == sorted(nothing)
    assert all(
        each.nothing + each.indices + each.shares + each.everything == 8
        for one in found
        for each in one.reach
    )


def test_what_shows_follows_from_the_groups_that_answers_are_counted_in(place):
    """At seven of ten the four of Oppvekst's own staff are in no group, and its units show 8 and
    7; when all answer they join the one of the municipality's."""
    assert of(place, 5).reach == (
        Reach(1.0, nothing=1, indices=1, shares=6, everything=0),
        Reach(0.7, nothing=1, indices=3, shares=4, everything=0),
    )


def test_distributions_show_from_a_hundred_answers_and_shares_from_ten(place):
    place.bring("code;name;parent_code;headcount\nK;Kommunen;;0\nC;Ny;K;100\nD;Ny;K;99\nE;Ny;K;9\n")
    assert of(place, 5).reach[0] == Reach(1.0, nothing=0, indices=1, shares=1, everything=2)
    assert of(place, 9).reach[0].indices == 1
    assert of(place, 10).reach[0] == Reach(1.0, nothing=1, indices=0, shares=0, everything=3)


def test_an_organisation_without_units_has_no_forecast():
    assert forecasts([], [5]) == []


def test_who_is_counted_in_a_neighbour_shows_nothing_and_the_neighbour_shows_both(place):
    for k in range(5, 12):
        found = of(place, k)
        assert found.reach[0].nothing == len(found.merged)


def test_the_checklist_names_what_opening_then_merges_and_changes_nothing(place):
    with place.db.transaction() as session:
        wave = place.wave(session)
        create_invitations(session, place.secret, place.keys, wave)
    place.bring("code;name;parent_code;headcount\nK;Ny kommune;;1\nA1;Bjørka;K;99\nC;Ny;K;7\n")
    with place.db.reading() as session:
        checked = checklist(session, place.keys, place.library, place.wave(session))
        assert not session.dirty
    with place.db.transaction() as session:
        done = open_wave(session, place.keys, place.library, place.wave(session))
    assert checked.merged == done.merged
    assert checked.ready


def test_the_checklist_says_what_would_be_refused_and_what_to_see_to(place, tmp_path):
    def told(keys: KeyStore) -> dict[str, tuple[str, str]]:
        with place.db.reading() as session:
            found = checklist(session, keys, place.library, place.wave(session))
        return {each.name: (each.state, each.told) for each in found.points}

    assert told(KeyStore(tmp_path / "other"))["escrow"] == ("look", "escrow_none")
    assert told(place.keys)["escrow"] == ("look", "escrow_away")
    (tmp_path / "escrow").mkdir()
    assert told(place.keys)["escrow"] == ("good", "escrow_coming")
    assert told(place.keys)["invited"] == ("look", "invited_none")
    with place.db.transaction() as session:
        wave = place.wave(session)
        create_invitations(session, place.secret, place.keys, wave)
        copy = tmp_path / "escrow" / f"wave-{wave.id}.private"
    assert told(place.keys)["escrow"] == ("good", "escrow")
    copy.write_text("00" * 32)
    assert told(place.keys)["escrow"] == ("stop", "escrow_differs")
    assert told(place.keys)["handed"] == ("look", "handed_none")


def test_names_become_safe_parts_of_file_names():
    assert slug("Åsly & Sørøya barnehage – avd. 2") == "Asly-Soroya-barnehage-avd-2"
    assert slug("Čáhcesuolu / Ŋiđđa") == "Cahcesuolu-Nidda"
    assert slug("../..") == ""
    assert len(slug("x" * 500)) == 60
