"""Every rule of the format, each shown by one small file that breaks it."""

from __future__ import annotations

import re
import shutil
import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from survey.core.errors import InvalidInput
from survey.instrument.check import check_file, check_paths, load
from survey.instrument.library import shipped
from survey.instrument.model import Instrument

FILES = Path(__file__).parent.parent / "instruments"
DATA = Path(__file__).parent.parent / "data" / "instruments"
INVALID = sorted((FILES / "invalid").glob("*.yaml"))
VALID = sorted((FILES / "valid").glob("*.yaml"))
EXPECT = re.compile(r"# expect: line (\d+): (.+)")
BARNEHAGE = """
scales:
  agree:
    min: 1
    max: 2
    labels: {1: {nb: Uenig}, 2: {nb: Enig}}
dimensions:
  - id: trust
    title: {nb: Tillit}
    scale: agree
    items:
"""


def expected(file: Path) -> list[tuple[int, str]]:
    text = file.read_bytes().decode(errors="replace")
    return [(int(line), what) for line, what in EXPECT.findall(text)]


def written(folder: Path, version: str, items: dict[str, str], more: str = "") -> Path:
    folder.mkdir(exist_ok=True)
    lines = [f"      - {{id: {key}, text: {{nb: {text}}}}}\n" for key, text in items.items()]
    path = folder / f"{version}.yaml"
    path.write_text(BARNEHAGE + "".join(lines) + more, encoding="utf-8")
    return path


@pytest.mark.parametrize("file", INVALID, ids=lambda file: file.stem)
def test_an_invalid_file_gives_exactly_the_faults_it_says(file: Path) -> None:
    faults = [str(fault) for fault in check_file(file)]
    wanted = [(f"{file}:{line}: ", what) for line, what in expected(file)]
    assert wanted
    assert len(faults) == len(wanted), faults
    for fault, (place, what) in zip(faults, wanted, strict=True):
        assert fault.startswith(place + what), (fault, place + what)


@pytest.mark.parametrize("file", INVALID, ids=lambda file: file.stem)
def test_an_invalid_file_does_not_load(file: Path) -> None:
    with pytest.raises(InvalidInput) as caught:
        load(file)
    assert list(caught.value.faults) == check_file(file)


@pytest.mark.parametrize("file", VALID, ids=lambda file: file.stem)
def test_a_valid_file_has_no_fault(file: Path) -> None:
    assert check_file(file) == []


def test_everything_shipped_and_everything_imported_is_valid() -> None:
    assert check_paths([shipped(), DATA, FILES / "valid"]) == []


def test_every_fault_says_what_to_do_or_is_plain() -> None:
    faults = [fault for file in INVALID for fault in check_file(file)]
    assert all(str(fault.message).endswith(".") for fault in faults)
    assert sum(bool(fault.fix) for fault in faults) / len(faults) > 0.8


def test_a_file_of_only_scales_and_dimensions_is_valid_in_its_place(tmp_path: Path) -> None:
    instrument = load(written(tmp_path / "kindergarten", "4", {"trust_us": "Tillit"}))
    assert (instrument.id, instrument.version, instrument.languages) == ("kindergarten", 4, ("nb",))
    assert instrument.title == {"nb": "kindergarten"}
    assert instrument.index == ("trust",)
    assert [page.dimensions for page in instrument.pages] == [("trust",)]


def test_the_place_of_a_published_file_must_agree_with_what_it_says(tmp_path: Path) -> None:
    path = written(tmp_path / "kindergarten", "4", {"a": "A"}, "id: nursery\nversion: 5\n")
    assert [str(fault) for fault in check_file(path)] == [
        f"{path}:13: id is 'nursery', and the folder is 'kindergarten'. Make them the same.",
        f"{path}:14: version is 5, and the file is 4.yaml. Make them the same.",
    ]
    padded = written(tmp_path / "kindergarten", "04", {"a": "A"})
    assert "version is 4, and the file is 04.yaml" in str(check_file(padded)[0])


def test_another_ending_is_a_fault(tmp_path: Path) -> None:
    path = written(tmp_path / "kindergarten", "1", {"a": "A"})
    other = path.rename(path.with_suffix(".yml"))
    assert check_paths([tmp_path]) == check_file(other)
    assert "the name ends in '.yml'" in str(check_file(other)[0])


def test_a_file_over_one_megabyte_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "big.yaml"
    path.write_bytes(b"# " + b"x" * 1_000_000)
    assert "larger than 1 MB" in str(check_file(path)[0])


def test_a_file_that_is_not_there_and_an_empty_folder_are_faults(tmp_path: Path) -> None:
    faults = [str(fault) for fault in check_paths([tmp_path, tmp_path / "missing.yaml"])]
    assert "there is no .yaml file in this folder" in faults[0]
    assert "cannot be read" in faults[1]


