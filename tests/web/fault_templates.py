"""Every message template of the source: what is given to ``Fault`` and to the domain errors.

F-strings become templates with named places; a variable stands for whatever it was assigned in its
function; a function that hands its own parameters on to one of these is followed to its callers.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import survey

PACKAGE = Path(survey.__path__[0])
ERRORS = {
    node.name
    for node in ast.parse((PACKAGE / "core" / "errors.py").read_text("utf-8")).body
    if isinstance(node, ast.ClassDef) and node.name != "Fault"
}
SEEDS: dict[str, list[str]] = {"Fault": ["where", "what", "fix"], "fault": ["where", "what", "fix"]}
SEEDS |= {name: ["message"] for name in ERRORS}


def normal(template: str) -> str:
    """A template whatever its places are called."""
    return re.sub(r"\{\w+\}", "{}", template)


def templates(path: Path) -> dict[str, int]:
    """Every template of a module → a line where it stands."""
    return dict(_Module(ast.parse(path.read_text("utf-8"))).found())


class _Module:
    def __init__(self, tree: ast.Module) -> None:
        self.calls: list[tuple[ast.Call, list[ast.AST]]] = []
        self.functions: dict[str, ast.FunctionDef] = {}
        self.tree = tree
        self._walk(tree, [])
        # Collector → the names of its parameters in order, and those that carry messages.
        self.collects = {name: (given, set(given)) for name, given in SEEDS.items()}
        for node in ast.walk(tree):  # subclasses of errors in the module itself
            if isinstance(node, ast.ClassDef) and any(
                isinstance(base, ast.Name) and base.id in ERRORS for base in node.bases
            ):
                self.collects.setdefault(node.name, (["message"], {"message"}))
        while self._learn():
            pass

    def _walk(self, node: ast.AST, above: list[ast.AST]) -> None:
        if isinstance(node, ast.FunctionDef):
            self.functions[node.name] = node
            above = [*above, node]
        if isinstance(node, ast.Call):
            self.calls.append((node, above))
        for child in ast.iter_child_nodes(node):
            self._walk(child, above)

    def _learn(self) -> bool:
        before = sum(len(carried) for _, carried in self.collects.values())
        for call, above in self.calls:
            for argument in self._carried(call):
                for function in above:
                    assert isinstance(function, ast.FunctionDef)
                    names = [each.arg for each in function.args.args]
                    names += [each.arg for each in function.args.kwonlyargs]
                    names = [name for name in names if name not in ("self", "cls")]
                    for node in ast.walk(argument):
                        if isinstance(node, ast.Name) and node.id in names:
                            if function.name not in self.collects:
                                self.collects[function.name] = (names, set())
                            if isinstance(argument, ast.Name):
                                self.collects[function.name][1].add(node.id)
        return before != sum(len(carried) for _, carried in self.collects.values())

    def _carried(self, call: ast.Call) -> Iterator[ast.expr]:
        """The arguments of a call that are messages."""
        name = getattr(call.func, "id", getattr(call.func, "attr", ""))
        names, carried = self.collects.get(name, ([], set()))
        for name, argument in zip(names, call.args, strict=False):
            if name in carried:
                yield argument
        for keyword in call.keywords:
            if keyword.arg in carried:
                yield keyword.value

    def found(self) -> Iterator[tuple[str, int]]:
        for call, above in self.calls:
            for argument in self._carried(call):
                for template in self._read(argument, above):
                    if re.search(r"[^\W\d_]", re.sub(r"\{\w+\}", "", template)):
                        yield template, call.lineno

    def _read(self, node: ast.expr, above: list[ast.AST]) -> list[str]:
        """Templates that an expression may give; [] for what only running it tells."""
        if isinstance(node, ast.Constant):
            return [node.value] if isinstance(node.value, str) else []
        if isinstance(node, ast.JoinedStr):
            return [_joined(node)]
        if isinstance(node, ast.IfExp):
            return self._read(node.body, above) + self._read(node.orelse, above)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            left = self._read(node.left, above) or ["{" + _name(node.left) + "}"]
            right = self._read(node.right, above) or ["{" + _name(node.right) + "}"]
            return [a + b for a, b in product(left, right)]
        if isinstance(node, ast.Name):
            return [
                template
                for function in above
                for each in ast.walk(function)
                if isinstance(each, ast.Assign)
                and any(isinstance(t, ast.Name) and t.id == node.id for t in each.targets)
                and each.value is not node
                for template in self._read(each.value, [])
            ]
        return []


def _joined(node: ast.JoinedStr) -> str:
    parts: list[str] = []
    taken: dict[str, int] = defaultdict(int)
    for part in node.values:
        if isinstance(part, ast.Constant):
            parts.append(str(part.value))
        elif isinstance(part, ast.FormattedValue):
            name = _name(part.value)
            taken[name] += 1
            parts.append("{" + (name if taken[name] == 1 else f"{name}{taken[name]}") + "}")
    return "".join(parts)


def _name(node: ast.AST) -> str:
    """What a value is called: the last name in it."""
    if isinstance(node, ast.Attribute):
        return node.attr.lower()
    if isinstance(node, ast.Name):
        return node.id.lower().strip("_")
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "len":
        return "count"
    names = [each for each in ast.walk(node) if isinstance(each, ast.Name | ast.Attribute)]
    return _name(names[-1]) if names else "value"
