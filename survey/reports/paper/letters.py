"""Letters, sheets of slips and posters: facts and codes → HTML → PDF/UA-1.

Pure: nothing is read, kept or handed out here. A poster takes no code, so it can show none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.resources import files
from urllib.parse import urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined

from survey.core.local_time import format_local
from survey.reports.common.pdf import PdfMaker
from survey.reports.common.words import Words
from survey.reports.paper import qr_code
from survey.reports.svg.font_metrics import printable, width, wrap

__all__ = ["PER_SHEET", "Facts", "LetterMaker", "Ticket", "html_of"]

PER_SHEET = 10
"""Slips on a page of A4: two columns, five rows."""

CONTACT_LIMIT = 200
_LONG = 60
_VERY_LONG = 120
_MM = 72 / 25.4
"""Points in a millimetre."""
_BESIDE = 55 * _MM
"""Points beside the picture of a slip; see letters.css."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What all letters of a unit have in common. ``base_url`` is the service's address;
    ``contact`` says whom to ask, '' for nobody; ``keys_digest`` '' in the ordinary mode."""

    organisation: str
    study: str
    unit: str
    k: int
    base_url: str
    opens: datetime | None = None
    closes: datetime | None = None
    contact: str = ""
    keys_digest: str = ""


@dataclass(frozen=True, slots=True)
class Ticket:
    """One code: ``link`` is the whole address in the QR code, ``short`` printed as XXXXX-XXXXX."""

    link: str
    short: str


class LetterMaker:
    """Makes the PDFs; build one per process (0.1 s), renders are serialised."""

    def __init__(self) -> None:
        style = files("survey.reports").joinpath("static", "letters.css").read_text("utf-8")
        self._maker = PdfMaker(style)

    def letters(self, facts: Facts, tickets: Sequence[Ticket], language: str) -> bytes:
        """Return a PDF with a letter on each page, in the order given.

        Raises ``NotFound`` for a language without texts, ``BrokenReport`` when it cannot be made.
        """
        return self._make("letters", facts, tickets, language)

    def slips(self, facts: Facts, tickets: Sequence[Ticket], language: str) -> bytes:
        """Return a PDF with ten slips on each page, to be cut apart; raises as ``letters``."""
        return self._make("slips", facts, tickets, language)

    def poster(self, facts: Facts, language: str) -> bytes:
        """Return a poster of one page; its QR code leads to where a code is typed."""
        return self._make("poster", facts, (), language)

    def _make(self, kind: str, facts: Facts, tickets: Sequence[Ticket], language: str) -> bytes:
        charts = {str(n): qr_code.svg(ticket.link) for n, ticket in enumerate(tickets)}
        if kind == "poster":
            charts = {"poster": qr_code.svg(typing_address(facts))}
        return self._maker.make(html_of(kind, facts, tickets, language), charts)


def typing_address(facts: Facts) -> str:
    """Return the address of the page where a code is typed."""
    return f"{facts.base_url}/kode"


def html_of(kind: str, facts: Facts, tickets: Sequence[Ticket], language: str) -> str:
    """Return the print document of ``letters``, ``slips`` or ``poster``; each QR code is
    ``<img src="chart:N">``, N counted from 0 in the order of ``tickets``."""
    words = Words(language, "letters")
    unit, study = printable(facts.unit), printable(facts.study)
    organisation = printable(facts.organisation)
    values = {"organisation": organisation, "unit": unit, "study": study}
    values |= {"k": str(facts.k), "others": str(facts.k - 1)}
    return (
        _environment()
        .get_template(f"{kind}.html")
        .render(
            w=lambda key: words(key, **values),
            lang=language,
            organisation=organisation,
            unit=unit,
            study=study,
            size=_size(max(len(unit), len(study))),
            title=words(f"{kind}_title", **values),
            address=_shown(typing_address(facts)),
            address_size=_fitting(_shown(typing_address(facts)), kind),
            slip_study=wrap(study, 10.5, _BESIDE, 600, lines=1),
            slip_unit=wrap(unit, 8.5, _BESIDE, 400, lines=2),
            when=_when(words, facts),
            contact=words("contact", contact=printable(facts.contact)) if facts.contact else "",
            asked=printable(facts.contact),
            digest=_in_groups(facts.keys_digest),
            tickets=list(enumerate(tickets)),
            per_sheet=PER_SHEET,
        )
    )


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("survey.reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _when(words: Words, facts: Facts) -> str:
    """One sentence with the days; '' when none is set."""
    opens = format_local(facts.opens, words.language) if facts.opens else ""
    closes = format_local(facts.closes, words.language) if facts.closes else ""
    if opens and closes:
        return words("from_to", opens=opens, closes=closes)
    if closes:
        return words("closes", moment=closes)
    return words("opens", moment=opens) if opens else ""


def _shown(address: str) -> str:
    """An address as people type it: without the scheme."""
    parts = urlsplit(address)
    return f"{parts.netloc}{parts.path}"


def _fitting(address: str, kind: str) -> float:
    """The size in points at which an address stays on one line: it is typed from it."""
    room, most, least = {
        "letters": (120 * _MM, 14.0, 8.0),
        "slips": (_BESIDE, 9.5, 6.0),
        "poster": (72 * _MM, 16.0, 9.0),
    }[kind]
    return round(max(min(most, room / (1.02 * width(address, 1, 600))), least), 2)


def _in_groups(digest: str) -> str:
    """A digest in groups of eight, so that two can be compared by eye."""
    return " ".join(digest[at : at + 8] for at in range(0, len(digest), 8))


def _size(length: int) -> str:
    """The style for names of this length: every letter has to stay on its page."""
    if length > _VERY_LONG:
        return "very-long"
    return "long" if length > _LONG else ""
