import numpy as np
import pytest

from survey.measurement.scoring import DimensionKey, ScoringKey
from survey.measurement.wave import WaveAnswers, score_wave

KEY = ScoringKey(
    (
        DimensionKey("a", (0, 1), (False, True), 1, 4, 2),
        DimensionKey("b", (2,), (False,), 1, 4, 1),
    ),
    (0, 1),
)
SHEETS = np.array([[4, 1, 1], [4, 4, 4], [0, 1, 15], [2, 3, 3]], np.uint8)


@pytest.fixture
def wave():
    return score_wave(WaveAnswers(SHEETS, np.array([0, 0, 2, 2])), KEY, 3)


def test_everybody_gets_a_score_per_dimension_and_an_overall_index(wave):
    np.testing.assert_allclose(
        wave.scores, np.array([[100, 0], [50, 100], [np.nan, np.nan], [100 / 3, 200 / 3]])
    )
    np.testing.assert_allclose(wave.overall, [50, 75, np.nan, 50])


def test_units_count_their_answers_and_those_with_a_score(wave):
    assert wave.answered().tolist() == [2, 0, 2]
    assert wave.moments().n.tolist() == [[2, 2], [0, 0], [1, 1]]


def test_items_are_counted_with_the_most_favourable_answer_last(wave):
    straight, turned = wave.item_counts(KEY.dimensions[0])
    assert straight.tolist() == [[0, 0, 0, 2, 0, 0], [0] * 6, [0, 1, 0, 0, 0, 1]]
    assert turned.tolist() == [[1, 0, 0, 1, 0, 0], [0] * 6, [0, 1, 0, 1, 0, 0]]


def test_answers_to_items_stand_on_their_own_scale(wave):
    np.testing.assert_array_equal(
        wave.item_values(KEY.dimensions[0]), [[4, 4], [4, 1], [np.nan, 4], [2, 2]]
    )
