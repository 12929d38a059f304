"""Invitations over the API."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest

from tests.api.municipality import Municipality, municipality

INVITATIONS = "/studies/S/waves/1/invitations"


@pytest.fixture
def here(services: Any, client: Any) -> Municipality:
    found = municipality(services, client)
    found.bring()
    found.study()
    found.wave()
    return found


def test_headcounts_are_invited_by_default(here):
    made = here.call("POST", INVITATIONS, json={})
    assert made.status_code == 201
    assert made.json["invitations"] == 41
    assert here.call("POST", INVITATIONS, json={}).status_code == 409


def test_counts_are_checked_by_path(here):
    wrong = here.call("POST", INVITATIONS, json={"counts": {"A": "3", "B": -1}})
    assert wrong.status_code == 422
    assert {fault["path"] for fault in wrong.json["errors"]} == {
        "/counts/A/value",
        "/counts/B/value",
    }
    unknown = here.call("POST", INVITATIONS, json={"counts": {"X": 9}})
    assert unknown.json["errors"][0]["path"] == "unit X"


def test_codes_leave_once_and_are_kept_by_no_cache(here, services):
    here.call("POST", INVITATIONS, json={"counts": {"B": 7}})
    answer = here.call("POST", INVITATIONS + "/export")
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    rows = list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig")), delimiter=";"))
    assert len({row["short_code"] for row in rows}) == 7
    assert all(row["link"].startswith(services.settings.base_url + "/s/") for row in rows)
    again = here.call("POST", INVITATIONS + "/export")
    assert (again.status_code, again.content_type) == (409, "application/problem+json")


def test_there_is_no_way_to_fetch_codes_without_the_right_to(here):
    here.call("POST", INVITATIONS, json={})
    writer = here.key_of("invitations:write", "studies:read", "waves:write")
    assert here.call("POST", INVITATIONS + "/export", key=writer).status_code == 403


def test_lost_codes_are_replaced_and_no_answer_holds_one(here):
    here.call("POST", INVITATIONS, json={"counts": {"B": 7}})
    answer = here.call("POST", INVITATIONS + "/export")
    rows = list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig")), delimiter=";"))
    lost = {"unit": "B", "reason": "lost"}
    made = here.call("POST", INVITATIONS + "/replacements", json=lost)
    assert (made.status_code, made.json["unit_code"], made.json["count"]) == (201, "B", 1)
    assert here.call("POST", INVITATIONS + "/replacements", json=lost).status_code == 409
    old = {"code": rows[0]["short_code"], "reason": "returned"}
    made = here.call("POST", INVITATIONS + "/revocations", json=old)
    assert (made.status_code, set(made.json)) == (201, {"unit_code", "unit_name", "count"})
    assert here.call("POST", INVITATIONS + "/revocations", json=old).status_code == 404
    wrong = here.call("POST", INVITATIONS + "/revocations", json={**old, "reason": "fordi"})
    assert wrong.status_code == 422
    seen = here.call("GET", "/studies/S/waves/1/participation").json["units"]
    assert {row["code"]: (row["invited"], row["replaced"]) for row in seen}["B"] == (7, 1)
