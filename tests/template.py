"""template.yaml as data, for tests that hold the code and the infrastructure against each other."""

from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parent.parent


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short tags: `!Ref X` becomes {"Ref": "X"}."""


def _tagged(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    name = suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}"
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        assert isinstance(node, yaml.MappingNode)
        value = loader.construct_mapping(node, deep=True)
    return {name: value}


_Loader.add_multi_constructor("!", _tagged)


@cache
def template() -> dict[str, Any]:
    """The whole template."""
    text = (ROOT / "template.yaml").read_text(encoding="utf-8")
    document: dict[str, Any] = yaml.load(text, Loader=_Loader)  # noqa: S506 - a safe one
    return document


def resource(logical_id: str) -> dict[str, Any]:
    """The properties of one resource."""
    properties: dict[str, Any] = template()["Resources"][logical_id]["Properties"]
    return properties


def functions() -> dict[str, dict[str, Any]]:
    """The properties of each function, by its logical id."""
    return {
        logical_id: definition["Properties"]
        for logical_id, definition in template()["Resources"].items()
        if definition["Type"] == "AWS::Serverless::Function"
    }


def variables(function: dict[str, Any]) -> set[str]:
    """The names of the environment variables that a function gets."""
    shared = template()["Globals"]["Function"]["Environment"]["Variables"]
    return set(shared) | set(function.get("Environment", {}).get("Variables", {}))


def statements(role: str) -> list[dict[str, Any]]:
    """The statements of all policies of a role."""
    return [
        statement
        for policy in resource(role)["Policies"]
        for statement in policy["PolicyDocument"]["Statement"]
    ]
