import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from survey.measurement import reliability as rel
from tests.measurement.reference import (
    BFI_SCALES,
    CLOSED,
    ITERATIVE,
    bfi,
    bhr2000_items,
    numbers,
    table,
    values,
)

ATTITUDE = ("rating", "complaints", "privileges", "learning", "raises", "critical", "advance")


@pytest.fixture(scope="module")
def attitude():
    return rel.covariance(numbers("attitude/attitude.csv", *ATTITUDE))


@pytest.mark.parametrize("identity", ["alpha.raw", "multilevel.cronbach", "psychometric.alpha"])
def test_alpha_of_attitude_equals(attitude, identity):
    assert rel.cronbach_alpha(attitude) == pytest.approx(values("attitude")[identity], rel=CLOSED)


def test_standardised_alpha_of_attitude_equals_alpha_std(attitude):
    standardised = rel.cronbach_alpha(rel.correlation(attitude))
    assert standardised == pytest.approx(values("attitude")["alpha.std"], rel=CLOSED)


def test_feldt_interval_of_attitude_equals_feldt_and_psychometric_alpha_ci(attitude):
    interval = rel.feldt_interval(rel.cronbach_alpha(attitude), 30, 7)
    low, high = interval.low, interval.high
    psych = values("attitude")["feldt"]
    assert low == pytest.approx(psych["lower.ci.raw_alpha"], rel=CLOSED)
    assert high == pytest.approx(psych["upper.ci.raw_alpha"], rel=CLOSED)
    psychometric = values("attitude")["psychometric.alpha.CI"]
    assert (low, high) == pytest.approx((psychometric["LCL"], psychometric["UCL"]), rel=CLOSED)


def test_alpha_if_dropped_and_item_rest_of_attitude_equal_alpha_drop_and_r_drop(attitude):
    reference = values("attitude")
    assert rel.alpha_if_dropped(attitude) == pytest.approx(
        tuple(reference["alpha.drop"][name] for name in ATTITUDE), rel=CLOSED
    )
    assert rel.item_rest_correlations(attitude) == pytest.approx(
        tuple(reference["r.drop"][name] for name in ATTITUDE), rel=CLOSED
    )


def test_omega_of_attitude_equals_omega1f_minres(attitude):
    omega = rel.omega_total(attitude)
    assert omega == pytest.approx(values("attitude")["omega1f.minres"], rel=ITERATIVE)


@pytest.mark.parametrize("scale", BFI_SCALES)
def test_alpha_of_bfi_equals_pairwise_and_listwise_ids(scale):
    reference, cross = values("bfi"), values("pingouin")
    items = bfi(scale)
    pairwise = rel.cronbach_alpha(rel.covariance(items, "pairwise"))
    listwise = rel.cronbach_alpha(rel.covariance(items))
    assert pairwise == pytest.approx(reference[f"{scale}.alpha.pairwise.raw"], rel=CLOSED)
    assert pairwise == pytest.approx(reference["scoreItems.alpha"][scale], rel=CLOSED)
    assert pairwise == pytest.approx(cross[f"bfi.{scale}.alpha.pairwise"][0], rel=CLOSED)
    assert listwise == pytest.approx(reference[f"{scale}.alpha.listwise"], rel=CLOSED)
    assert listwise == pytest.approx(cross[f"bfi.{scale}.alpha.listwise"][0], rel=CLOSED)
    complete = int((~np.isnan(items).any(axis=1)).sum())
    assert complete == reference[f"{scale}.alpha.listwise.n"]
    correlations = rel.correlation(rel.covariance(items, "pairwise"))
    standardised = rel.cronbach_alpha(correlations)
    assert standardised == pytest.approx(reference[f"{scale}.alpha.pairwise.std"], rel=CLOSED)


@pytest.mark.parametrize("scale", BFI_SCALES)
def test_alpha_if_dropped_of_bfi_equals_pairwise_alpha_drop(scale):
    found = rel.alpha_if_dropped(rel.covariance(bfi(scale), "pairwise"))
    expected = values("bfi")[f"{scale}.alpha.drop"]
    assert found == pytest.approx(tuple(expected[i] for i in BFI_SCALES[scale]), rel=CLOSED)


@pytest.mark.parametrize("scale", BFI_SCALES)
def test_feldt_interval_of_bfi_on_all_rows_equals_alpha_feldt(scale):
    # psych takes n as the number of rows, incomplete ones included, with pairwise covariances
    interval = rel.feldt_interval(values("bfi")[f"{scale}.alpha.pairwise.raw"], 2800, 5)
    expected = values("bfi")[f"{scale}.alpha.feldt"]
    assert interval.low == pytest.approx(expected["lower.ci.raw_alpha"], rel=CLOSED)
    assert interval.high == pytest.approx(expected["upper.ci.raw_alpha"], rel=CLOSED)


@pytest.mark.parametrize("scale", BFI_SCALES)
def test_forgotten_reversal_gives_the_trap_value_and_is_told(scale):
    unkeyed = bfi(scale, keyed=False)
    trap = rel.cronbach_alpha(rel.covariance(unkeyed, "pairwise"))
    expected = values("bfi")[f"{scale}.alpha.pairwise.raw.NOT_reversed"]
    assert trap == pytest.approx(expected, rel=CLOSED)
    told = rel.assess(unkeyed).possibly_reversed
    assert bool(told) == (scale != "neuroticism")


