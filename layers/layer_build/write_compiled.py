"""A program of its own, since it needs the libraries: write `built/` into the package given."""

import sys
from pathlib import Path
from types import FunctionType

from consultations.clinic import CLINIC_FILE, ClinicError, read_clinic
from consultations.validator import request_schema

_HEADER = '"""Written by the build; what it means stands in the sources."""\n'
_LEFT_OUT = {"metadata", "ref", "serialization"}
"""What describes a schema to others; validating has no use for it."""


def schema_source() -> str:
    """A module that defines SCHEMA; functions and classes are imported by their names."""
    names: set[tuple[str, str]] = set()
    literal = _literal(request_schema(), names)
    imports = "".join(f"from {module} import {name}\n" for module, name in sorted(names))
    return f"{_HEADER}\n{imports}\nSCHEMA = {literal}\n"


def clinic_source() -> str:
    """A module that defines CLINIC. Raises ClinicError."""
    clinic = read_clinic(CLINIC_FILE)
    return (
        f"{_HEADER}\nfrom consultations.clinic import Clinic, Location, Statement, Wording\n\n"
        f"CLINIC = {clinic!r}\n"
    )


def _literal(value: object, names: set[tuple[str, str]]) -> str:
    if isinstance(value, dict):
        items = (
            f"{key!r}: {_literal(item, names)}"
            for key, item in value.items()
            if key not in _LEFT_OUT
        )
        return f"{{{', '.join(items)}}}"
    if isinstance(value, list):
        return f"[{', '.join(_literal(item, names) for item in value)}]"
    if isinstance(value, tuple):
        return f"({''.join(f'{_literal(item, names)}, ' for item in value)})"
    if value is None or isinstance(value, (str, bool, int, float)):
        return repr(value)
    if isinstance(value, (FunctionType, type)):
        names.add((value.__module__, value.__qualname__))
        return value.__qualname__
    raise TypeError(f"a schema with a {type(value).__name__} can't be written down")


if __name__ == "__main__":
    target = Path(sys.argv[1]) / "built"
    try:
        modules = {"__init__": _HEADER, "schema": schema_source(), "clinic": clinic_source()}
    except ClinicError as mistakes:
        sys.exit(str(mistakes))
    target.mkdir()
    for name, source in modules.items():
        (target / f"{name}.py").write_text(source, encoding="utf-8")
