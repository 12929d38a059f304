"""Alive, ready, metrics: for machines, and telling nothing about people."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from survey.app import create_app
from survey.core.errors import Conflict
from survey.core.services import Services, build
from survey.operations import migrate


@pytest.fixture
def ready(settings: Any) -> Any:
    parts = build(settings)
    migrate.upgrade(parts)
    yield parts
    parts.db.dispose()


def test_the_process_answers_under_any_host_name(client: Any) -> None:
    answer = client.get("/healthz", headers={"Host": "10.0.0.7"})
    assert (answer.status_code, answer.data) == (200, b"ok\n")


def test_ready_when_database_schema_and_keys_are(ready: Services) -> None:
    answer = create_app(ready.settings, ready).test_client().get("/readyz")
    assert answer.status_code == 200
    assert answer.json == {
        "ready": True,
        "checks": {"database": "ok", "schema": "ok", "keys": "ok"},
    }


def test_not_ready_with_another_programs_schema_or_without_keys(ready: Services) -> None:
    import sqlalchemy as sa

    with ready.db.transaction() as session:
        session.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    for path in ready.settings.keys.iterdir():
        path.unlink()
    ready.settings.keys.rmdir()
    answer = create_app(ready.settings, ready).test_client().get("/readyz")
    assert answer.status_code == 503
    assert answer.json["checks"]["schema"] == "newer"
    assert answer.json["checks"]["keys"] != "ok"


def test_not_ready_without_a_database(services: Services) -> None:
    parts = replace(services, settings=services.settings)
    parts.db.dispose()
    (services.settings.data_dir / "survey.db").unlink()
    (services.settings.data_dir / "survey.db").mkdir()
    answer = create_app(parts.settings, parts).test_client().get("/readyz")
    assert answer.status_code == 503
    assert answer.json["checks"]["database"] == "cannot be reached"


def test_the_web_does_not_start_on_an_empty_database(settings: Any) -> None:
    with pytest.raises(Conflict, match="survey db upgrade"):
        create_app(settings)


def test_without_a_token_in_the_settings_there_are_no_metrics(client: Any) -> None:
    assert client.get("/metrics").status_code == 404
    assert client.get("/metrics", headers={"Authorization": "Bearer "}).status_code == 404


def test_metrics_count_by_route_and_name_no_path(services: Services) -> None:
    token = "t" * 32
    parts = replace(services, settings=replace(services.settings, metrics_token=token))
    client = create_app(parts.settings, parts).test_client()
    client.get("/stab/ABCDEFGHJKMNPQRSTVWXYZ2345")
    assert client.get("/metrics", headers={"Authorization": f"Bearer {token}x"}).status_code == 404
    answer = client.get("/metrics", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200
    text = answer.get_data(as_text=True)
    assert 'route="/stab/<org>"' in text
    assert 'survey_tasks{state="queued"} 0.0' in text
    assert "ABCDEFGH" not in text