@pytest.mark.parametrize("missing", ["pairwise", "listwise"])
def test_alpha_of_pingouin_equals_wide_missing(missing):
    file = "pingouin/cronbach_wide_missing.csv"
    items = numbers(file, *table(file))
    alpha = rel.cronbach_alpha(rel.covariance(items, missing))
    expected, interval = values("pingouin")[f"wide_missing.alpha.{missing}"]
    assert alpha == pytest.approx(expected, rel=CLOSED)
    # pingouin counts all 12 rows here, incomplete ones too; the product counts complete persons
    ours = rel.feldt_interval(alpha, 12, 11)
    assert (ours.low, ours.high) == pytest.approx(tuple(interval), abs=5.001e-4)


def test_alpha_of_pingouin_equals_long_alpha():
    scores = numbers("pingouin/cronbach_alpha.csv", "Subj", "Scores")
    subjects = int(scores[:, 0].max()) + 1
    items = scores[:, 1].reshape(-1, subjects).T
    alpha = rel.cronbach_alpha(rel.covariance(items))
    assert alpha == pytest.approx(values("pingouin")["long.alpha"][0], rel=CLOSED)


def test_alpha_equals_bhr2000_cohesion_and_sasr_ids():
    bhr = rel.covariance(bhr2000_items())
    assert rel.cronbach_alpha(bhr) == pytest.approx(values("bhr2000")["bhr2000.alpha"], rel=CLOSED)
    items = numbers("cohesion/cohesion.csv", *(f"COH0{i}" for i in range(1, 6)))
    cohesion = values("cohesion")
    listwise, pairwise = rel.covariance(items), rel.covariance(items, "pairwise")
    assert rel.cronbach_alpha(listwise) == pytest.approx(cohesion["cohesion.alpha"], rel=CLOSED)
    assert rel.cronbach_alpha(pairwise) == pytest.approx(
        cohesion["cohesion.alpha_pairwise"], rel=CLOSED
    )
    names = [n for n in table("likert_pkg/sasr.csv") if n != "id"]
    sasr = rel.covariance(numbers("likert_pkg/sasr.csv", *names))
    expected = values("likert_pkg")["sasr.alpha_listwise"]
    assert rel.cronbach_alpha(sasr) == pytest.approx(expected, rel=CLOSED)


def test_fewer_than_fifty_complete_persons_or_three_items_is_not_computed_and_said():
    rng = np.random.default_rng(5)
    items = rng.integers(1, 5, (50, 4)).astype(float)
    assert rel.assess(items).alpha is not None
    holed = items.copy()
    holed[0, 0] = np.nan
    assert rel.assess(holed).reason == "fewer than 50 complete persons"
    assert rel.assess(items[:, :2]).reason == "fewer than 3 items"
    assert rel.assess(items[:, :2]).alpha is None


def test_answers_that_do_not_vary_are_said_to_and_give_no_number():
    found = rel.assess(np.full((60, 4), 3.0))
    assert found.reason == "the answers do not vary"
    assert found.alpha is None
    assert found.omega is None


def test_one_item_without_variance_leaves_alpha_and_takes_omega_away():
    rng = np.random.default_rng(6)
    items = (rng.integers(0, 2, (80, 1)) + rng.integers(1, 3, (80, 4))).astype(float)
    items[:, 0] = 4.0
    found = rel.assess(items)
    assert found.alpha is not None
    assert found.omega is None
    assert found.omega_reason
    assert found.item_rest[0] is None


def test_all_missing_is_said_and_not_computed():
    assert rel.assess(np.full((70, 4), np.nan)).n == 0


def test_no_persons_and_one_person_give_no_covariance():
    assert np.isnan(rel.covariance(np.empty((0, 3)))).all()
    assert np.isnan(rel.covariance(np.ones((1, 3)))).all()
    assert rel.cronbach_alpha(rel.covariance(np.ones((1, 3)))) is None


def test_an_improper_solution_is_no_omega():
    # one correlation so high that a loading would have to exceed 1
    matrix = np.array([[1.0, 0.9, 0.8], [0.9, 1.0, 0.3], [0.8, 0.3, 1.0]])
    assert rel.omega_total(matrix) is None


def test_omega_equals_alpha_when_all_items_are_alike():
    matrix = np.full((4, 4), 0.5) + 0.5 * np.eye(4)
    assert rel.omega_total(matrix) == pytest.approx(rel.cronbach_alpha(matrix), rel=ITERATIVE)


@settings(max_examples=25)
@given(
    seed=st.integers(0, 10_000), shift=st.integers(-3, 3), share=st.sampled_from([0.0, 0.1, 0.3])
)
def test_the_order_of_persons_and_a_constant_change_nothing(seed, shift, share):
    rng = np.random.default_rng(seed)
    items = rng.integers(1, 6, (60, 4)).astype(float) + rng.integers(0, 3, (60, 1)).astype(float)
    items[rng.random(items.shape) < share] = np.nan
    for missing in ("listwise", "pairwise"):
        before = rel.covariance(items, missing)
        after = rel.covariance(rng.permutation(items) + shift, missing)
        np.testing.assert_allclose(after, before, rtol=1e-9, atol=1e-9)


def test_too_few_items_or_persons_for_a_formula_give_none():
    assert rel.omega_total(np.eye(2)) is None
    assert rel.omega_total(np.diag([1.0, 0.0, 1.0])) is None
    assert rel.feldt_interval(0.8, 1, 4) is None
    assert rel.cronbach_alpha(np.eye(1)) is None
    assert rel.alpha_if_dropped(np.eye(2)) == (None, None)
