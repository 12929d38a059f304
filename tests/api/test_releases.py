"""Released results over the API."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient

from survey.access import api_keys
from survey.core.services import Services
from survey.release.codec import to_plain
from survey.release.read import unit_document
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


def test_a_units_result_is_the_stored_document(
    client: FlaskClient, headers: dict[str, str], journey: Journey
) -> None:
    answer = client.get(f"{BASE}/waves/1/release/units/n1", headers=headers)
    with journey.db.reading() as session:
        stored = unit_document(session, journey.organisation_id, journey.study.id, "n1")
    result = answer.json["result"]
    assert result == json.loads(json.dumps(to_plain(stored.unit)))
    assert (result["schema"], result["participation"]["answered"]) == (2, 22)


def test_one_number_of_people_stands_in_a_units_result(
    client: FlaskClient, headers: dict[str, str]
) -> None:
    result = client.get(f"{BASE}/waves/1/release/units/n1", headers=headers).json["result"]
    assert not {"n", "count", "hidden"} & set(names(result))
    assert list(names(result)).count("answered") == 1


def test_the_header_carries_instrument_method_and_units(
    client: FlaskClient, headers: dict[str, str]
) -> None:
    header = client.get(f"{BASE}/waves/1/release", headers=headers).json["header"]
    assert header["method"]["k"] == 5
    assert header["instrument"]["id"] == SHORT
    assert header["schema"] == 2
    assert {unit["code"] for unit in header["units"]} >= {"k", "n1", "s2"}


def names(plain: object) -> Iterator[str]:
    """Every field's name in a document, as often as it stands there."""
    if isinstance(plain, dict):
        yield from plain
        plain = list(plain.values())
    for each in plain if isinstance(plain, list) else ():
        yield from names(each)


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
