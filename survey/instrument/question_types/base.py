"""What the service has to know of a type of question, from the questionnaire's file to a release.

A new type is a module beside this one and a place in ``registry.TYPES``. How many modules know its
name: these two, and the page's part ``survey/web/templates/answer/questions/<name>.html``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from survey.core.errors import Message
from survey.instrument.answer_faults import AnswerFault
from survey.instrument.parts import Question

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Note = Callable[[tuple[str | int, ...], Message | str, Message | str], None]
"""Notes a fault of the file: where below the question, what is wrong, what to do."""

Shares = Literal["one", "each"]
"""How a release shows a question's options: shares that make up a whole, or one of each alone."""

Texts = Literal["comment", "word"]
"""How moderators get what people wrote: text by text, or counted by word."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where an imported answer comes from, and how its cells read (``answering.mapping``).

    ``columns`` has one name, or one per option (``options`` in the same order) or text.
    """

    columns: tuple[str, ...]
    options: tuple[str, ...] = ()
    recode: Mapping[str, str] = field(default_factory=dict)
    missing: frozenset[str] = frozenset({""})
    not_applicable: frozenset[str] = frozenset()
    ticked: frozenset[str] = frozenset()
    separator: str = ""


@dataclass(frozen=True, slots=True)
class Tally:
    """Answers that are counted together.

    ``places`` (persons,) holds the place of each person's answer among the ``size`` categories;
    who is at none of them is not counted. ``option`` is the option that the categories are about
    (not chosen, chosen), or None where the categories are the question's options. The shares of
    ``favourable`` categories are shown to small groups too.
    """

    option: str | None
    places: NDArray[np.int16]
    size: int
    favourable: tuple[int, ...] = ()


class QuestionType(ABC):
    """One type of question. It has no state: everything about one question stands in its file.

    An answer is plain JSON. None, '' and [] mean unanswered and are handed to no method.
    """

    name: ClassVar[str]
    """As files, API and stored questionnaires have it: never changed."""

    settings: ClassVar[tuple[str, ...]] = ()
    """Keys of the file that only questions of this type may have."""

    exclusive_options: ClassVar[bool] = False
    """Whether an option may rule out all others."""

    may_ask_role: ClassVar[bool] = False
    """Whether the question may be the one that asks for the respondent's role."""

    shares: ClassVar[Shares | None] = None
    """How a release shows it; None when it does not."""

    texts_as: ClassVar[Texts] = "comment"
    """How moderators get its texts."""

    columns: ClassVar[Literal["one", "options", "texts"]] = "one"
    """What an import's map may spread over several columns: options, texts, or nothing."""

    # -- check

    @abstractmethod
    def check(self, written: Mapping[str, Any], note: Note) -> None:
        """Note what is wrong with a question of the file, beyond what all questions must have."""

    @abstractmethod
    def faults(self, question: Question, where: str, answer: object) -> list[AnswerFault]:
        """Return what is wrong with any JSON as an answer; ``where`` is its path."""

    # -- encode

    def alphabets(self, question: Question) -> Sequence[str]:
        """Return, for each character that the question has in the sheet, all it can be."""
        return ()

    def encode(self, question: Question, answer: Any) -> str:
        """Return the characters of an answer; ValueError on one that ``faults`` would refuse."""
        return ""

    def decode(self, question: Question, characters: str) -> Any:
        """Return the answer in the characters, None when unanswered.

        Every character is of its alphabet. Raises ValueError when they do not go together.
        """
        return None

    def text_sizes(self, question: Question) -> Sequence[int]:
        """Return how many characters each text may have that is stored apart from the sheet."""
        return ()

    def texts(self, question: Question, answer: Any) -> list[str]:
        """Return the texts of a valid answer that are stored apart, stripped, none of them ''."""
        return []

    # -- count

    def tallies(self, question: Question, codes: NDArray[np.uint8]) -> Iterable[Tally]:
        """Return what a release counts: one tally (``one``) or one for each option (``each``).

        ``codes`` (persons, characters) holds the sheets' characters less 48, 0 being unanswered.
        """
        return ()

    # -- show

    @abstractmethod
    def describe(self, question: Question, language: str) -> dict[str, Any]:
        """Return what page and API need beside id, text and required, as plain JSON."""

    # -- import

    def read_cells(self, source: Source, cells: Sequence[str]) -> Any:
        """Return the answer in the cells of a row, one per column of ``source``."""
        (cell,) = cells
        return None if cell in source.missing else source.recode.get(cell, cell)
