"""Find instruments: those shipped with the package, and those of an operator's own folder."""

from __future__ import annotations

from functools import lru_cache
from importlib import resources
from pathlib import Path

from survey.core.errors import Conflict, NotFound, say
from survey.instrument.check import load
from survey.instrument.model import Instrument


class Library:
    """Every instrument there is: ``<id>/<version>.yaml`` in the package and in ``extra``.

    An operator's folder adds lines and versions. It cannot replace what is shipped: a version
    that both have with different content raises Conflict.
    """

    def __init__(self, extra: Path | None = None) -> None:
        self.extra = extra

    def get(self, instrument_id: str, version: int | None = None) -> Instrument:
        """Return one version, the newest when none is named.

        Raises NotFound, InvalidInput with every fault when the file is not good, Conflict.
        """
        paths = self._files().get(instrument_id, {})
        wanted = version if version is not None else max(paths, default=None)
        if wanted is None or wanted not in paths:
            which = instrument_id if version is None else f"{instrument_id} version {version}"
            raise NotFound(say("no_instrument", which=which))
        instruments = [_load(path, path.stat().st_mtime_ns) for path in paths[wanted]]
        if len({instrument.digest for instrument in instruments}) > 1:
            files = " and ".join(str(path) for path in paths[wanted])
            raise Conflict(say("differ_give_changed_one_new_version", files=files))
        return instruments[0]

    def versions(self, instrument_id: str) -> list[int]:
        """Return the versions of a line in ascending order, [] when there is no such line."""
        return sorted(self._files().get(instrument_id, {}))

    def lines(self) -> list[str]:
        """Return the ids of all lines, sorted."""
        return sorted(self._files())

    def all(self) -> list[Instrument]:
        """Return every version of every line, by id and then version."""
        return [self.get(line, version) for line in self.lines() for version in self.versions(line)]

    def _files(self) -> dict[str, dict[int, list[Path]]]:
        """Line → version → its files, the shipped one first."""
        lines: dict[str, dict[int, list[Path]]] = {}
        for root in [shipped(), *([self.extra] if self.extra else [])]:
            for path in sorted(root.glob("*/*.yaml")):
                if path.stem.isdecimal():
                    versions = lines.setdefault(path.parent.name, {})
                    versions.setdefault(int(path.stem), []).append(path)
        return lines


def shipped() -> Path:
    """Return the folder of the instruments that come with the package."""
    return Path(str(resources.files("survey.shipped")))


@lru_cache(maxsize=64)
def _load(path: Path, changed: int) -> Instrument:
    """Load a file once; ``changed`` (its time of change) lets an edited draft be read anew."""
    return load(path)
