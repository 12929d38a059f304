from itertools import pairwise

import numpy as np
import pytest

from survey.measurement import scoring as sc
from survey.measurement import stream

KEY = sc.ScoringKey(
    tuple(sc.DimensionKey(f"d{d}", (2 * d, 2 * d + 1), (False, True), 1, 4, 1) for d in range(2)),
    (0, 1),
)


@pytest.mark.parametrize("batch", [1, 40, 1 << 16])
@pytest.mark.parametrize("as_bytes", [False, True])
def test_a_stream_of_groups_gives_the_moments_of_the_whole(batch, as_bytes, monkeypatch):
    monkeypatch.setattr(stream, "_BATCH", batch)
    rng = np.random.default_rng(1)
    sheets = rng.choice(np.array([0, 1, 2, 3, 4, 15], np.uint8), (200, 4))
    sizes = np.array([30, 0, 70, 1, 99])
    groups = np.repeat(np.arange(5), sizes)
    text = bytes(sheets + 48).decode()
    ends = np.concatenate([[0], np.cumsum(sizes)]) * 4
    parts = [text[a:b] for a, b in pairwise(ends)]
    if as_bytes:
        parts = [part.encode() for part in parts]
    found = stream.moments_of_parts(iter(parts), 4, KEY, overall=True)
    scores = sc.person_scores(sheets, KEY)
    scores = np.column_stack([scores, sc.overall_scores(scores, KEY)])
    expected = sc.group_moments(scores, groups, 5)
    np.testing.assert_array_equal(found.n, expected.n)
    np.testing.assert_allclose(found.total, expected.total, rtol=1e-12)
    np.testing.assert_allclose(found.squares, expected.squares, rtol=1e-12)


def test_no_group_at_all_is_an_empty_table():
    assert stream.moments_of_parts([], 4, KEY).n.shape == (0, 2)


def test_a_part_that_is_no_whole_sheets_is_refused():
    with pytest.raises(ValueError, match="sheets"):
        stream.moments_of_parts(["12345"], 4, KEY)