def test_a_bomb_of_aliases_is_refused_at_once(tmp_path: Path) -> None:
    path = tmp_path / "bomb.yaml"
    rows = ["a0: &a0 [x, x]"] + [f"a{i}: &a{i} [{f'*a{i - 1}, ' * 20}]" for i in range(1, 40)]
    path.write_text("\n".join(rows))
    begin = time.process_time()
    assert "the anchor &a0 is not allowed" in str(check_file(path)[0])
    assert time.process_time() - begin < 2


def test_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    path = written(tmp_path / "kindergarten", "1", {"a": "A"})
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert check_file(path) == []


class TestRenames:
    """An item keeps its id from version to version."""

    def test_the_same_text_under_a_new_id_is_a_rename(self, tmp_path: Path) -> None:
        written(tmp_path / "line", "1", {"a": "Vi deler.", "b": "Vi måler."})
        path = written(tmp_path / "line", "2", {"a": "Vi deler.", "c": "Vi  måler."})
        assert [str(fault) for fault in check_file(path)] == [
            f"{path}:13: 'c' is what version 1 calls 'b'. "
            "Call it 'b', or write 'c: b' under comparable_with."
        ]

    def test_comparable_with_mends_it(self, tmp_path: Path) -> None:
        written(tmp_path / "line", "1", {"a": "Vi deler.", "b": "Vi måler."})
        more = "comparable_with: [{version: 1, items: {a: a, c: b}}]\n"
        path = written(tmp_path / "line", "2", {"a": "Vi deler.", "c": "Vi måler."}, more)
        assert check_file(path) == []
        assert dict(load(path).comparable_with[0].items) == {"a": "a", "c": "b"}

    def test_a_list_in_comparable_with_means_the_same_ids(self, tmp_path: Path) -> None:
        written(tmp_path / "line", "1", {"a": "Vi deler."})
        more = "comparable_with: [{version: 1, items: [a]}]\n"
        path = written(tmp_path / "line", "2", {"a": "Vi deler."}, more)
        assert dict(load(path).comparable_with[0].items) == {"a": "a"}

    def test_a_new_text_under_a_new_id_is_a_new_item(self, tmp_path: Path) -> None:
        written(tmp_path / "line", "1", {"a": "Vi deler."})
        assert check_file(written(tmp_path / "line", "2", {"b": "Vi måler."})) == []

    def test_two_items_of_the_earlier_version_with_one_text_are_no_rename(
        self, tmp_path: Path
    ) -> None:
        written(tmp_path / "line", "1", {"a": "Likt.", "b": "Likt."})
        assert check_file(written(tmp_path / "line", "2", {"a": "Likt.", "b": "Likt."})) == []

    def test_comparable_with_names_what_the_earlier_version_has(self, tmp_path: Path) -> None:
        written(tmp_path / "line", "1", {"about": "Vi deler."})
        more = (
            "comparable_with:\n  - {version: 1, items: {b: abuot}}\n  - {version: 3, items: [b]}\n"
        )
        path = written(tmp_path / "line", "2", {"b": "Vi måler."}, more)
        assert [str(fault) for fault in check_file(path)] == [
            f"{path}:14: version 1 has no item 'abuot'. Did you mean 'about'?",
            f"{path}:15: there is no version 3 before 2 in this folder. Name an earlier version.",
        ]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 20) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=6,
)


@settings(max_examples=100)
@given(data=st.data())
def test_nothing_written_in_the_place_of_a_good_value_breaks_the_check(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The check tells faults; it never falls over, wherever the stranger stands."""
    whole = yaml.safe_load((FILES / "valid" / "every_question_type.yaml").read_text())
    whole["comparable_with"] = [{"version": 1, "items": ["trust_us"]}]
    holder, key = data.draw(st.sampled_from(places(whole)))
    holder[key] = data.draw(JSON)
    folder = tmp_path_factory.mktemp("any")
    shutil.copy(FILES / "valid" / "every_question_type.yaml", folder / "1.yaml")
    path = folder / "2.yaml"
    path.write_text(yaml.safe_dump(whole, allow_unicode=True), encoding="utf-8")
    faults = check_file(path)
    assert all(str(fault.where).startswith(f"{path}:") for fault in faults)
    if not faults:
        instrument = load(path)
        assert Instrument.from_dict(instrument.to_dict()) == instrument


def places(value: Any) -> list[tuple[Any, Any]]:
    keys = list(value) if isinstance(value, dict) else range(len(value))
    found = [(value, key) for key in keys]
    for key in keys:
        if isinstance(value[key], dict | list):
            found += places(value[key])
    return found
