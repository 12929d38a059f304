"""How fast the numbers are, beside the peers and the floor, in one run.

    python benchmarks/measurement.py

1. A municipality (12 000 people, 30 items, 3 waves, 400 units): every figure of ``survey analyse``
   but the permutation test, against the same figures from pandas + pingouin + statsmodels. The two
   are compared with each other before either is timed against the other.
2. 1 000 000 sheets of 30 items in SQLite (400 units, 3 waves), scored by unit, dimension and wave
   straight from ``aggregate_strings``; the floor is reading the same rows and scoring nothing.

CPU seconds of the process (``time.process_time``), best of three, peers once. Exit code 1 when a
limit is not kept.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from itertools import combinations, islice
from pathlib import Path

import numpy as np
import sqlalchemy as sa

from survey.analysis.change_figures import measure_change
from survey.analysis.tables import change_table, wave_table
from survey.analysis.wave_figures import measure_wave
from survey.measurement.scoring import (
    DimensionKey,
    Floats,
    ScoringKey,
    Sheets,
    group_moments,
    overall_scores,
    person_scores,
    read_sheets,
)
from survey.measurement.wave import WaveAnswers

PEOPLE, UNITS, WAVES, ITEMS, DIMENSIONS = 12_000, 400, 3, 30, 6
MILLION = 1_000_000
LIMIT_SECONDS, LIMIT_SQLITE, LIMIT_RATIO, LIMIT_MEMORY = 1.0, 1.0, 20.0, 4.0

KEY = ScoringKey(
    tuple(
        DimensionKey(f"d{d}", tuple(range(5 * d, 5 * d + 5)), (d < 2, *[False] * 4), 1, 4, 4)
        for d in range(DIMENSIONS)
    ),
    tuple(range(DIMENSIONS)),
)


def sheets(rng: np.random.Generator, units: np.ndarray) -> Sheets:
    """Answers of 1-4 with units that differ (ICC(1) near .1) and 3 % missing."""
    level = rng.normal(0, 0.30, (UNITS, 1))[units] + rng.normal(0, 0.6, (units.size, 1))
    answers = np.clip(np.round(2.6 + level + rng.normal(0, 0.7, (units.size, ITEMS))), 1, 4)
    turned = [d.columns[0] for d in KEY.dimensions if d.reverse[0]]
    answers[:, turned] = 5 - answers[:, turned]
    answers[rng.random(answers.shape) < 0.03] = 0
    return answers.astype(np.uint8)


def best(work: Callable[[], object], times: int = 3) -> tuple[float, object]:
    """Least CPU seconds of several runs, and what the last one gave."""
    least, result = float("inf"), None
    for _ in range(times):
        start = time.process_time()
        result = work()
        least = min(least, time.process_time() - start)
    return least, result


# ---------------------------------------------------------------------- municipality


def municipality() -> list[WaveAnswers]:
    rng = np.random.default_rng(2026)
    waves = []
    for _ in range(WAVES):
        units = np.sort(rng.integers(0, UNITS, PEOPLE))
        heads = np.bincount(units, minlength=UNITS) + rng.integers(0, 12, UNITS)
        waves.append(WaveAnswers(sheets(rng, units), units, heads.astype(float)))
    return waves


def ours(waves: list[WaveAnswers]) -> dict[str, object]:
    names = [f"u{i}" for i in range(UNITS)]
    measured = [measure_wave(w, KEY, UNITS) for w in waves]
    return {
        "waves": [wave_table(m, names) for m in measured],
        "changes": {
            f"{a}-{b}": change_table(
                measure_change(measured[a], measured[b]), measured[a], measured[b], names
            )
            for a, b in combinations(range(WAVES), 2)
        },
    }


def peers(waves: list[WaveAnswers]) -> tuple[float, dict[str, object]]:
    """The same figures from pandas (tables), pingouin (tests, scales) and statsmodels (REML)."""
    import pandas as pd
    import pingouin as pg
    import statsmodels.formula.api as smf
    from scipy import stats

    warnings.simplefilter("ignore")  # the peers divide by zero in small units
    names = [d.id for d in KEY.dimensions]
    frames = []
    for wave in waves:
        frame = pd.DataFrame(wave.sheets, columns=[f"i{i}" for i in range(ITEMS)]).astype(float)
        frame = frame.where(frame > 0)
        for d in KEY.dimensions:
            for column, reverse in zip(d.columns, d.reverse, strict=True):
                if reverse:
                    frame[f"i{column}"] = 5 - frame[f"i{column}"]
        frame["unit"] = wave.units
        frames.append(frame)
    start = time.process_time()
    result: dict[str, object] = {"waves": [], "changes": {}}
    for wave, frame in zip(waves, frames, strict=True):
        found: dict[str, object] = {}
        for d in KEY.dimensions:
            items = frame[[f"i{c}" for c in d.columns]]
            enough = items.notna().sum(axis=1) >= d.minimum
            frame[d.id] = ((items.mean(axis=1) - 1) / 3 * 100).where(enough)
        frame["overall"] = frame[names].mean(axis=1).where(frame[names].notna().sum(axis=1) >= 4)
        # ties that rounding hides are ties for pingouin only when they are equal to the last bit
        frame["overall"] = frame["overall"].round(9)
        for name in [*names, "overall"]:
            unit = frame.groupby("unit")[name].agg(["count", "mean", "std"])
            heads = pd.Series(wave.headcounts)
            fpc = np.sqrt(1 - (unit["count"] / heads).clip(upper=1))
            unit["se"] = unit["std"] / np.sqrt(unit["count"]) * fpc
            unit["half"] = stats.t.ppf(0.975, (unit["count"] - 1).clip(lower=1)) * unit["se"]
            model = smf.mixedlm(f"{name} ~ 1", frame[[name, "unit"]].dropna(), groups="unit")
            unit_found: dict[str, object] = {"unit": unit}
            complete = frame[[name, "unit"]].dropna()
            within = complete.groupby("unit")[name]
            msw = ((complete[name] - within.transform("mean")) ** 2).sum()
            msw /= len(complete) - within.ngroups
            msb = (within.count() * (within.mean() - complete[name].mean()) ** 2).sum()
            msb /= within.ngroups - 1
            k = len(complete) / within.ngroups
            reml = model.fit()
            unit_found |= {
                "icc1": (msb - msw) / (msb + (k - 1) * msw),
                "tau2": float(np.ravel(reml.cov_re)[0]),
                "sigma2": reml.scale,
                "eb": {g: float(v.iloc[0]) for g, v in reml.random_effects.items()},
            }
            found[name] = unit_found
        for d in KEY.dimensions:
            items = frame[[f"i{c}" for c in d.columns]]
            here = found[d.id]
            here["alpha"] = pg.cronbach_alpha(items, nan_policy="listwise")
            here["pairwise"] = pg.cronbach_alpha(items, nan_policy="pairwise")
            whole = items.dropna()
            grouped = whole.groupby(frame.loc[whole.index, "unit"])
            ratio = (grouped.var().mean(axis=1) / 1.25).clip(upper=1)
            here["rwg"] = 5 * (1 - ratio) / (5 * (1 - ratio) + ratio)
            here["ad"] = (
                (whole - grouped.transform("mean"))
                .abs()
                .groupby(frame.loc[whole.index, "unit"])
                .mean()
                .mean(axis=1)
            )
            here["favourable"] = (items >= 3).groupby(frame["unit"]).sum().sum(axis=1) / (
                items.notna().groupby(frame["unit"]).sum().sum(axis=1)
            )
        result["waves"].append(found)
    for a, b in combinations(range(WAVES), 2):
        groups = [f.groupby("unit") for f in (frames[a], frames[b])]
        parts = [dict(list(g)) for g in groups]
        changes: dict[int, dict[str, tuple[float, ...]]] = {}
        for unit in parts[0].keys() & parts[1].keys():
            row: dict[str, tuple[float, ...]] = {}
            for name in [*names, "overall"]:
                x, y = (p[unit][name].dropna().to_numpy() for p in parts)
                if min(x.size, y.size) < 10:
                    continue
                test = pg.ttest(y, x, paired=False, correction=True)
                g = pg.compute_effsize(y, x, eftype="hedges")
                interval = pg.compute_esci(g, y.size, x.size, eftype="hedges")
                rank = pg.mwu(y, x)
                row[name] = (
                    float(test["T"].iloc[0]),
                    float(test.iloc[0]["p_val" if "p_val" in test else "p-val"]),
                    g,
                    *interval,
                    float(rank["RBC"].iloc[0]),
                )
            tested = [n for n in names if n in row]
            if tested:
                pg.multicomp([row[n][1] for n in tested], method="holm")
            changes[unit] = row
        result["changes"][f"{a}-{b}"] = changes
    return time.process_time() - start, result


def same(mine: dict[str, object], theirs: dict[str, object]) -> int:
    """Compare the two; the number of figures compared. Raises AssertionError."""
    compared = 0
    for wave, peer in zip(mine["waves"], theirs["waves"], strict=True):
        for d in KEY.dimensions:
            whole, other = wave["organisation"][d.id], peer[d.id]
            pairs = [
                (whole["alpha"], other["alpha"][0]),
                (whole["alpha_pairwise"], other["pairwise"][0]),
            ]
            pairs += [(whole["icc1"], other["icc1"])]
            for number in range(UNITS):
                unit = wave["units"][f"u{number}"][d.id]
                table = other["unit"].loc[number]
                pairs += [
                    (unit["index"], table["mean"]),
                    (unit["rwg_uniform"], other["rwg"].get(number, np.nan)),
                    (unit["ad"], other["ad"].get(number, np.nan)),
                    (unit["favourable"], other["favourable"].loc[number]),
                ]
            for one, two in pairs:
                if one is not None and not np.isnan(two):
                    assert abs(one - two) < 1e-9 * max(1, abs(two)), (d.id, one, two)
                    compared += 1
    for pair, units in theirs["changes"].items():
        for number, row in units.items():
            for name, (t, p, g, _, _, delta) in row.items():
                unit = mine["changes"][pair]["units"][f"u{number}"][name]
                pairs = [(unit["t"], t), (unit["p"], p), (unit["hedges_g"], g)]
                pairs += [(unit["cliffs_delta"], delta)]
                for one, two in pairs:
                    assert abs(one - two) < 1e-7, (pair, number, name, one, two)
                    compared += 1
    return compared


# ---------------------------------------------------------------------- a million sheets


def build(path: Path) -> None:
    rng = np.random.default_rng(7)
    units = rng.integers(0, UNITS, MILLION)
    text = (sheets(rng, units) + 48).tobytes().decode()
    waves = rng.integers(0, WAVES, MILLION).tolist()
    engine = sa.create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "CREATE TABLE response (id BLOB PRIMARY KEY, wave INTEGER NOT NULL, "
            "unit INTEGER NOT NULL, role TEXT NOT NULL, answers TEXT NOT NULL) WITHOUT ROWID"
        )
        rows = [
            (os.urandom(16), wave, unit, "employee", text[i * ITEMS : (i + 1) * ITEMS])
            for i, (wave, unit) in enumerate(zip(waves, units.tolist(), strict=True))
        ]
        connection.exec_driver_sql("INSERT INTO response VALUES (?, ?, ?, ?, ?)", rows)
        connection.exec_driver_sql("CREATE INDEX cover ON response (wave, unit, role, answers)")
    engine.dispose()


def parts(path: Path):
    """One text per wave and unit, straight from the database."""
    table = sa.table("response", *(sa.column(c) for c in ("wave", "unit", "answers")))
    query = sa.select(
        table.c.wave, table.c.unit, sa.func.aggregate_strings(table.c.answers, "")
    ).group_by(table.c.wave, table.c.unit)
    engine = sa.create_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        for _, _, text in connection.execution_options(yield_per=20).execute(query):
            yield text
    engine.dispose()


def scored(texts: Iterator[str]) -> Floats:
    """Mean of every dimension and of the overall index, wave by wave and unit by unit.

    Sixty of them together, so that small units share a pass and few sheets are held at once.
    """
    found = []
    while batch := list(islice(texts, 60)):
        scores = person_scores(read_sheets("".join(batch), ITEMS), KEY)
        scores = np.column_stack([scores, overall_scores(scores, KEY)])
        groups = np.repeat(np.arange(len(batch)), [len(text) // ITEMS for text in batch])
        found.append(group_moments(scores, groups, len(batch)).mean)
    return np.concatenate(found)


def memory(name: str) -> int:
    """Bytes of a line of /proc/self/status (Linux)."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(name))


