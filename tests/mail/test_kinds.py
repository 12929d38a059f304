"""Every kind of mail that anything queues can be made, and says what it is about."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import survey
from survey.invitations import addresses
from survey.jobs import outbox
from survey.mail.kinds import KINDS


def queued() -> Iterator[str]:
    """The kinds that any call of ``outbox.put`` in the package names."""
    for file in Path(survey.__path__[0]).rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "outbox.put":
                kind = node.args[2]
                assert isinstance(kind, ast.Constant), f"{file.name}: {ast.unparse(kind)}"
                yield str(kind.value)


def test_every_kind_of_mail_that_is_queued_can_be_made() -> None:
    kinds = {*queued(), *addresses.KINDS, *outbox.URGENT, *outbox.UNTOLD}
    assert kinds == set(KINDS)
