import csv
import json

import pytest
from click.testing import CliRunner

from survey.cli.main import cli
from tests.measurement.reference import (
    BFI_REVERSED,
    BFI_SCALES,
    CLOSED,
    DATA,
    ITERATIVE,
    table,
    values,
)

INSTRUMENT = """\
id: climate
version: 3
languages: [en]
scales:
  agree:
    type: likert
    min: 1
    max: 5
    labels: {1: {en: a}, 2: {en: b}, 3: {en: c}, 4: {en: d}, 5: {en: e}}
dimensions:
  - id: trust
    title: {en: Trust}
    scale: agree
    items:
      - {id: t1, text: {en: One}}
      - {id: t2, text: {en: Two}}
      - {id: t3, text: {en: Three}, reverse: true}
  - id: time
    title: {en: Time}
    scale: agree
    items:
      - {id: m1, text: {en: Four}}
      - {id: m2, text: {en: Five}}
      - {id: m3, text: {en: Six}}
"""
ITEMS = ["t1", "t2", "t3", "m1", "m2", "m3"]


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "climate.yaml").write_text(INSTRUMENT, encoding="utf-8")
    return tmp_path


def run(folder, text, *options, unit="unit", encoding="utf-8"):
    """Analyse a text; (result, JSON or None)."""
    raw = text if isinstance(text, bytes) else text.encode(encoding)
    (folder / "answers.csv").write_bytes(raw)
    return analyse(folder, folder / "climate.yaml", folder / "answers.csv", unit, *options)


def analyse(folder, instrument, responses, unit, *options):
    out = folder / "out.json"
    arguments = ["--instrument", instrument, "--responses", responses, "--unit-column", unit]
    result = CliRunner().invoke(
        cli, ["analyse", *map(str, arguments), "--json", str(out), *map(str, options)]
    )
    data = json.loads(out.read_text(encoding="utf-8")) if out.exists() else None
    return result, data


def people(count=24, columns=("unit", *ITEMS), delimiter=",", **fixed):
    rows = [delimiter.join(columns)]
    for person in range(count):
        cells = {"unit": f"u{person % 2}"} | {
            i: str(1 + (person + n) % 5) for n, i in enumerate(ITEMS)
        }
        cells |= {
            "wave": "before" if person < count / 2 else "after",
            "who": f"p{person % (count // 2)}",
        }
        rows.append(delimiter.join((cells | fixed)[name] for name in columns))
    return "\n".join(rows) + "\n"


# ------------------------------------------------------------------ real data


def test_bhr2000_through_the_command_equals_multilevel_and_lme4(tmp_path):
    yaml = DATA / "instruments" / "bhr2000" / "1.yaml"
    result, data = analyse(tmp_path, yaml, DATA / "bhr2000" / "bhr2000.csv", "GRP")
    assert result.exit_code == 0, result.output
    wave, reference = data["waves"]["all"], values("bhr2000")
    assert data["instrument"] == {"id": "bhr2000", "version": 1}
    assert wave["persons"] == 5400
    whole = wave["organisation"]["leadership"]
    assert whole["alpha"] == pytest.approx(reference["bhr2000.alpha"], rel=CLOSED)
    assert whole["icc1"] == pytest.approx(reference["bhr2000.scalemean.ICC1_aov"], rel=CLOSED)
    assert whole["icc2"] == pytest.approx(reference["bhr2000.scalemean.ICC2_aov"], rel=CLOSED)
    model = reference["bhr2000.scalemean.lmer_reml"]
    assert whole["tau2"] == pytest.approx(model["tau00"], rel=ITERATIVE)
    assert whole["sigma2"] == pytest.approx(model["sigma2"], rel=ITERATIVE)
    for name, unit in wave["units"].items():
        found = unit["leadership"]
        for key, identity in (
            ("mean", "scalemean.raw_means"),
            ("eb_mean", "scalemean.eb_means"),
            ("rwg_uniform", "rwgj.uniform5.by_group"),
            ("rwg_lindell", "rwgj_lindell.uniform5.by_group"),
            ("ad", "adm_mean.by_group"),
        ):
            expected = reference[f"bhr2000.{identity}"][name]
            assert found[key] == pytest.approx(expected, rel=ITERATIVE)
        assert unit["n"] == reference["bhr2000.scalemean.n"][name]


