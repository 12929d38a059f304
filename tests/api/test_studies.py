"""Studies over the API."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.municipality import Municipality, municipality


@pytest.fixture
def here(services: Any, client: Any) -> Municipality:
    return municipality(services, client)


def test_a_study_is_made_and_read(here):
    made = here.study(languages=["nb", "en"], k=6)
    assert made.status_code == 201
    read = here.call("GET", "/studies/S").json
    assert read == made.json
    assert (read["instrument"], read["k"], read["languages"]) == (
        "baerum-barometer",
        6,
        ["nb", "en"],
    )
    assert read["frozen_at"] is None


def test_what_is_public_is_set_read_and_after_the_first_wave_only_lowered(here):
    assert here.study(code="T").json["public_level"] == 1
    here.study(public_level=2)

    def change(level: int) -> Any:
        match = {"If-Match": here.call("GET", "/studies/S").headers["ETag"]}
        return here.call("PATCH", "/studies/S", headers=match, json={"public_level": level})

    assert change(3).json["public_level"] == 3
    assert change(4).status_code == 422
    here.bring()
    here.wave()
    assert here.call("POST", "/studies/S/waves/1/open").status_code == 200
    assert change(1).json["public_level"] == 1
    assert change(2).status_code == 409


def test_every_fault_is_told_at_once(here):
    answer = here.study(code="ø ø", k=3, languages=["xx"])
    assert answer.status_code == 422
    assert {fault["path"] for fault in answer.json["errors"]} == {"code", "k", "languages"}


def test_wrong_types_and_unknown_fields_are_refused_by_path(here):
    answer = here.study(k="5", colour="red")
    assert answer.status_code == 422
    assert {fault["path"] for fault in answer.json["errors"]} == {"/k", "/colour"}


def test_a_code_is_taken_once(here):
    here.study()
    assert here.study().status_code == 409


def test_a_study_changes_only_for_who_has_seen_its_present_state(here):
    here.study()
    seen = here.call("GET", "/studies/S")
    change = {"json": {"k": 7}}
    assert here.call("PATCH", "/studies/S", **change).status_code == 428
    match = {"If-Match": seen.headers["ETag"]}
    assert here.call("PATCH", "/studies/S", headers=match, **change).json["k"] == 7
    assert here.call("PATCH", "/studies/S", headers=match, **change).status_code == 412
    fresh = {"If-Match": here.call("GET", "/studies/S").headers["ETag"]}
    lower = here.call("PATCH", "/studies/S", headers=fresh, json={"k": 5})
    assert lower.status_code == 409


def test_what_has_not_changed_is_not_sent_again(here):
    here.study()
    seen = here.call("GET", "/studies/S")
    again = here.call("GET", "/studies/S", headers={"If-None-Match": seen.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_studies_come_in_pages(here):
    for code in ("C", "A", "B"):
        here.study(code=code)
    first = here.call("GET", "/studies?limit=2").json
    second = here.call("GET", f"/studies?limit=2&cursor={first['next']}").json
    assert [each["code"] for each in first["items"] + second["items"]] == ["A", "B", "C"]
