"""What a respondent is asked, in one language, as plain JSON for the form and for the API."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from survey.secret import Secret


def questionnaire(session: Session, secret: Secret, code: str, language: str = "") -> dict[str, Any]:
    """Return the questionnaire that a code opens, in ``language`` or the nearest one there is.

    Reads only: opening it spends nothing. Raises what ``admission.admit`` raises.
    """
    ...
