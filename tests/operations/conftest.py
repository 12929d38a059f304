"""Services on databases that the migrations made."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from survey.core.config import Settings
from survey.core.services import Services, build
from tests.secrets_for_tests import SECRET_KEY


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def parts(request: Any, tmp_path: Path) -> Iterator[Services]:
    """Services whose database is still empty."""
    url = ""
    if request.param == "postgresql":
        url = request.getfixturevalue("fresh_postgres_url")
    made = build(Settings(data_dir=tmp_path / "var", database_url=url, secret_key=SECRET_KEY))
    yield made
    made.db.dispose()
