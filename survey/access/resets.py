"""A forgotten password, replaced by mail.

What is answered, and how long it takes, is the same whether the address is known or not: one
transaction counts the attempt and, for people whom it belongs to, queues a mail. The link is made
when the mail leaves.
"""

from __future__ import annotations

from survey.access import links, passwords, people
from survey.access.models import Person
from survey.core import limits
from survey.core.db import Database
from survey.core.errors import Closed
from survey.core.secret import Secret
from survey.jobs import outbox

MINUTES = 60
"""How long a link for a new password is good."""

PER_ACCOUNT = 3
PER_ADDRESS = 30


def ask(db: Database, secret: Secret, *, email: str, address: str) -> None:
    """Have a link sent to everybody with this e-mail who may sign in; says nothing of who that is.

    Beyond three an account and quarter of an hour nothing is sent. Raises RateLimited when the
    network ``address`` asks too often.
    """
    account = limits.of_value(secret, "reset-account", email, PER_ACCOUNT)
    network = limits.of_network(secret, "reset-address", address, PER_ADDRESS)
    limits.count(db, network)
    with db.transaction() as session:
        too_often = limits.exceeded(session, account)
        for person in people.with_email(session, email):
            if person.active and not too_often:
                outbox.put(session, person.organisation_id, "password_reset", str(person.id))


def owner(db: Database, secret: Secret, token: str) -> Person | None:
    """Whose password a link would set; None when it is used up or too old."""
    with db.reading() as session:
        return links.owner(session, secret, token, "password")


def carry_out(db: Database, secret: Secret, *, token: str, password: str) -> None:
    """Set the password and end all of the person's sessions.

    Raises Closed when the link cannot be used, InvalidInput when the password cannot.
    """
    whose = owner(db, secret, token)
    if whose is None:
        raise Closed("link_is_used_up_or_too_old")
    hashed = passwords.make_hash(password, passwords.own_words(whose.name, whose.email))
    with db.transaction() as session:
        person = links.redeem(session, secret, token, "password")
        people.set_password(session, person, hashed, actor=f"person:{person.id}")
