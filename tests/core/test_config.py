"""Settings: typed, documented, and told all at once when they are wrong."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from survey.cli.settings import as_markdown
from survey.core import config
from survey.core.config import Settings
from survey.core.errors import ConfigurationError

ROOT = Path(__file__).parents[2]


def faults(**environ: str) -> dict[str, str]:
    with pytest.raises(ConfigurationError) as caught:
        config.load({f"SURVEY_{name}": value for name, value in environ.items()})
    return {
        str(fault.where): f"{fault.message} {fault.fix or ''}".strip()
        for fault in caught.value.faults
    }


def test_an_empty_environment_gives_the_defaults() -> None:
    assert config.load({"HOME": "/somewhere", "PATH": ""}) == Settings()


def test_everything_wrong_is_told_at_once_with_its_name_and_what_was_expected() -> None:
    found = faults(
        TRUSTED_PROXYS="1",
        TRUSTED_PROXIES="many",
        BASE_URL="barometer.example.no",
        DATABASE_URL="mysql://x",
        SECRET_KEY="short",
        JOBS="cron",
        DEMO="perhaps",
        DATA_DIR=" ",
        ALLOWED_HOSTS="https://a",
    )
    assert "SURVEY_TRUSTED_PROXIES" in found["SURVEY_TRUSTED_PROXYS"]
    assert found["SURVEY_TRUSTED_PROXIES"] == "expected a whole number from 0 to 5."
    assert "https://barometer.example.no" in found["SURVEY_BASE_URL"]
    assert "postgresql://" in found["SURVEY_DATABASE_URL"]
    assert "32" in found["SURVEY_SECRET_KEY"]
    assert "embedded, celery" in found["SURVEY_JOBS"]
    assert "true or false" in found["SURVEY_DEMO"]
    assert len(found) == 9


def test_a_secret_is_never_repeated_in_the_message() -> None:
    with pytest.raises(ConfigurationError) as caught:
        config.load({"SURVEY_SECRET_KEY": "hunter2"})
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("name", ["SECRET_KEY", "METRICS_TOKEN"])
@pytest.mark.parametrize("typed", ["a" * 64, "changeme" * 5])
def test_a_secret_that_was_typed_is_refused_with_how_to_make_one(name: str, typed: str) -> None:
    found = faults(**{name: typed})
    assert "openssl rand -hex 32" in found[f"SURVEY_{name}"]
    assert typed not in str(found)


def test_celery_needs_redis() -> None:
    assert "SURVEY_REDIS_URL" in faults(JOBS="celery")
    assert config.load(
        {"SURVEY_JOBS": "celery", "SURVEY_REDIS_URL": "redis://localhost/0"}
    ).redis_url


@pytest.mark.parametrize("number", ["1e1", "٣", "-1", "6", "", "1.0"])
def test_numbers_are_plain_whole_numbers(number: str) -> None:
    assert "SURVEY_TRUSTED_PROXIES" in faults(TRUSTED_PROXIES=number)


def test_values_are_read_and_filled_in() -> None:
    settings = config.load(
        {
            "SURVEY_DATA_DIR": "/srv/survey",
            "SURVEY_BASE_URL": "https://barometer.example.no/",
            "SURVEY_DEMO": "1",
        }
    )
    assert settings.database == "sqlite:////srv/survey/survey.db"
    assert settings.keys == Path("/srv/survey/keys")
    assert settings.base_url == "https://barometer.example.no"
    assert settings.hosts == ("barometer.example.no",)
    assert settings.secure
    assert settings.demo


def test_every_setting_is_described() -> None:
    assert len(config.describe()) == len(fields(Settings))
    assert all(help_text for _, _, help_text in config.describe())


def test_the_documentation_is_what_the_program_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    page = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    assert page == as_markdown(), "run: make settings"
