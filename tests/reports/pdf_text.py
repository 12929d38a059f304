"""The words of a PDF as a reader's machine finds them: glyphs through the fonts' own tables."""

from __future__ import annotations

import io
import re

import pikepdf

_PAIR = re.compile(rb"<([0-9A-Fa-f]+)>\s*<([0-9A-Fa-f]+)>")


def text_of(pdf: bytes, pages: int = 99) -> str:
    """All text of the first pages, white space folded."""
    found = []
    document = pikepdf.open(io.BytesIO(pdf))
    for page in document.pages[:pages]:
        fonts = {name: _table(font) for name, font in page.Resources.Font.items()}
        table: dict[int, str] = {}
        for each in pikepdf.parse_content_stream(page):
            operands, operator = list(each.operands), str(each.operator)
            if operator == "Tf":
                table = fonts[str(operands[0])]
            elif operator in ("Tj", "TJ"):
                parts = operands[0] if operator == "TJ" else [operands[0]]
                for part in parts:
                    if isinstance(part, pikepdf.String):
                        found.append(_read(bytes(part), table))
            elif operator == "ET":
                found.append(" ")
    return re.sub(r"\s+", " ", "".join(found))


def _table(font: pikepdf.Object) -> dict[int, str]:
    raw = bytes(font.ToUnicode.read_bytes())
    return {
        int(code, 16): bytes.fromhex(text.decode()).decode("utf-16-be")
        for code, text in _PAIR.findall(raw)
    }


def _read(raw: bytes, table: dict[int, str]) -> str:
    codes = [int.from_bytes(raw[at : at + 2], "big") for at in range(0, len(raw), 2)]
    return "".join(table.get(code, "") for code in codes)
