import numpy as np
import pytest

from survey.measurement import agreement as ag
from survey.measurement.scoring import group_moments
from tests.measurement.reference import CLOSED, bhr2000_items, groups, numbers, values

NULLS = {"uniform5": 2.0, "slightskew5": 1.34, "modskew5": 0.9, "normal5": 1.04}


def cohesion(*by):
    items = numbers("cohesion/cohesion.csv", *(f"COH0{i}" for i in range(1, 6)))
    number, names = groups("cohesion/cohesion.csv", *by)
    return ag.within_group_spread(items, number, len(names)), names


def bhr2000():
    number, names = groups("bhr2000/bhr2000.csv", "GRP")
    return ag.within_group_spread(bhr2000_items(), number, len(names)), names


SETS = {"cohesion": lambda: cohesion("UNIT", "PLATOON"), "bhr2000": bhr2000}


def shown(spread, table):
    """Groups that multilevel lists: those with two complete rows."""
    return table[spread.n > 1]


def five(table):
    return {
        "n": table.size,
        "mean": table.mean(),
        "median": np.median(table),
        "min": table.min(),
        "max": table.max(),
    }


@pytest.mark.parametrize("dataset", SETS)
@pytest.mark.parametrize("null", NULLS)
def test_rwgj_and_lindell_summaries_equal(dataset, null):
    spread, _ = SETS[dataset]()
    reference = values(dataset)
    found = five(shown(spread, spread.rwg(NULLS[null])))
    assert found == pytest.approx(reference[f"{dataset}.rwgj.{null}.summary"], rel=CLOSED)
    found = five(shown(spread, spread.lindell(NULLS[null])))
    expected = reference[f"{dataset}.rwgj_lindell.{null}.summary"]
    assert found == pytest.approx(expected, rel=CLOSED, abs=1e-12)


@pytest.mark.parametrize("dataset", SETS)
def test_group_by_group_values_equal_rwgj_lindell_and_adm(dataset):
    spread, names = SETS[dataset]()
    reference = values(dataset)
    for identity, table in (
        ("rwgj.uniform5.by_group", spread.rwg(2.0)),
        ("rwgj_lindell.uniform5.by_group", spread.lindell(2.0)),
        ("adm_mean.by_group", spread.deviation),
        ("gsize.by_group", spread.n.astype(float)),
    ):
        expected = reference[f"{dataset}.{identity}"]
        assert len(expected) == (spread.n > 1).sum()
        for name, value in expected.items():
            # printed with ten decimals
            assert table[names.index(name)] == pytest.approx(value, abs=5.1e-11)
    found = five(shown(spread, spread.deviation))
    assert found == pytest.approx(reference[f"{dataset}.adm_mean.summary"], rel=CLOSED)


def test_rwgj_of_whole_units_equals_cohesion_unit_only():
    spread, names = cohesion("UNIT")
    for name, value in values("cohesion")["cohesion.unit_only.rwgj"].items():
        assert spread.rwg(2.0)[names.index(name)] == pytest.approx(value, abs=5.1e-11)


def test_rwgj_is_ddof1_listwise_and_none_of_the_mistaken_variants():
    spread, names = cohesion("UNIT", "PLATOON")
    variants = values("pingouin")["cohesion.rwgj.variants"]
    found = {name: spread.rwg(2.0)[names.index(name)] for name in variants["ddof1.listwise"]}
    assert found == pytest.approx(variants["ddof1.listwise"], rel=CLOSED)
    for name, variant in variants.items():
        assert name == "ddof1.listwise" or found != pytest.approx(variant)


def intraclass(scores, where, groups):
    """Of person scores, as of the moments of their groups."""
    return ag.intraclass_of(group_moments(scores, where, groups))


@pytest.mark.parametrize("variable", ["scalemean", "HRS"])
def test_anova_icc1_and_icc2_of_bhr2000_equal(variable):
    number, names = groups("bhr2000/bhr2000.csv", "GRP")
    scores = numbers("bhr2000/bhr2000.csv", "HRS")[:, 0]
    if variable == "scalemean":
        scores = bhr2000_items().mean(axis=1)
    check_icc(intraclass(scores, number, len(names)), "bhr2000", variable)


@pytest.mark.parametrize(
    "variable",
    ["JOBSAT", "COHES", "POSAFF", "PAY", "NEGLEAD", "WLOAD", "TASKSIG", "PHYSEN"],
)
def test_anova_icc1_and_icc2_of_klein2000_equal_negative_ones_too(variable):
    number, names = groups("klein2000/klein2000.csv", "GRPID")
    scores = numbers("klein2000/klein2000.csv", variable)[:, 0]
    check_icc(intraclass(scores, number, len(names)), "klein2000", variable)