def test_bfi_with_its_gaps_and_reversed_items_equals_psych(tmp_path):
    scales = {"agree", "neuroticism"}
    labels = ", ".join(f"{v}: {{en: '{v}'}}" for v in range(1, 7))
    lines = ["id: traits", "version: 1", "languages: [en]", "scales:", "  six:"]
    lines += ["    type: likert", "    min: 1", "    max: 6", f"    labels: {{{labels}}}"]
    lines += ["dimensions:"]
    for name in sorted(scales):
        lines += [f"  - id: {name}", "    title: {en: x}", "    scale: six", "    items:"]
        for item in BFI_SCALES[name]:
            reverse = "true" if item in BFI_REVERSED else "false"
            lines += [f"      - {{id: {item.lower()}, text: {{en: t}}, reverse: {reverse}}}"]
    yaml = tmp_path / "traits.yaml"
    yaml.write_text("\n".join(lines), encoding="utf-8")
    result, data = analyse(tmp_path, yaml, DATA / "bfi" / "bfi.csv", "gender")
    assert result.exit_code == 0, result.output
    reference = values("bfi")
    for name in scales:
        found = data["waves"]["all"]["organisation"][name]
        assert found["alpha"] == pytest.approx(reference[f"{name}.alpha.listwise"], rel=CLOSED)
        expected = reference[f"{name}.alpha.pairwise.raw"]
        assert found["alpha_pairwise"] == pytest.approx(expected, rel=CLOSED)


def test_two_real_waves_give_welch_g_and_delta(tmp_path):
    data = table("bhr2000/bhr2000.csv")
    path = tmp_path / "two.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["wave", *data])
        for number, row in enumerate(zip(*data.values(), strict=True)):
            writer.writerow(["2024" if number % 2 else "2022", *row])
    yaml = DATA / "instruments" / "bhr2000" / "1.yaml"
    result, found = analyse(tmp_path, yaml, path, "GRP", "--wave-column", "wave")
    assert result.exit_code == 0, result.output
    assert list(found["changes"]) == ["2022→2024"]
    change = found["changes"]["2022→2024"]
    assert change["organisation"]["leadership"]["basis"] == "units"
    unit = change["units"]["3"]["leadership"]
    assert unit["g_ci"][0] < unit["hedges_g"] < unit["g_ci"][1]
    assert unit["ci"][0] < 0 < unit["ci"][1]
    assert unit["verdict"] == "unknown"
    assert unit["paired"] is None


# ------------------------------------------------------------------ the document


def test_the_document_has_every_key_that_is_promised(folder):
    text = people(240, ("unit", "wave", "who", *ITEMS))
    heads = folder / "heads.csv"
    heads.write_text("unit;headcount\nu0;70\nu1;65\nu2;9\n", encoding="utf-8")
    result, data = run(
        folder, text, "--wave-column", "wave", "--person-column", "who", "--headcounts", heads
    )
    assert result.exit_code == 0, result.output
    assert "Not disclosure-controlled" in result.output
    assert list(data["waves"]) == ["before", "after"]
    wave = data["waves"]["before"]
    assert set(wave) == {"persons", "organisation", "units"}
    promised = (
        "n index mean sd se se_fpc ci ci_fpc favourable alpha alpha_ci alpha_pairwise omega "
        "icc1 icc2 tau2 sigma2"
    )
    assert set(promised.split()) <= set(wave["organisation"]["trust"])
    unit = wave["units"]["u0"]
    assert (unit["n"], unit["headcount"]) == (60, 70)
    promised = (
        "n index mean sd se_fpc ci_fpc favourable rwg_uniform rwg_skewed rwg_lindell ad "
        "eb_mean band"
    )
    assert set(promised.split()) == set(unit["trust"])
    promised = (
        "difference t df p p_adjusted ci verdict minimum_detectable hedges_g g_ci cliffs_delta "
        "paired"
    )
    change = data["changes"]["before→after"]
    assert set(promised.split()) == set(change["units"]["u0"]["time"])
    assert set(change) == {"g_interval", "organisation", "units"}
    assert change["units"]["u0"]["time"]["paired"]["matched"] == 60
    assert change["organisation"]["time"]["paired"]["match_rate"] == 1.0
    assert change["organisation"]["time"]["standardised"]["units"] == 2


def test_one_wave_without_a_wave_column_is_called_all_and_has_no_changes(folder):
    result, data = run(folder, people())
    assert result.exit_code == 0
    assert list(data["waves"]) == ["all"]
    assert data["changes"] == {}
    assert data["waves"]["all"]["units"]["u0"]["headcount"] is None


