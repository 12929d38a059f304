"""Keys of programs. A key is shown once; the database holds only its keyed hash."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from survey.access.models import ApiKey
from survey.access.principal import KEPT_APART, SCOPES, Principal
from survey.core.db import new_id, now
from survey.core.errors import Fault, InvalidInput, NotFound, say
from survey.core.secret import Secret
from survey.organisation.models import Organisation

_PURPOSE = "api-key"
_PREFIX = "ik_"


def create(
    session: Session,
    secret: Secret,
    organisation_id: int,
    name: str,
    scopes: Iterable[str],
    *,
    expires_at: datetime | None = None,
) -> tuple[ApiKey, str]:
    """Make a key; returns its row and the key itself, which cannot be had again.

    Raises InvalidInput for an empty name, unknown scopes, scopes that are kept apart, or a time
    that has passed, all at once. (A key from before that rule keeps what it has until revoked.)
    """
    wanted = sorted(set(scopes))
    faults = _faults(name, wanted, expires_at)
    if faults:
        raise InvalidInput("key_was_not_made", faults)
    token = _PREFIX + secrets.token_urlsafe(32)
    key = ApiKey(
        organisation_id=organisation_id,
        id=new_id(),
        name=name.strip(),
        key_hash=secret.hash(_PURPOSE, token.encode()),
        scopes=wanted,
        created_at=now(),
        expires_at=expires_at,
        revoked_at=None,
    )
    session.add(key)
    session.flush()
    return key, token


def _faults(name: str, wanted: list[str], expires_at: datetime | None) -> list[Fault]:
    faults = [
        Fault(
            say("scopes", scope=scope),
            "unknown_scope",
            say("known_values", scopes=", ".join(SCOPES)),
        )
        for scope in wanted
        if scope not in SCOPES
    ]
    faults += [
        Fault(
            "scopes",
            say("are_never_given_to_one_key", together=" and ".join(sorted(together))),
            "make_two_keys",
        )
        for together in KEPT_APART
        if together <= set(wanted)
    ]
    if not wanted:
        faults.append(Fault("scopes", "key_needs_at_least_one_scope"))
    if not name.strip():
        faults.append(Fault("name", "key_needs_name"))
    if expires_at is not None and expires_at <= now():
        faults.append(Fault("expires_at", "lies_in_past"))
    return faults


def find(session: Session, secret: Secret, token: str) -> Principal | None:
    """The key behind a bearer token; None when it is unknown, revoked or expired."""
    row = session.execute(
        sa.select(ApiKey, Organisation)
        .join(Organisation, Organisation.id == ApiKey.organisation_id)
        .where(
            ApiKey.key_hash == secret.hash(_PURPOSE, token.encode()),
            ApiKey.revoked_at.is_(None),
            sa.or_(ApiKey.expires_at.is_(None), ApiKey.expires_at > now()),
        )
    ).one_or_none()
    if row is None:
        return None
    key, organisation = row
    return Principal(
        kind="key",
        id=key.id,
        organisation_id=key.organisation_id,
        organisation_code=organisation.code,
        organisation_name=organisation.name,
        name=key.name,
        scopes=frozenset(key.scopes),
    )


def listing(session: Session, organisation_id: int) -> list[ApiKey]:
    """All keys of the organisation, revoked ones too, in order of their ids."""
    return list(
        session.scalars(
            sa.select(ApiKey).where(ApiKey.organisation_id == organisation_id).order_by(ApiKey.id)
        )
    )


def get(session: Session, organisation_id: int, key_id: int) -> ApiKey:
    """The key with this id; NotFound when there is none."""
    key = session.get(ApiKey, (organisation_id, key_id))
    if key is None:
        raise NotFound("no_such_key")
    return key


def revoke(session: Session, organisation_id: int, key_id: int) -> ApiKey:
    """Make a key useless from now on. Raises NotFound; revoking twice changes nothing."""
    key = get(session, organisation_id, key_id)
    if key.revoked_at is None:
        key.revoked_at = now()
        session.flush()
    return key
