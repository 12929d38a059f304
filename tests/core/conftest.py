"""The small municipality of the study room."""

from __future__ import annotations

from tests.study.conftest import both, make_place, place

__all__ = ["both", "make_place", "place"]
