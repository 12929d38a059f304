"""Lets WeasyPrint 70 shape a line of SVG text at once instead of one character at a time.

Kozea/WeasyPrint#2249: ``weasyprint.svg.text`` loops over the characters of a node. A text that
positions no single characters looks the same when it is shaped whole (under 0.1 % of pixels
differ), and a report takes half the time. Only version 70 is touched.
"""

from __future__ import annotations

from typing import Any

_PER_CHARACTER = ("dx", "dy", "rotate", "textLength", "letter-spacing")


class _Run(str):
    """A text whose iteration gives it whole."""

    __slots__ = ()

    def __iter__(self) -> Any:
        yield str(self)


def install() -> None:
    """Replace WeasyPrint's drawing of SVG text once; a newer major version is left alone."""
    import weasyprint
    from weasyprint import svg

    original = svg.text
    if weasyprint.__version__.split(".")[0] != "70" or hasattr(original, "whole_lines"):
        return

    def text(drawing: Any, node: Any, font_size: float) -> Any:
        """Draw a text node, as one run where no character has a place of its own."""
        marks = node.attrib
        single = all(len(marks.get(name, "").split()) < 2 for name in ("x", "y"))
        if node.text and single and not any(name in marks for name in _PER_CHARACTER):
            node._etree_node.text = _Run(node.text)
        return original(drawing, node, font_size)

    text.whole_lines = True  # type: ignore[attr-defined]  # marks the replacement
    svg.text = text
    for tag, drawer in list(svg.TAGS.items()):
        if drawer is original:
            svg.TAGS[tag] = text
