"""The command line on the fixtures of the mail room."""

from __future__ import annotations

from tests.mail.conftest import office, survey, written_logs

__all__ = ["office", "survey", "written_logs"]
