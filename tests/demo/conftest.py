"""The demo municipality on databases that the migrations made."""

from __future__ import annotations

from tests.operations.conftest import parts

__all__ = ["parts"]
