"""The frame around every mail: the same content as plain text and as HTML, nothing loaded from
anywhere, nothing that tells whether it was read.
"""

from __future__ import annotations

import html
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from survey.core.texts import Texts
from survey.mail import words

_WIDTH = 72
_BODY = (
    "margin:0;padding:24px 12px;background:#f3f4f6;color:#1e2b3c;"
    "font-family:'Segoe UI',Helvetica,Arial,sans-serif;font-size:17px;line-height:1.55"
)
_SHEET = (
    "max-width:560px;margin:0 auto;padding:28px 28px 20px;background:#ffffff;"
    "border:1px solid #d2d6db;border-radius:8px;overflow-wrap:anywhere"
)
_BUTTON = (
    "display:inline-block;padding:14px 26px;background:#0b4f9e;color:#ffffff;"
    "border-radius:6px;font-weight:600;text-decoration:none"
)
_SHORT = 24
"""Characters that fit on a line of any phone: a code is not broken at its hyphen."""
_SMALL = "font-size:14px;line-height:1.5;color:#4a5666"


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Running text. Blank lines make no difference."""

    text: str


@dataclass(frozen=True, slots=True)
class Button:
    """The one thing to do: a link, which is also written out for who cannot click."""

    label: str
    url: str


@dataclass(frozen=True, slots=True)
class Fact:
    """Something to copy or to type, with a name: a short code, a digest."""

    label: str
    value: str


Block = Paragraph | Button | Fact


def render(
    language: str, subject: str, blocks: Sequence[Block], *, sender: str, footer: str = ""
) -> tuple[str, str]:
    """(plain text, HTML) of a mail in nb, nn or en.

    ``sender`` is the name of the organisation that writes. ``footer`` stands small at the end,
    after a sentence that says that the mail was sent by a program.
    """
    say = words.of(language)
    closing = " ".join(part for part in (footer, say("frame.automatic", sender=sender)) if part)
    return _text(blocks, say, sender, closing), _html(
        language, subject, blocks, say, sender, closing
    )


def _text(blocks: Sequence[Block], say: Texts, sender: str, closing: str) -> str:
    parts = []
    for block in blocks:
        match block:
            case Paragraph(text):
                parts.append(_wrapped(text))
            case Button(label, url):
                parts.append(f"{label}:\n{url}")
            case Fact(label, value):
                parts.append(f"{label}: {value}")
    parts.append(f"{say('frame.regards')}\n{sender}")
    return "\n\n".join([*parts, "-- \n" + _wrapped(closing)]) + "\n"


def _wrapped(text: str) -> str:
    return textwrap.fill(
        " ".join(text.split()), _WIDTH, break_long_words=False, break_on_hyphens=False
    )


def _html(
    language: str,
    subject: str,
    blocks: Sequence[Block],
    say: Texts,
    sender: str,
    closing: str,
) -> str:
    body = "\n".join(_block(block, say) for block in blocks)
    regards = f"{html.escape(say('frame.regards'))}<br>{html.escape(sender)}"
    return f"""<!DOCTYPE html>
<html lang="{html.escape(language)}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{html.escape(subject)}</title>
</head>
<body style="{_BODY}">
<div role="article" lang="{html.escape(language)}" style="{_SHEET}">
<h1 style="margin:0 0 18px;font-size:23px;line-height:1.3">{html.escape(subject)}</h1>
{body}
<p style="margin:24px 0 0">{regards}</p>
<p style="margin:24px 0 0;padding-top:14px;border-top:1px solid #d2d6db;{_SMALL}">{
        html.escape(closing)
    }</p>
</div>
</body>
</html>
"""


def _block(block: Block, say: Texts) -> str:
    match block:
        case Paragraph(text):
            return f'<p style="margin:0 0 16px">{html.escape(" ".join(text.split()))}</p>'
        case Button(label, url):
            address = html.escape(url)
            return (
                f'<p style="margin:24px 0 12px"><a href="{address}" style="{_BUTTON}">'
                f"{html.escape(label)}</a></p>\n"
                f'<p style="margin:0 0 20px;{_SMALL}">{html.escape(say("frame.or_copy"))}<br>'
                f"{address}</p>"
            )
        case Fact(label, value):
            wrap_style = "white-space:nowrap;" if len(value) <= _SHORT else ""
            return (
                f'<p style="margin:0 0 16px">{html.escape(label)}: '
                f'<strong style="{wrap_style}font-family:Consolas,Menlo,monospace">'
                f"{html.escape(value)}</strong></p>"
            )
