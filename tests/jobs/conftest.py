"""The same tests on both databases."""

from __future__ import annotations

from typing import Any

import pytest

from survey.core.db import Database


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def db(request: Any) -> Database:
    name = "database" if request.param == "sqlite" else "postgres_database"
    return request.getfixturevalue(name)
