"""Stands in for 4,000 lines of types that describe schemas to a type checker."""

from typing import Any

CoreConfig = CoreSchema = CoreSchemaType = ErrorType = Any
