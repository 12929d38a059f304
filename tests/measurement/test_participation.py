import pytest

from survey.measurement.participation import Participation, participation


def test_answers_are_held_against_the_headcount():
    assert participation(24, 31) == Participation(31, None, 24, over=False)
    assert participation(24, 24, 30) == Participation(24, 30, 24, over=False)
    assert participation(25, 24, 30) == Participation(24, 30, 25, over=True)


@pytest.mark.parametrize("headcount", [None, 0])
def test_invitations_stand_in_for_a_headcount_that_is_not_known(headcount):
    assert not participation(26, headcount, 30).over
    assert participation(31, headcount, 30).over
    assert not participation(26, headcount).over


def test_what_is_not_shown_is_never_more_than_there_are():
    assert participation(None, 6) == Participation(6, None, None, over=False)
