"""Designsystemet as this service uses it: its tokens in light colours and the parts we have.

Our pages say ``button``, ``notice``, ``card``: names that hold with and without Designsystemet.
Here Designsystemet's rules are made to obey those names beside its own (``ds-button`` …), so that
no page has to say both. Everything stays in the layer ``ds``, above base.css's ``fallback`` and
below whatever a page itself demands.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import tinycss2
from tinycss2.ast import AtRule, Node, QualifiedRule

PARTS = ("button", "alert", "tag", "card", "details", "error-summary", "input")
DROPPED = re.compile(r"brand[12]|color-scheme[.=]dark|prefers-color-scheme|data-color-scheme=auto")

INPUTS = (
    "input:where([type=text],[type=email],[type=password],[type=number],[type=date],[type=tel],"
    "[type=search],[type=url],[type=datetime-local])"
)
ALIASES: tuple[tuple[str, str], ...] = (
    (".ds-button[data-variant=secondary]", ".button.button--secondary"),
    (".ds-button[data-variant=tertiary]", ".button.button--quiet"),
    (".ds-button", ".button"),
    (".ds-alert[data-color=warning]", ".notice.notice--warning"),
    (".ds-alert[data-color=success]", ".notice.notice--success"),
    (".ds-alert[data-color=danger]", ".notice.notice--danger"),
    (".ds-alert[data-color]", ".notice:is(.notice--warning,.notice--success,.notice--danger)"),
    (".ds-alert", ".notice"),
    (".ds-tag", ".tag"),
    (".ds-card", ".card"),
    (".ds-details", "details"),
    (".ds-error-summary", ".error-summary"),
    (".ds-input", f"{INPUTS},select,textarea,.checkbox input,.radio input"),
    ("[data-color=warning]", ".notice--warning"),
    ("[data-color=success]", ".notice--success,.tag--open"),
    ("[data-color=danger]", ".notice--danger,.button--danger,.error-summary"),
    ("[data-color=neutral]", ".tag"),
    ("[data-color=info]", ".tag--released"),
)
_FIND = re.compile("|".join(re.escape(name) + r"(?![\w-])" for name, _ in ALIASES))


def stylesheet(dist: Path) -> str:
    """The sheet, from the folder ``dist`` of @digdir/designsystemet-css."""
    tokens = (dist / "theme" / "designsystemet.css").read_text("utf-8")
    base = (dist / "src" / "base.css").read_text("utf-8")
    parts = "".join((dist / "src" / f"{name}.css").read_text("utf-8") for name in PARTS)
    return "\n".join(
        (
            "/* Designsystemet, MIT: LICENSE-designsystemet.txt. Built by tools/frontend. */",
            "@layer fallback, ds.theme, ds.base, ds.components;",
            _written(tokens),
            f"@layer ds.base{{{_written(base)}}}",
            f"@layer ds.components{{{_written(parts)}}}",
            "",
        )
    )


def _written(css: str) -> str:
    rules = tinycss2.parse_stylesheet(css, skip_comments=True, skip_whitespace=True)
    return "".join(_rules(rules))


def _rules(rules: Iterable[Node]) -> Iterator[str]:
    for rule in rules:
        if isinstance(rule, QualifiedRule):
            prelude = tinycss2.serialize(rule.prelude)
            if not DROPPED.search(prelude):
                yield f"{named(prelude)}{{{_declarations(tinycss2.serialize(rule.content))}}}"
        elif isinstance(rule, AtRule):
            yield _at_rule(rule)


def _at_rule(rule: AtRule) -> str:
    prelude = tinycss2.serialize(rule.prelude)
    if DROPPED.search(prelude) or rule.at_keyword == "charset":
        return ""
    head = f"@{rule.at_keyword}{prelude}"
    if rule.content is None:
        return f"{head};"
    if rule.at_keyword in ("media", "supports", "layer"):
        inner = tinycss2.parse_rule_list(rule.content, skip_comments=True, skip_whitespace=True)
        return f"{head}{{{''.join(_rules(inner))}}}"
    return f"{head}{{{tinycss2.serialize(rule.content)}}}"


def named(selector: str) -> str:
    """The selector with our own names beside Designsystemet's."""
    known = dict(ALIASES)
    return _FIND.sub(lambda found: f":is({found[0]},{known[found[0]]})", selector)


def _declarations(text: str) -> str:
    """Without the colours that nothing uses."""
    return re.sub(r"--ds-color-brand[12]-[\w-]+:[^;}]*;?", "", text)