def test_other_columns_are_ignored_and_names_may_differ_in_case(folder):
    columns = ("unit", "wave", "who", *ITEMS)
    _, plain = run(folder, people())
    text = people(24, columns).replace("unit,", "Unit,").replace("t1", "T1")
    result, data = run(folder, text)
    assert result.exit_code == 0
    assert data == plain


@pytest.mark.parametrize(
    "dress",
    [
        lambda t: t.encode("utf-8-sig"),
        lambda t: t.replace(",", ";").encode(),
        lambda t: t.replace(",", "\t").encode("utf-16"),
        lambda t: ("sep=;\n" + t.replace(",", ";")).encode(),
        lambda t: t.replace("\n", "\r\n").encode(),
        lambda t: t.replace("u0", "Åsen").encode("cp1252"),
    ],
    ids=["bom", "semicolons", "utf-16", "sep", "crlf", "cp1252"],
)
def test_files_as_offices_make_them_are_read(folder, dress):
    _, plain = run(folder, people())
    result, data = run(folder, dress(people()))
    assert result.exit_code == 0, result.output
    assert data["waves"]["all"]["organisation"] == plain["waves"]["all"]["organisation"]
    assert sorted(data["waves"]["all"]["units"])[0] in ("u0", "u1")


def test_decimal_commas_of_whole_numbers_are_those_numbers(folder):
    _, plain = run(folder, people())
    text = people(delimiter=";").replace(";3", ";3,0").replace(";4", ";4.0")
    result, data = run(folder, text)
    assert result.exit_code == 0, result.output
    assert data == plain


def test_missing_codes_and_empty_cells_are_missing_and_never_zero(folder):
    result, data = run(folder, people(t1="99", t2=""), "--missing", "99,-1")
    assert result.exit_code == 0
    trust = data["waves"]["all"]["organisation"]["trust"]
    assert (trust["n"], trust["index"]) == (0, None)
    assert data["waves"]["all"]["organisation"]["time"]["n"] == 24


def test_waves_stand_in_the_order_of_their_numbers_or_as_named(folder):
    text = people(24, ("unit", "wave", *ITEMS)).replace("before", "2026").replace("after", "2024")
    _, data = run(folder, text, "--wave-column", "wave")
    assert list(data["changes"]) == ["2024→2026"]
    _, data = run(folder, text, "--wave-column", "wave", "--wave-order", "2026,2024")
    assert list(data["changes"]) == ["2026→2024"]


def test_more_answers_than_employees_is_accepted_and_warned_of(folder):
    heads = folder / "heads.csv"
    heads.write_text("unit,headcount\nu0,3\n", encoding="utf-8")
    result, data = run(folder, people(), "--headcounts", heads)
    assert result.exit_code == 0
    assert "more answers than employees" in data["warnings"][0]
    assert "have no headcount" in data["warnings"][1]
    unit = data["waves"]["all"]["units"]["u0"]
    assert unit["headcount"] == 3
    assert unit["time"]["se_fpc"] > 0


def test_headcounts_may_differ_from_wave_to_wave(folder):
    heads = folder / "heads.csv"
    heads.write_text("unit,wave,headcount\nu0,before,20\nu0,after,30\nu1,after,9\n", "utf-8")
    text = people(24, ("unit", "wave", *ITEMS))
    _, data = run(folder, text, "--wave-column", "wave", "--headcounts", heads)
    assert data["waves"]["before"]["units"]["u0"]["headcount"] == 20
    assert data["waves"]["after"]["units"]["u0"]["headcount"] == 30
    assert data["waves"]["before"]["units"]["u1"]["headcount"] is None


# ------------------------------------------------------------------ wrong input


def refused(result, data, *messages):
    assert result.exit_code == 2, result.output
    assert data is None, "nothing may be half written"
    for message in messages:
        assert message in result.output


def test_an_unknown_column_is_named_with_the_nearest(folder):
    refused(*run(folder, people(), unit="unti"), "no column 'unti'", "Did you mean 'unit'?")
    refused(*run(folder, people(), "--wave-column", "year"), "no column 'year'")
    text = people().replace("t2", "x2")
    refused(*run(folder, text), "no column 't2' (item 't2')")


def test_a_column_that_occurs_twice_is_refused(folder):
    refused(*run(folder, people(24, ("unit", "t1", *ITEMS))), "2 columns are called 't1'")


