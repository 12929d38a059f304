"""Find instruments: those shipped with the package, and those of an operator's own folder."""

from __future__ import annotations

from pathlib import Path

from survey.instrument.model import Instrument


class Library:
    """Every instrument there is: ``<id>/<version>.yaml`` in the package and in ``extra``."""

    def __init__(self, extra: Path | None = None) -> None:
        self.extra = extra

    def get(self, instrument_id: str, version: int | None = None) -> Instrument:
        """Return one version, the newest when none is named.

        Raises NotFound, and InvalidInput with every fault when the file is not good.
        """
        raise NotImplementedError

    def versions(self, instrument_id: str) -> list[int]:
        """Return the versions of a line in ascending order, [] when there is no such line."""
        raise NotImplementedError

    def lines(self) -> list[str]:
        """Return the ids of all lines, sorted."""
        raise NotImplementedError

    def all(self) -> list[Instrument]:
        """Return every version of every line, by id and then version."""
        raise NotImplementedError
