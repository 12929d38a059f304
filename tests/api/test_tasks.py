"""Background work over the API: ordered, carried out, followed, fetched, cancelled."""

from __future__ import annotations

import io
import zipfile

import pytest
from flask.testing import FlaskClient

from survey.access import api_keys
from survey.background import task_handlers
from survey.core.services import Services
from survey.jobs import execution, tasks
from tests.release.journey import Journey
from tests.release.released import released

ORG = "/api/v1/organisations/3999"
REPORTS = f"{ORG}/studies/kultur/waves/1/reports"


@pytest.fixture
def journey(services: Services) -> Journey:
    return released(services, {"n1": 22, "n2": 12, "n3": 6, "s1": 28, "s2": 11})


@pytest.fixture
def headers(journey: Journey, services: Services) -> dict[str, str]:
    with services.db.transaction() as session:
        _, token = api_keys.create(
            session, services.secret, journey.organisation_id, "maker", ["reports:write"]
        )
    return {"Authorization": f"Bearer {token}"}


def carry_out(services: Services) -> None:
    """What the worker does, here and now."""
    with services.db.transaction() as session:
        claimed = tasks.claim(session)
    assert claimed is not None
    assert execution.carry_out(services.db, task_handlers.works(services), claimed)


def order(client: FlaskClient, headers: dict[str, str], unit: str | None) -> str:
    answer = client.post(REPORTS, json={"unit": unit, "languages": ["nb"]}, headers=headers)
    assert answer.status_code == 202
    return str(answer.headers["Location"])


def test_a_units_report_is_made_and_fetched(
    client: FlaskClient, headers: dict[str, str], services: Services
) -> None:
    where = order(client, headers, "n1")
    assert client.get(where, headers=headers).json["state"] == "queued"
    assert client.get(f"{where}/file", headers=headers).status_code == 404
    carry_out(services)
    task = client.get(where, headers=headers).json
    assert (task["state"], task["done"], task["total"], task["error"]) == ("done", 1, 1, None)
    answer = client.get(f"{where}/file", headers=headers)
    assert answer.data.startswith(b"%PDF-")
    assert answer.mimetype == "application/pdf"
    assert "_n1_nb.pdf" in answer.headers["Content-Disposition"]
    assert answer.headers["Cache-Control"] == "no-store"
    answer.close()


def test_all_reports_come_as_one_zip(
    client: FlaskClient, headers: dict[str, str], services: Services
) -> None:
    where = order(client, headers, None)
    carry_out(services)
    answer = client.get(f"{where}/file", headers=headers)
    names = zipfile.ZipFile(io.BytesIO(answer.data)).namelist()
    answer.close()
    assert any(name.endswith("_n1_nb.pdf") for name in names), names


def test_a_task_can_be_cancelled_until_it_has_ended(
    client: FlaskClient, headers: dict[str, str], services: Services
) -> None:
    where = order(client, headers, "n1")
    assert client.delete(where, headers=headers).json["state"] == "cancelled"
    where = order(client, headers, "n1")
    carry_out(services)
    assert client.delete(where, headers=headers).status_code == 409


def test_nobody_elses_task_is_shown(
    client: FlaskClient, headers: dict[str, str], services: Services
) -> None:
    with services.db.transaction() as session:
        task = tasks.enqueue(session, 1, "unit_report", {}, "cli")
    for way in ("", "/file"):
        answer = client.get(f"{ORG}/tasks/{task.id}{way}", headers=headers)
        assert answer.status_code == 404
    assert client.get(f"{ORG}/tasks/{task.id}").status_code == 401
