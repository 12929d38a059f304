"""Sends what waits in the outbox, and writes down what came of it.

For each mail: a write transaction claims the row, renders the mail (a code is derived, a token
made) and says that it is being sent; then the mail server is spoken to, outside any transaction;
then a second transaction writes the outcome. Who is killed in between leaves a row that says
"sending": it is never sent again, because it may have been (:func:`sweep`). So nobody gets a mail
twice; the price is that a mail may be missing, which is counted as uncertain.

Nothing that can be read is said of a single reminder (``outbox.UNTOLD``): no count, no log line,
no row that failed. That the mail server is away is found out by asking it (:class:`Rounds`), at
times that do not depend on who has answered.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session

from survey.core import metrics
from survey.core.errors import ConfigurationError, SurveyError, say
from survey.core.logs import logger
from survey.core.services import Services
from survey.invitations import mailings
from survey.jobs import leases, outbox
from survey.jobs.models import Outbox
from survey.jobs.outbox import Claimed
from survey.mail import bounces
from survey.mail.kinds import KINDS
from survey.mail.links import link
from survey.mail.message import Mail
from survey.mail.transport import Outcome, Transport, configured

LONGEST_PAUSE = 300.0
"""Seconds between attempts to reach a mail server that is down, at most."""
LOOK_EVERY = 120.0
"""Seconds between two looks at delivery reports and at mails left behind."""
ASK_EVERY = 1800.0
"""Seconds between two questions to the mail server while reminders are under way."""


class _TooEarly(Exception):
    """The pace does not allow another mail yet; what was claimed is given back."""


class Sender:
    """Sends one mail after another. One thread uses it."""

    def __init__(self, parts: Services, transport: Transport | None = None) -> None:
        self._parts = parts
        self._transport = transport or Transport(parts.settings)

    def step(self) -> Outcome | None:
        """Handle the next due row; None when none is due, ``early`` when the pace says wait."""
        with self._parts.db.reading() as session:
            if not outbox.is_due(session):
                return None
        try:
            taken, mail = self._take()
        except _TooEarly:
            return Outcome("early")
        if taken is None:
            return None
        if mail is None:
            if taken.told:
                metrics.count_mail("handled")
            return Outcome("dropped")
        try:
            outcome = self._transport.send(mail)
        except ValueError as error:  # an address or a header that no mail can have
            outcome = Outcome("refused", type(error).__name__)
        self._settle(taken, outcome)
        return outcome

    def close(self) -> None:
        """Close the connection to the mail server."""
        self._transport.close()

    def _take(self) -> tuple[Claimed | None, Mail | None]:
        """Claim the next row and render it; a row with nothing to send is settled at once."""
        failed: tuple[Claimed, Exception] | None = None
        with self._parts.db.transaction() as session:
            claim = outbox.claim(session)
            if claim is None:
                return None, None
            # Dropped rows take their place too: the speed of the queue tells nothing either.
            if not outbox.may_leave(session, self._parts.settings.mail_per_minute):
                raise _TooEarly
            taken, row = claim
            try:
                with session.begin_nested():
                    mail = self._render(session, row)
            except Exception as error:  # whatever a renderer may raise: the others must go on
                mail, failed = None, (taken, error)
            if failed is None and mail is None:
                _record(session, taken, "dropped", "")
        if failed is not None:
            self._could_not_render(*failed)
            return None, None
        return taken, mail

    def _render(self, session: Session, row: Outbox) -> Mail | None:
        kind = KINDS.get(row.kind)
        if kind is None:
            raise SurveyError(say("no_mail_of_kind", kind=row.kind))
        return kind.render(session, self._parts, row)

    def _could_not_render(self, taken: Claimed, error: Exception) -> None:
        """Nothing was sent. Try again later: a setting may be put right meanwhile."""
        if taken.told:
            logger().error("mail not rendered", kind=taken.kind, error=type(error).__name__)
        self._settle(taken, Outcome("deferred", type(error).__name__))

    def _settle(self, taken: Claimed, outcome: Outcome) -> None:
        with self._parts.db.transaction() as session:
            _record(session, taken, outcome.what, outcome.error)
        if not taken.told:
            return
        if outcome.what != "sent":
            logger().warning("mail not sent", outcome=outcome.what, error=outcome.error)
        metrics.count_mail("handled" if outcome.what == "sent" else outcome.what)


def sweep(parts: Services) -> int:
    """Settle what a dead sender left behind, and what nobody sent in time; returns how many,
    without reminders."""
    with parts.db.transaction() as session:
        abandoned, late = outbox.abandoned(session), outbox.stale(session)
        for taken in abandoned:
            _record(session, taken, "uncertain", "uncertain")
        for taken in late:
            _record(session, taken, "failed", "too late")
        outbox.forget(session)
    uncertain, too_late = _number(abandoned), _number(late)
    if uncertain or too_late:
        logger().warning("mails settled", uncertain=uncertain, too_late=too_late)
    return uncertain + too_late


def drop_waiting(parts: Services) -> int:
    """Send nothing of what waits now: after a restore it may have been sent since the backup.

    Invitations count as uncertain. Returns how many rows were settled, without reminders.
    """
    with parts.db.transaction() as session:
        waiting = outbox.take_all(session)
        for taken in waiting:
            _record(session, taken, "uncertain", "dropped by hand")
    return _number(waiting)


def _number(rows: Sequence[Claimed]) -> int:
    return sum(row.told for row in rows)


def _record(session: Session, taken: Claimed, outcome: str, error: str) -> None:
    if outcome == "deferred":
        if outbox.defer(session, taken, error):
            return
        outcome = "failed"
    kind = KINDS.get(taken.kind)
    tell = kind.settled if kind else None
    if tell is not None:
        tell(session, taken, outcome)
    # What is remembered elsewhere leaves no row behind, nor does a reminder: one that failed would
    # tell whose code had not been used.
    if outcome in ("sent", "dropped") or tell is not None or taken.kind == "reminder":
        outbox.done(session, taken)
    else:
        outbox.fail(session, taken, error or outcome)


class Rounds:
    """Says once for each round of reminders when they cannot leave, and not how many.

    The mail server is asked for that purpose, every half hour while a round is under way, whether
    or not any of its mails still waits: a line that came of a mail would tell by its being there,
    and by its time, that somebody has not answered.
    """

    def __init__(self, parts: Services) -> None:
        self._parts = parts
        self._next = 0.0
        self._told: set[tuple[int, int, int]] = set()

    def look(self) -> None:
        """Ask when it is time to."""
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + ASK_EVERY
        with self._parts.db.reading() as session:
            rounds = set(mailings.rounds_under_way(session))
        self._told &= rounds
        if rounds <= self._told:
            return
        error = self._trouble()
        if error:
            self._told = rounds
            logger().warning("reminders cannot leave", error=error)

    def _trouble(self) -> str:
        try:
            link(self._parts.settings, "s")
        except ConfigurationError as error:
            return type(error).__name__
        with Transport(self._parts.settings) as transport:
            return transport.reach().error


class Mailroom(threading.Thread):
    """The thread of a worker that sends mails and reads delivery reports until it is stopped."""

    def __init__(self, parts: Services, name: str, *, pause: float = 1.0) -> None:
        super().__init__(name="mail", daemon=True)
        self._parts = parts
        self._holder = name
        self._pause = pause
        self._gap = 60 / parts.settings.mail_per_minute
        self._rounds = Rounds(parts) if configured(parts.settings) else None
        self._ending = threading.Event()

    def stop(self, timeout: float) -> None:
        """Let the mail that is being sent be finished, and take no other."""
        self._ending.set()
        if self.is_alive():
            self.join(timeout)

    def run(self) -> None:
        """Work until :meth:`stop`. A mail server that is down is tried again ever more seldom."""
        sender = Sender(self._parts) if configured(self._parts.settings) else None
        pause, next_look = self._pause, 0.0
        while not self._ending.is_set():
            if time.monotonic() >= next_look:
                next_look = time.monotonic() + LOOK_EVERY
                self._carefully(self._look_around)  # a mailbox that is away holds no mail up
            trouble = sender is not None and not self._carefully(self._send, sender, next_look)
            pause = min(2 * pause, LONGEST_PAUSE) if trouble else self._pause
            self._ending.wait(pause)
        if sender is not None:
            sender.close()

    @staticmethod
    def _carefully(step: Callable[..., bool], *arguments: Any) -> bool:
        """What the step says; False when it failed. A thread that ended silently would be worse."""
        try:
            return step(*arguments)
        except Exception as error:
            logger().error("mail room", step=step.__name__, error=type(error).__name__)
            return False

    def _send(self, sender: Sender, until: float) -> bool:
        """Send what is due, at most until the next look; False when the mail server is down."""
        while not self._ending.is_set() and time.monotonic() < until:
            outcome = sender.step()
            if outcome is None:
                return True
            if outcome.what == "early":
                self._ending.wait(self._gap)
            elif outcome.down:
                return False
        return True

    def _look_around(self) -> bool:
        sweep(self._parts)
        if self._rounds is not None:
            self._rounds.look()
        if not bounces.configured(self._parts.settings):
            return True
        with self._parts.db.transaction() as session:
            is_holder = leases.hold(
                session, "bounces", self._holder, timedelta(seconds=3 * LOOK_EVERY)
            )
        if is_holder:
            bounces.read(self._parts)
        return True
