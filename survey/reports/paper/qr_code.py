"""A QR code as an SVG drawing: from an address to modules, and from modules to a picture."""

from __future__ import annotations

from itertools import groupby

QUIET = 4
"""Modules of white around the symbol, as ISO/IEC 18004 asks for."""

_OVERLAP = 1.03
"""Height of a row in modules: rows that only touch show hairlines on screens."""


def modules(address: str) -> tuple[tuple[bool, ...], ...]:
    """Return the symbol of ``address``, row by row, True where dark; error level M (15 %)."""
    import segno

    code = segno.make_qr(address, error="m", boost_error=False)
    return tuple(tuple(bool(dark) for dark in row) for row in code.matrix)


def svg(address: str) -> bytes:
    """Return the drawing: one unit per module, the quiet zone included, nothing but one path.

    Runs of dark modules are lines, not boxes: WeasyPrint reads them twice as fast.
    """
    rows = modules(address)
    size = len(rows) + 2 * QUIET
    path: list[str] = []
    for y, row in enumerate(rows):
        x = 0
        for dark, run in groupby(row):
            length = len(tuple(run))
            if dark:
                path.append(f"M{x + QUIET} {y + QUIET}.5h{length}")
            x += length
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}" '
        f'width="{size}" height="{size}"><path fill="none" stroke="#000" '
        f'stroke-width="{_OVERLAP}" d="{"".join(path)}"/></svg>'
    ).encode()


def share_of_symbol(address: str) -> float:
    """Return how much of the drawing's width the symbol itself has, without the quiet zone."""
    size = len(modules(address))
    return size / (size + 2 * QUIET)
