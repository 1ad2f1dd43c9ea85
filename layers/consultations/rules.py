"""Rules beside a type, as pydantic reads them, without importing it.

pydantic asks an object in `Annotated` for its part of the schema ("Custom types: as an
annotation" in its documentation). A function that only runs a compiled schema, or only reads
stored consultations, gets by without pydantic: 40 ms of a cold start.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Schema = dict[str, Any]
Handler = Callable[[Any], Schema]


@dataclass(frozen=True, slots=True)
class Before:
    """`change` is applied to what was given, before its type is checked."""

    change: Callable[[Any], Any]

    def __get_pydantic_core_schema__(self, source: object, handler: Handler) -> Schema:
        """A function-before schema."""
        function = {"type": "no-info", "function": self.change}
        return {"type": "function-before", "function": function, "schema": handler(source)}


@dataclass(frozen=True, slots=True)
class After:
    """`check` gets a value of the right type and returns it, or raises."""

    check: Callable[[Any], Any]

    def __get_pydantic_core_schema__(self, source: object, handler: Handler) -> Schema:
        """A function-after schema."""
        function = {"type": "no-info", "function": self.check}
        return {"type": "function-after", "function": function, "schema": handler(source)}


@dataclass(frozen=True, slots=True)
class AfterWithInfo:
    """As After, but `check` is also told the fields before it and the context."""

    check: Callable[[Any, Any], Any]

    def __get_pydantic_core_schema__(self, source: object, handler: Handler) -> Schema:
        """A function-after schema with validation info."""
        function = {"type": "with-info", "function": self.check}
        return {"type": "function-after", "function": function, "schema": handler(source)}


class Limited:
    """The type's own schema with more constraints, by their names in pydantic-core."""

    def __init__(self, **constraints: object) -> None:
        self._constraints = constraints

    def __get_pydantic_core_schema__(self, source: object, handler: Handler) -> Schema:
        """The schema of the type with these constraints."""
        return {**handler(source), **self._constraints}