def million(path: Path) -> dict[str, float]:
    """Read alone, read and score, and the peak of memory above what was there. Own process."""
    read, total = best(lambda: sum(len(text) for text in parts(path)))
    Path("/proc/self/clear_refs").write_text("5")  # forget the peak so far
    before = memory("VmRSS")
    seconds, means = best(lambda: scored(parts(path)))
    peak = memory("VmHWM") - before
    assert total == MILLION * ITEMS
    assert means.shape == (WAVES * UNITS, DIMENSIONS + 1)
    return {"read": read, "seconds": seconds, "memory": peak / (MILLION * ITEMS)}


def main() -> int:
    if len(sys.argv) > 1:
        print(json.dumps(million(Path(sys.argv[1]))))
        return 0
    waves = municipality()
    seconds, mine = best(lambda: ours(waves))
    theirs_seconds, theirs = peers(waves)
    compared = same(mine, theirs)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "million.sqlite"
        build(path)
        run = subprocess.run(
            [sys.executable, __file__, str(path)], check=True, capture_output=True, text=True
        )
    found = json.loads(run.stdout)
    ratio = theirs_seconds / seconds
    rows = [
        ("municipality, every figure, CPU s", seconds, LIMIT_SECONDS, seconds <= LIMIT_SECONDS),
        ("the same from pandas + pingouin, CPU s", theirs_seconds, None, True),
        ("times faster", ratio, LIMIT_RATIO, ratio >= LIMIT_RATIO),
        ("1 M sheets read from SQLite (floor), CPU s", found["read"], None, True),
        (
            "1 M sheets read and scored, CPU s",
            found["seconds"],
            LIMIT_SQLITE,
            found["seconds"] <= LIMIT_SQLITE,
        ),
        (
            "peak memory above the start, times packed",
            found["memory"],
            LIMIT_MEMORY,
            found["memory"] < LIMIT_MEMORY,
        ),
    ]
    print(f"Python {platform.python_version()}, NumPy {np.__version__}, {os.cpu_count()} cores")
    print(f"{compared} figures compared with the peers and found equal")
    for name, value, limit, _ in rows:
        print(f"{name:48} {value:9.2f}  limit {'' if limit is None else limit}")
    return 0 if all(kept for *_, kept in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
