"""Schemas of the release documents, made from their dataclasses so that the two cannot differ."""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from functools import cache
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import marshmallow as ma
from marshmallow import validate

from survey.api.base import Schema


class _Document(Schema):
    """A document that leaves its defaults out: what is missing is not a method of the dict."""

    def get_attribute(self, obj: Any, attr: str, default: Any) -> Any:
        """Look a field up by its key alone."""
        if isinstance(obj, Mapping):
            return obj.get(attr, default)
        return super().get_attribute(obj, attr, default)


@cache
def schema_of(document: type, *arguments: Any) -> type[ma.Schema]:
    """The schema that dumps a frozen dataclass of ``survey.release.document``.

    ``arguments`` are what its type parameters stand for. Optional values are nullable: null means
    *hidden*.
    """
    hints = get_type_hints(document)
    stands_for = dict(zip(getattr(document, "__parameters__", ()), arguments, strict=True))
    schema_fields: dict[str, ma.fields.Field[Any]] = {
        item.name: _field(_filled(hints[item.name], stands_for), required=_required(item))
        for item in fields(document)
    }
    return _Document.from_dict(schema_fields, name=f"{document.__name__}Schema")


def _filled(hint: Any, stands_for: Mapping[Any, Any]) -> Any:
    """A type hint with what its type parameters stand for."""
    if hint in stands_for:
        return stands_for[hint]
    parameters = () if isinstance(hint, type) else getattr(hint, "__parameters__", ())
    return hint[tuple(stands_for[parameter] for parameter in parameters)] if parameters else hint


def _required(item: Field[Any]) -> bool:
    return item.default is MISSING and item.default_factory is MISSING


def _field(hint: Any, **options: Any) -> ma.fields.Field[Any]:
    """The marshmallow field of a type hint."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        (kept,) = [member for member in inner if member is not type(None)]
        return _field(kept, allow_none=True, **options)
    if origin is Literal:
        return ma.fields.String(validate=validate.OneOf(inner), **options)
    if origin is tuple:
        return ma.fields.List(_field(inner[0]), **options)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        values = None if inner[1] is Any else _field(inner[1])
        return ma.fields.Dict(keys=ma.fields.String(), values=values, **options)
    kind = origin or hint
    if is_dataclass(kind) and isinstance(kind, type):
        return ma.fields.Nested(schema_of(kind, *inner), **options)
    simple: dict[Any, type[ma.fields.Field[Any]]] = {
        str: ma.fields.String,
        int: ma.fields.Integer,
        float: ma.fields.Float,
        bool: ma.fields.Boolean,
    }
    return simple[hint](**options)