def test_values_off_the_scale_are_listed_by_row_and_column_and_counted(folder):
    refused(
        *run(folder, people(30, t2="7", m3="often")),
        "row 2, column t2: '7' is not on the scale 1 to 5",
        "row 21, column m3: 'often'",
        "30 values off the scale; the first 20 are listed",
        "30 cells that are no number",
    )
    result, _ = run(folder, people(30, t2="7"))
    assert "row 21, column t2" in result.output
    assert "row 22, column t2" not in result.output


@pytest.mark.parametrize("value", ["0", "6", "2.5", "2,5", "nan", "inf", "1e0", "1_0", "١", "TRUE"])
def test_what_is_no_answer_of_the_scale_is_refused(folder, value):
    refused(*run(folder, people(delimiter=";", t1=value)), f"'{value}'")


def test_a_person_without_unit_or_wave_is_refused(folder):
    refused(*run(folder, people(unit=" ")), "row 2: has no unit", "24 rows without a unit")
    text = people(24, ("unit", "wave", *ITEMS), wave="")
    refused(*run(folder, text, "--wave-column", "wave"), "row 2: has no wave")


def test_unquoted_decimal_commas_are_recognised_by_the_length_of_the_row(folder):
    refused(*run(folder, people(t1="3,0")), "has 8 columns, the header has 7", "decimal commas")


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"", "the file is empty"),
        (b"\n\n  \n", "the file is empty"),
        (b"\xef\xbb\xbf", "the file is empty"),
        (b"PK\x03\x04....", "an .xlsx or .zip file"),
        (b"unit,t1\0", "not a text file"),
        (b'unit,"t1\n', "row 1"),
        (b"unit;" + b"x" * 10_000_000 + b"\n", "line 1: is 10000005 bytes long"),
        (("unit," + ",".join(ITEMS)).encode(), "no row below the header"),
        (b"\xff\xfeu\x00n", "damaged UTF-16"),
    ],
    ids=["empty", "blank", "bom", "zip", "nul", "quote", "10MB", "header", "utf16"],
)
def test_what_is_no_table_of_answers_is_refused_clearly(folder, raw, message):
    refused(*run(folder, raw), message)


def test_a_wide_field_below_the_line_limit_is_refused_clearly(folder):
    refused(*run(folder, people(unit="x" * 200_000)), "row 2: cannot be read as CSV")


def test_faulty_headcounts_are_refused_all_at_once(folder):
    heads = folder / "heads.csv"
    heads.write_text("unit,headcount\nu0,-3\nu0,2.5\nu1,4\nu1,5\n,3\nu3\n", encoding="utf-8")
    refused(
        *run(folder, people(), "--headcounts", heads),
        "'-3' is not a whole number",
        "'2.5' is not a whole number",
        "'u1' has had its headcount already",
        "row 6: has no unit",
        "row 7: has 1 columns",
    )
    heads.write_text("unit,heads\n", encoding="utf-8")
    refused(*run(folder, people(), "--headcounts", heads), "no column 'headcount'")


def test_a_missing_file_a_faulty_instrument_and_an_unwritable_place_are_refused(folder):
    result, data = analyse(folder, folder / "climate.yaml", folder / "none.csv", "unit")
    refused(result, data, "cannot be read: No such file")
    (folder / "bad.yaml").write_text("id: x\n", encoding="utf-8")
    run(folder, people())
    (folder / "out.json").unlink()
    result, data = analyse(folder, folder / "bad.yaml", folder / "answers.csv", "unit")
    refused(result, data, "is not a valid instrument")
    result, _ = run(folder, people(), "--json", folder / "nowhere" / "x.json")
    assert result.exit_code == 2
    assert "cannot be written" in result.output
    assert not list(folder.glob(".*")), "no temporary file is left"


def test_an_order_that_does_not_name_the_waves_is_refused(folder):
    text = people(24, ("unit", "wave", *ITEMS))
    refused(
        *run(folder, text, "--wave-column", "wave", "--wave-order", "before,later"),
        "'later' is named and not in the file",
        "'after' is in the file and not named",
    )


def test_a_refused_analysis_leaves_an_earlier_result_alone(folder):
    run(folder, people())
    before = (folder / "out.json").read_bytes()
    result, _ = run(folder, people(t1="9"))
    assert result.exit_code == 2
    assert (folder / "out.json").read_bytes() == before
