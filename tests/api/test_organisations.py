"""The organisation over the API: the same file, the same faults, the same list."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.municipality import TREE, Municipality, municipality


@pytest.fixture
def here(services: Any, client: Any) -> Municipality:
    return municipality(services, client)


def test_a_file_is_compared_first_and_carried_out_when_asked(here):
    body = {"data": TREE.encode("utf-8-sig"), "content_type": "text/csv"}
    planned = here.call("POST", "/imports", **body)
    assert planned.status_code == 200
    assert planned.json["applied"] is False
    assert [each["code"] for each in planned.json["new"]] == ["K", "A", "A1", "A2", "B"]
    assert here.call("GET", "/units").json["items"] == []
    done = here.call("POST", "/imports?apply=true", **body)
    assert done.json["applied"] is True
    assert here.call("GET", "/units/A2").json["name"] == "Åsly"


def test_all_faults_come_back_by_place(here):
    answer = here.bring("kode;navn;overordnet;ansatte\nK;;;x\nA;En;Q;-1\n")
    assert answer.status_code == 422
    assert {fault["path"] for fault in answer.json["errors"]} == {
        "row 2, column name",
        "row 2, column headcount",
        "row 3, column parent_code",
        "row 3, column headcount",
    }
    assert here.call("GET", "/units").json["items"] == []


def test_units_come_in_pages(here):
    here.bring()
    first = here.call("GET", "/units?limit=3").json
    second = here.call("GET", f"/units?limit=3&cursor={first['next']}").json
    assert [unit["code"] for unit in first["items"] + second["items"]] == [
        "A",
        "A1",
        "A2",
        "B",
        "K",
    ]
    assert second["next"] is None


def test_a_cursor_of_another_list_is_refused(here):
    here.bring()
    cursor = here.call("GET", "/units?limit=1").json["next"]
    assert here.call("GET", f"/studies?cursor={cursor}").status_code == 422


def test_the_organisation_is_named(here):
    assert here.call("GET", "").json == {"code": "3024", "name": "Kommune 3024"}


def test_a_file_that_is_too_large_is_refused_before_it_is_read(here):
    answer = here.bring("x" * 5_000_001)
    assert answer.status_code == 413


def test_another_organisations_key_finds_nothing(here, services, client):
    here.bring()
    other = municipality(services, client, "4000")
    for path in ("", "/units", "/units/A"):
        assert here.call("GET", path, key=other.key).status_code == 404
    body = {"data": b"code;name;parent\nK;x;\n", "content_type": "text/csv"}
    assert here.call("POST", "/imports?apply=true", key=other.key, **body).status_code == 404


def test_a_key_that_may_only_read_changes_nothing(here):
    reader = here.key_of("organisations:read")
    body = {"data": TREE.encode(), "content_type": "text/csv"}
    assert here.call("POST", "/imports?apply=true", key=reader, **body).status_code == 403
    assert here.call("GET", "/units", key=reader).status_code == 200


def test_reorganisations_come_newest_first_and_a_file_tells_mergers(here):
    here.bring()
    assert here.call("GET", "/reorganisations").json["items"] == []
    tree = (
        "kode;navn;overordnet;tidligere kode;begrunnelse\n"
        "K;Kommunen;;;\nA;Skole og oppvekst;K;;\nA3;Nye Åsly;A;A1 A2;To like store\nB;Helse;K;;\n"
    )
    body = {"data": tree.encode(), "content_type": "text/csv"}
    planned = here.call("POST", "/imports", **body).json
    assert planned["declared"] == [
        {"kind": "merged", "before": ["A1", "A2"], "after": ["A3"], "continues": {}}
    ]
    assert here.call("POST", "/imports?apply=true", **body).status_code == 200
    first = here.call("GET", "/reorganisations?limit=1").json
    assert (first["items"][0]["kind"], first["items"][0]["reasons"]) == (
        "merged",
        {"A3": "To like store"},
    )
    rest = here.call("GET", f"/reorganisations?cursor={first['next']}").json["items"]
    assert {"renamed", "new", "closed"} <= {each["kind"] for each in rest}
    assert all(each["frozen_at"] is None for each in rest)
