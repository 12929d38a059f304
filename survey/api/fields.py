"""Fields that take exactly what the OpenAPI document says of them, no more and no less.

marshmallow's own are looser than JSON Schema in one way and stricter in another: ``Boolean`` takes
0, 1 and "yes", and a strict ``Integer`` refuses 12.0, which is the integer 12 in JSON.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import marshmallow as ma
from marshmallow import fields

STORABLE = r"^[^\u0000]*$"
"""Texts that a database can hold: all but the character NUL."""


class Flag(fields.Boolean):
    """``true`` or ``false``."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> bool:
        if not isinstance(value, bool):
            raise self.make_error("invalid", input=value)
        return value


class Whole(fields.Integer):
    """An integer as JSON has it: 12 and 12.0, neither "12" nor true."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> int:
        is_whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
        if isinstance(value, bool) or not is_whole:
            raise self.make_error("invalid", input=value)
        return int(value)


def storable(
    _converter: Any, field: ma.fields.Field[Any], ret: Mapping[str, Any], **_: Any
) -> dict[str, Any]:
    """An apispec attribute function: say in the document which texts are refused everywhere."""
    if ret.get("type") == "string" or ret.get("type") == ["string", "null"]:
        plain = "format" not in ret and "pattern" not in field.metadata
        choice = any(
            isinstance(validator, ma.validate.Regexp | ma.validate.OneOf)
            for validator in field.validators
        )
        if plain and not choice:
            return {"pattern": STORABLE}
    if isinstance(field, fields.Dict):
        return {"propertyNames": {"type": "string", "pattern": STORABLE, **_lengths(field)}}
    return {}


def _lengths(field: fields.Dict) -> dict[str, int]:
    """What a key of an object must be as long as."""
    keys = field.key_field
    rules = [one for one in keys.validators if isinstance(one, ma.validate.Length)] if keys else []
    limits = {"minLength": rules[0].min, "maxLength": rules[0].max} if rules else {}
    return {name: length for name, length in limits.items() if length is not None}
