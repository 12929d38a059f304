"""Hands codes out on paper: draws what has not left, prints it, marks it, and lets it go.

Nothing is kept: a PDF is in memory from when its codes are marked until it is delivered, a part
of a unit at a time, so that 20 000 letters need no more memory than a hundred.
"""

from __future__ import annotations

import atexit
import io
import threading
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain

from sqlalchemy.orm import Session

from survey.core.errors import Conflict, Fault, InvalidInput, NotFound, SurveyError, say
from survey.core.languages import LANGUAGES
from survey.core.services import Services
from survey.invitations import code_delivery
from survey.invitations.code_delivery import WAYS, Drawn, Taken
from survey.organisation.models import Organisation
from survey.reports.paper.letters import CONTACT_LIMIT, Facts, LetterMaker, Ticket
from survey.reports.unit.bulk import file_name
from survey.study.freezing import wave_units
from survey.study.models import Wave
from survey.study.waves import study_of

PART = 100
"""Codes in one PDF: a few seconds of drawing, and about 50 MB."""

NOT_MADE = "IKKE-FERDIG.txt"
_TRIES = 3

FindWave = Callable[[Session], Wave]
Deliver = Callable[[str, bytes], None]

_lock = threading.Lock()
_maker: list[LetterMaker] = []
atexit.register(_maker.clear)  # WeasyPrint's fonts must go before the interpreter does


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be printed: ``letters`` or ``slips``, of these units (None: of all), in this
    language; ``contact`` says whom to ask."""

    way: str
    language: str
    unit: str | None = None
    contact: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """A PDF whose codes have been marked as handed out."""

    name: str
    unit_code: str
    count: int
    pdf: bytes


def expected(session: Session, wave: Wave, order: Order) -> dict[str, int]:
    """Unit code → codes that the order would hand out.

    Raises InvalidInput with every fault of the order, NotFound for a strange unit, Conflict when
    nothing may or can leave.
    """
    check(session, wave, order.language, order.contact, order.way)
    code_delivery.require_leaving(session, wave)
    if order.unit is not None:
        _name_of(session, wave, order.unit)
    waiting = code_delivery.waiting(session, wave)
    wanted = {u: n for u, n in waiting.items() if order.unit in (None, u)}
    if not wanted:
        raise Conflict("no_codes_left_to_hand_out")
    return wanted


def parts_of(counts: dict[str, int]) -> int:
    """Return how many PDFs these counts make."""
    return sum(-(-count // PART) for count in counts.values())


def hand_out(
    services: Services, find_wave: FindWave, order: Order, deliver: Deliver, *, actor: str
) -> Iterator[Part]:
    """Print what has not left, part by part, each unit's in random order.

    ``deliver(name, pdf)`` is called in the transaction that marks the codes: when it fails they
    have not left. Raises as ``expected``, KeyLost, and ``BrokenReport`` when a PDF fails.
    """
    with services.db.reading() as session:
        counts = expected(session, find_wave(session), order)
    for unit_code in counts:
        number, tries = 0, 0
        while True:
            with services.db.reading() as session:
                wave = find_wave(session)
                drawn = code_delivery.draw(session, services.keys, wave, unit_code, PART)
                facts = _facts(session, services, wave, drawn.unit_name, order.contact)
            if not drawn.codes:
                break
            pdf = _print(order, facts, drawn)
            name = _named(unit_code, order, number)
            try:
                with services.db.transaction() as session:
                    ids = [invitation_id for invitation_id, _ in drawn.codes]
                    code_delivery.mark(
                        session, find_wave(session), unit_code, ids, order.way, actor=actor
                    )
                    deliver(name, pdf)
            except Taken:
                # Somebody took some of these meanwhile: what is left is drawn again.
                tries += 1
                if tries >= _TRIES:
                    raise
                continue
            number += 1
            yield Part(name, unit_code, len(drawn.codes), pdf)


def poster(
    services: Services, find_wave: FindWave, language: str, unit: str | None, contact: str = ""
) -> bytes:
    """Return a poster for a unit, or for the whole organisation; it holds no code.

    Raises InvalidInput with every fault, NotFound for a strange unit.
    """
    with services.db.reading() as session:
        wave = find_wave(session)
        check(session, wave, language, contact)
        organisation = session.get_one(Organisation, wave.organisation_id).name
        name = organisation if unit is None else _name_of(session, wave, unit)
        facts = _facts(session, services, wave, name, contact)
    return maker().poster(facts, language)


def zipped(first: Part, parts: Iterator[Part], counts: dict[str, int]) -> Iterator[bytes]:
    """Yield a ZIP file of the parts while they are made; ``first`` has been made already.

    When one fails the file ends well all the same, with a note that names the units whose codes
    have not left.
    """
    pipe = _Pipe()
    outstanding = dict(counts)
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_STORED) as archive:
        try:
            for part in chain((first,), parts):
                archive.writestr(part.name, part.pdf)
                outstanding[part.unit_code] -= part.count
                yield pipe.taken()
        except SurveyError as error:
            missing = [f"{unit}: {count}" for unit, count in outstanding.items() if count > 0]
            note = "\n".join(
                [error.message.in_language("nb"), "", "Koder som ikke er delt ut:", *missing, ""]
            )
            archive.writestr(NOT_MADE, note)
    yield pipe.taken()


def maker() -> LetterMaker:
    """Return the process's maker of letters."""
    with _lock:
        if not _maker:
            _maker.append(LetterMaker())
    return _maker[0]


