"""The engine: measured cells in, what may be printed out."""

from __future__ import annotations

from collections.abc import Sequence

from survey.disclosure.model import Measured, Node, Protected, Tabulation


def protect(
    measured: Measured,
    nodes: Sequence[Node],
    k: int = 5,
    earlier: Sequence[Tabulation] = (),
    *,
    secondary: bool = True,
) -> Protected:
    """Decide what of ``measured`` may be printed, given all that was printed before.

    ``nodes`` is the wave's tree (one root; ids equal ``measured.nodes``). Deterministic: the same
    input in any order of rows gives the same output. ``secondary=False`` exists for tests that
    prove what secondary suppression is good for; a release never uses it.
    Raises InvalidInput when tree and table do not belong together.
    """
    raise NotImplementedError
