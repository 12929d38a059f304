"""An authenticator app as the second factor (RFC 6238), and codes for a lost phone.

The app's secret is sealed with a key of its own for each person, derived from the service's secret:
a copy of the database makes no codes, and no row serves another person. Each time step is accepted
once. Recovery codes are keyed hashes and go when they are used.
"""

from __future__ import annotations

import secrets
import time

import pyotp
import sqlalchemy as sa
from sqlalchemy.orm import Session

from survey.access.models import Person, RecoveryCode, SecondFactor
from survey.access.sealed_tokens import open_bytes, seal_bytes
from survey.access.sessions import same
from survey.audit import log
from survey.core.db import now
from survey.core.errors import Conflict, NotFound
from survey.core.secret import Secret

STEP = 30
DRIFT = 1
"""Steps that a phone's clock may be off, to either side."""

RECOVERY_CODES = 10
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def enrolled(session: Session, organisation_id: int, person_id: int) -> bool:
    """True when the person has an app that was confirmed."""
    row = session.get(SecondFactor, (organisation_id, person_id))
    return row is not None and row.confirmed_at is not None


def begin(session: Session, secret: Secret, person: Person) -> str:
    """The secret of an app that is being set up, in base32: the same until it is confirmed.

    Raises Conflict when the person has an app already.
    """
    row = session.get(SecondFactor, (person.organisation_id, person.id))
    if row is not None and row.confirmed_at is not None:
        raise Conflict("app_already_remove_it_first")
    if row is not None:
        return open_bytes(secret, _purpose(person), row.sealed).decode()
    app_secret = pyotp.random_base32()
    session.add(
        SecondFactor(
            organisation_id=person.organisation_id,
            person_id=person.id,
            sealed=seal_bytes(secret, _purpose(person), app_secret.encode()),
            confirmed_at=None,
            last_step=0,
        )
    )
    session.flush()
    return app_secret


def pending(session: Session, secret: Secret, person: Person) -> str | None:
    """The secret of an app that is being set up; None when none is."""
    row = session.get(SecondFactor, (person.organisation_id, person.id))
    if row is None or row.confirmed_at is not None:
        return None
    return open_bytes(secret, _purpose(person), row.sealed).decode()


def address(base32: str, email: str, issuer: str) -> str:
    """The ``otpauth:`` address that a QR code shows to the app."""
    return pyotp.TOTP(base32).provisioning_uri(name=email, issuer_name=issuer)


def confirm(
    session: Session, secret: Secret, person: Person, code: str, *, actor: str
) -> list[str] | None:
    """Confirm an app with a code of it: the recovery codes, to be shown once; None when wrong.

    Raises NotFound when no app is being set up.
    """
    row = session.get(SecondFactor, (person.organisation_id, person.id), with_for_update=True)
    if row is None or row.confirmed_at is not None:
        raise NotFound("no_app_is_being_set_up")
    if not _step_of(row, secret, person, code):
        return None
    row.confirmed_at = now()
    session.flush()
    subject = f"person:{person.id}"
    log.record(session, person.organisation_id, actor, "second_factor.added", subject)
    return _new_codes(session, secret, person)


def check(session: Session, secret: Secret, person: Person, code: str) -> bool:
    """Use up a code of the app, or a recovery code; False for anything else. In a transaction."""
    row = session.get(SecondFactor, (person.organisation_id, person.id), with_for_update=True)
    if row is None or row.confirmed_at is None:
        return False
    if _step_of(row, secret, person, code):
        session.flush()
        return True
    used = session.execute(
        sa.delete(RecoveryCode)
        .where(
            RecoveryCode.code_hash == _hash(secret, person, code),
            RecoveryCode.organisation_id == person.organisation_id,
            RecoveryCode.person_id == person.id,
        )
        .returning(RecoveryCode.person_id)
    ).all()
    if used:
        subject = f"person:{person.id}"
        log.record(session, person.organisation_id, subject, "recovery_code.used", subject)
    return bool(used)


def codes_left(session: Session, organisation_id: int, person_id: int) -> int:
    """How many recovery codes have not been used."""
    return session.execute(
        sa.select(sa.func.count())
        .select_from(RecoveryCode)
        .where(RecoveryCode.organisation_id == organisation_id, RecoveryCode.person_id == person_id)
    ).scalar_one()


def renew_codes(session: Session, secret: Secret, person: Person, *, actor: str) -> list[str]:
    """Make new recovery codes, to be shown once; those before are worth nothing any more."""
    if not enrolled(session, person.organisation_id, person.id):
        raise NotFound("no_app")
    subject = f"person:{person.id}"
    log.record(session, person.organisation_id, actor, "recovery_codes.renewed", subject)
    return _new_codes(session, secret, person)


def remove(session: Session, person: Person, *, actor: str) -> bool:
    """Take the app and the recovery codes away; False when there was no confirmed app."""
    row = session.get(SecondFactor, (person.organisation_id, person.id))
    _drop_codes(session, person)
    if row is None:
        return False
    confirmed = row.confirmed_at is not None
    session.delete(row)
    session.flush()
    if confirmed:
        subject = f"person:{person.id}"
        log.record(session, person.organisation_id, actor, "second_factor.removed", subject)
    return confirmed


def _step_of(row: SecondFactor, secret: Secret, person: Person, code: str) -> bool:
    """Use the step up whose code was given; False when none is, or it was used before."""
    digits = "".join(code.split())
    if len(digits) != 6 or not (digits.isascii() and digits.isdigit()):
        return False
    app = pyotp.TOTP(open_bytes(secret, _purpose(person), row.sealed).decode())
    present = int(time.time()) // STEP
    for step in range(present - DRIFT, present + DRIFT + 1):
        if step > row.last_step and same(app.generate_otp(step), digits):
            row.last_step = step
            return True
    return False


def _new_codes(session: Session, secret: Secret, person: Person) -> list[str]:
    _drop_codes(session, person)
    codes = []
    for _ in range(RECOVERY_CODES):
        letters = "".join(secrets.choice(_ALPHABET) for _ in range(10))
        codes.append(f"{letters[:5]}-{letters[5:]}")
    session.add_all(
        RecoveryCode(
            code_hash=_hash(secret, person, code),
            organisation_id=person.organisation_id,
            person_id=person.id,
        )
        for code in codes
    )
    session.flush()
    return codes


def _drop_codes(session: Session, person: Person) -> None:
    session.execute(
        sa.delete(RecoveryCode).where(
            RecoveryCode.organisation_id == person.organisation_id,
            RecoveryCode.person_id == person.id,
        )
    )


def _hash(secret: Secret, person: Person, code: str) -> bytes:
    letters = "".join(character for character in code.upper() if character.isalnum())
    letters = letters.replace("O", "0").replace("I", "1").replace("L", "1")
    return secret.hash("recovery-code", f"{_purpose(person)}:{letters}".encode())


def _purpose(person: Person) -> str:
    return f"second-factor:{person.organisation_id}:{person.id}"
