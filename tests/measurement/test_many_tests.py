import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from survey.measurement import many_tests as mt
from tests.measurement.reference import BFI_SCALES, CLOSED, values


@pytest.mark.parametrize(("method", "identity"), [("holm", "holm"), ("bh", "fdr_bh")])
def test_adjusted_p_equal_bfi_gender_padj(method, identity):
    reference = values("pingouin")
    p = np.array([reference[f"bfi.gender.{scale}.welch"]["p"] for scale in BFI_SCALES])
    adjust = mt.holm if method == "holm" else mt.benjamini_hochberg
    expected = reference[f"bfi.gender.padj.{identity}"]
    np.testing.assert_allclose(adjust(p), expected, rtol=CLOSED)


@settings(max_examples=40)
@given(p=st.lists(st.floats(0, 1), min_size=1, max_size=12), holes=st.integers(0, 3))
def test_holm_and_benjamini_hochberg_equal_statsmodels_and_pass_over_what_was_not_tested(p, holes):
    padded = np.array(p + [math.nan] * holes)
    order = np.random.default_rng(len(p)).permutation(padded.size)
    for adjust, name in ((mt.holm, "holm"), (mt.benjamini_hochberg, "fdr_bh")):
        found = adjust(padded[order])
        expected = np.full(padded.size, math.nan)
        expected[: len(p)] = multipletests(p, method=name)[1]
        np.testing.assert_allclose(found, expected[order], rtol=1e-9, atol=1e-300)


def test_holm_adjusts_every_row_of_a_table_by_itself():
    p = np.array([[0.01, 0.04, np.nan], [0.2, 0.01, 0.03]])
    np.testing.assert_allclose(mt.holm(p), [[0.02, 0.04, np.nan], [0.2, 0.03, 0.06]])
    assert mt.holm(np.array([])).size == 0
    assert np.isnan(mt.benjamini_hochberg(np.array([np.nan]))).all()