def check_icc(found, dataset, variable):
    reference = values(dataset)
    table = reference[f"{dataset}.{variable}.aov"]
    assert found.ms_between == pytest.approx(table["ms_between"], rel=CLOSED)
    assert found.ms_within == pytest.approx(table["ms_within"], rel=CLOSED)
    assert found.groups - 1 == table["df_between"]
    assert found.n - found.groups == table["df_within"]
    assert found.icc1 == pytest.approx(reference[f"{dataset}.{variable}.ICC1_aov"], rel=CLOSED)
    assert found.icc2 == pytest.approx(reference[f"{dataset}.{variable}.ICC2_aov"], rel=CLOSED)


def test_icc_of_cohesion_equals_ICC1_and_ICC2():
    number, names = groups("cohesion/cohesion.csv", "UNIT", "PLATOON")
    scores = np.array(values("cohesion")["cohesion.person_means_na_rm"])
    found = intraclass(scores, number, len(names))
    assert found.icc1 == pytest.approx(values("cohesion")["cohesion.ICC1"], rel=CLOSED)
    assert found.icc2 == pytest.approx(values("cohesion")["cohesion.ICC2"], rel=CLOSED)


def test_icc_of_balanced_raters_equals_icc_table():
    wines, _ = groups("pingouin/icc.csv", "Wine")
    scores = numbers("pingouin/icc.csv", "Scores")[:, 0]
    found = intraclass(scores, wines, wines.max() + 1)
    rows = {row["Type"]: row["ICC"] for row in values("pingouin")["icc.table"]}
    assert found.icc1 == pytest.approx(rows["ICC(1,1)"], abs=5.1e-11)
    assert found.icc2 == pytest.approx(rows["ICC(1,k)"], abs=5.1e-11)


def test_null_variances_are_those_of_the_method_page():
    assert ag.uniform_null_variance(4) == pytest.approx(1.25)
    assert ag.uniform_null_variance(5) == pytest.approx(2.0)
    assert ag.skewed_null_variance(5) == pytest.approx(1.34)
    assert ag.skewed_null_variance(4) == pytest.approx(0.89)
    assert ag.skewed_null_variance(7) is None
    assert all(sum(shares) == pytest.approx(1.0) for shares in ag.SKEWED_NULLS.values())


def test_all_equal_answers_agree_fully_and_one_person_is_undefined():
    values_ = np.array([[3.0, 3.0], [3.0, 3.0], [2.0, 4.0]])
    spread = ag.within_group_spread(values_, np.array([0, 0, 1]), 3)
    assert spread.rwg(2.0)[0] == 1.0
    assert spread.lindell(2.0)[0] == 1.0
    assert spread.deviation[0] == 0.0
    assert np.isnan(spread.rwg(2.0)[1:]).all()
    assert np.isnan(spread.deviation[1:]).all()


def test_one_item_gives_rwg():
    answers = np.array([[1.0], [2.0], [2.0], [3.0]])
    spread = ag.within_group_spread(answers, np.zeros(4, int), 1)
    assert spread.rwg(2.0)[0] == pytest.approx(1 - (2 / 3) / 2)


@pytest.mark.parametrize(
    ("scores", "where"),
    [
        ([], []),
        ([1.0, 2.0], [0, 0]),
        ([1.0, 2.0, 3.0], [0, 1, 2]),
        ([np.nan, np.nan], [0, 1]),
        ([4.0, 4.0, 4.0, 4.0], [0, 0, 1, 1]),
    ],
)
def test_icc_is_none_where_it_is_not_defined(scores, where):
    found = intraclass(np.array(scores, float), np.array(where, int), 3)
    assert (found.icc1, found.icc2) == (None, None)


def test_icc_is_one_when_people_differ_only_between_units():
    found = ag.intraclass_of(group_moments(np.array([1.0, 1, 5, 5]), np.array([0, 0, 1, 1]), 2))
    assert (found.icc1, found.icc2) == (1.0, 1.0)


def test_icc_and_spread_do_not_depend_on_the_order_of_persons_or_units():
    rng = np.random.default_rng(3)
    items = rng.integers(1, 5, (200, 5)).astype(float)
    where = rng.integers(0, 12, 200)
    order, relabel = rng.permutation(200), rng.permutation(12)
    first = ag.within_group_spread(items, where, 12)
    second = ag.within_group_spread(items[order], relabel[where][order], 12)
    np.testing.assert_allclose(second.rwg(1.25)[relabel], first.rwg(1.25), rtol=1e-9)
    scores = items.mean(axis=1)
    one = intraclass(scores, where, 12)
    two = intraclass(scores[order] + 3, relabel[where][order], 12)
    assert two.icc1 == pytest.approx(one.icc1, rel=1e-9)
