"""Released results over the API."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from survey.access import api_keys
from survey.release.codec import to_json
from survey.release.read import unit_document
from survey.upkeep.services import Services
from tests.release.journey import SHORT, Journey
from tests.release.released import released

BASE = "/api/v1/organisations/3999/studies/kultur"


@pytest.fixture
def journey(services: Services) -> Journey:
    return released(services, {"n1": 22, "n2": 12, "n3": 6, "s1": 28, "s2": 11})


@pytest.fixture
def headers(journey: Journey, services: Services) -> dict[str, str]:
    with services.db.transaction() as session:
        _, token = api_keys.create(
            session, services.secret, journey.organisation_id, "reader", ["releases:read"]
        )
    return {"Authorization": f"Bearer {token}"}


def test_releases_are_listed_with_their_digest(
    client: FlaskClient, headers: dict[str, str]
) -> None:
    answer = client.get(f"{BASE}/releases", headers=headers)
    assert answer.status_code == 200
    assert [item["wave"]["ordinal"] for item in answer.json["items"]] == [1]
    assert len(answer.json["items"][0]["digest"]) == 64
    assert answer.json["next"] is None


def test_a_units_result_is_the_stored_document_and_null_is_hidden(
    client: FlaskClient, headers: dict[str, str], journey: Journey
) -> None:
    answer = client.get(f"{BASE}/waves/1/release/units/n1", headers=headers)
    with journey.db.reading() as session:
        stored = unit_document(session, journey.organisation_id, journey.study.id, "n1")
    assert answer.json["result"]["overall"]["index"] == stored.unit.overall.index
    assert answer.json["result"]["participation"]["answered"] == 22
    assert len(answer.json["result"]["dimensions"]) == len(stored.unit.dimensions)
    hidden = client.get(f"{BASE}/waves/1/release/units/k", headers=headers).json["result"]
    assert "n" in hidden["overall"]
    assert to_json(stored.unit)


def test_the_header_carries_instrument_method_and_units(
    client: FlaskClient, headers: dict[str, str]
) -> None:
    header = client.get(f"{BASE}/waves/1/release", headers=headers).json["header"]
    assert header["method"]["k"] == 5
    assert header["instrument"]["id"] == SHORT
    assert {unit["code"] for unit in header["units"]} >= {"k", "n1", "s2"}


@pytest.mark.parametrize("path", ["releases", "waves/1/release", "waves/1/release/units/n1"])
def test_nobody_reads_results_without_a_key(
    client: FlaskClient, journey: Journey, path: str
) -> None:
    assert client.get(f"{BASE}/{path}").status_code == 401


@pytest.mark.parametrize("path", ["waves/2/release", "waves/1/release/units/nowhere"])
def test_what_is_not_there_is_404(client: FlaskClient, headers: dict[str, str], path: str) -> None:
    answer = client.get(f"{BASE}/{path}", headers=headers)
    assert answer.status_code == 404
    assert answer.content_type == "application/problem+json"
