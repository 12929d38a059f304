"""Names of people's own as parts of codes and file names: a-z, digits and hyphens only."""

from __future__ import annotations

import re
import unicodedata

_LETTERS = str.maketrans(
    {
        "æ": "ae", "Æ": "Ae", "ø": "o", "Ø": "O", "å": "a", "Å": "A", "ß": "ss",
        "đ": "d", "Đ": "D", "ŋ": "n", "Ŋ": "N", "ŧ": "t", "Ŧ": "T", "ð": "d", "þ": "th",
    }
)  # fmt: skip
"""What Unicode does not take apart; Sámi letters with the Norwegian ones."""


def slug(text: str, longest: int = 60) -> str:
    """``text`` in letters that every system can hold in a name; '' when nothing is left of it.

    >>> slug("Åsly & Sørøya barnehage")
    'Asly-Soroya-barnehage'
    """
    plain = unicodedata.normalize("NFKD", text.translate(_LETTERS))
    ascii_only = plain.encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z0-9]+", "-", ascii_only).strip("-")[:longest].strip("-")