def check(session: Session, wave: Wave, language: str, contact: str, way: str = WAYS[0]) -> None:
    """Raise InvalidInput with every fault of what was asked for."""
    faults = []
    spoken = [code for code in study_of(session, wave).languages if code in LANGUAGES]
    if language not in spoken:
        fix = say("use_values", known=", ".join(spoken))
        faults.append(Fault("language", say("study_has_no", language=language), fix))
    if len(contact) > CONTACT_LIMIT:
        faults.append(Fault("contact", say("longer_than_characters", longest_reason=CONTACT_LIMIT)))
    if way not in WAYS:
        faults.append(
            Fault("way", say("unknown_column", title=way), say("use_values", known=", ".join(WAYS)))
        )
    if faults:
        raise InvalidInput("letters_cannot_be_printed", faults)


def _facts(session: Session, services: Services, wave: Wave, unit: str, contact: str) -> Facts:
    study = study_of(session, wave)
    return Facts(
        organisation=session.get_one(Organisation, wave.organisation_id).name,
        study=study.name,
        unit=unit,
        k=study.k,
        base_url=services.settings.base_url,
        opens=wave.opens_at,
        closes=wave.closes_at,
        contact=" ".join(contact.split()),
        keys_digest=wave.keys_digest or "",
    )


def _print(order: Order, facts: Facts, drawn: Drawn) -> bytes:
    tickets = [Ticket(f"{facts.base_url}/s/{code.link}", code.short) for _, code in drawn.codes]
    printer = maker()
    draw = printer.letters if order.way == "letters" else printer.slips
    return draw(facts, tickets, order.language)


def _named(unit_code: str, order: Order, number: int) -> str:
    """A name that says unit and kind; the second part of a unit is number 2."""
    tail = "" if number == 0 else f"-{number + 1}"
    kind = {"letters": "brev", "slips": "lapper"}[order.way]
    return file_name(unit_code, f"{kind}{tail}.{order.language}")


def _name_of(session: Session, wave: Wave, unit_code: str) -> str:
    for row in wave_units(session, wave):
        if row.code == unit_code:
            return row.name
    raise NotFound(say("unit_does_not_belong_to_this_wave", code=unit_code))


class _Pipe(io.RawIOBase):
    """What a ZIP file is written to and taken from again, piece by piece."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        piece = bytes(data)  # type: ignore[call-overload]
        self._pieces.append(piece)
        return len(piece)

    def taken(self) -> bytes:
        """Everything written since the last time."""
        content = b"".join(self._pieces)
        self._pieces.clear()
        return content
