"""Which AWS calls the code of a function can reach, read from the source.

Names stand for what they may be: a call of `add` reaches every function of the layer that is
called so. That errs towards too many, and a role that allows more than even that is wrong.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.template import ROOT

LAYER = ROOT / "layers" / "consultations"

ACTIONS = {
    "delete_item": {"dynamodb:DeleteItem"},
    "get_item": {"dynamodb:GetItem"},
    "put_item": {"dynamodb:PutItem"},
    "query": {"dynamodb:Query"},
    "scan": {"dynamodb:Scan"},
    "update_item": {"dynamodb:UpdateItem"},
    "send_email": {"ses:SendEmail"},
    "send_message": {"sqs:SendMessage"},
    "publish": {"sns:Publish"},
}
"""The IAM actions of the operations of boto3 that the product uses or may come to use."""

TRANSACTION_PARTS = {
    "ConditionCheck": "dynamodb:ConditionCheckItem",
    "Delete": "dynamodb:DeleteItem",
    "Put": "dynamodb:PutItem",
    "Update": "dynamodb:UpdateItem",
}

Definition = ast.FunctionDef | ast.AsyncFunctionDef


def reachable_actions(handler: Path) -> set[str]:
    """The IAM actions behind all calls of clients that are reachable from a handler's file."""
    definitions = list(_definitions())
    by_name: dict[str, list[ast.AST]] = {}
    for name, definition in definitions:
        by_name.setdefault(name, []).append(definition)
    actions: set[str] = set()
    seen: set[int] = set()
    waiting: list[ast.AST] = [ast.parse(handler.read_text(encoding="utf-8"))]
    while waiting:
        node = waiting.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        actions |= set(_actions(node))
        for name in _names(node):
            waiting += by_name.get(name, [])
    return actions


def _definitions() -> Iterator[tuple[str, ast.AST]]:
    """Every function of the layer by its name, and `__init__` by that of its class."""
    for source in LAYER.glob("*.py"):
        tree = ast.parse(source.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, Definition):
                yield node.name, node
            elif isinstance(node, ast.ClassDef):
                for inner in node.body:
                    if isinstance(inner, Definition) and inner.name in (
                        "__init__",
                        "__post_init__",
                    ):
                        yield node.name, inner


def _names(node: ast.AST) -> Iterator[str]:
    for inner in ast.walk(node):
        if isinstance(inner, ast.Name):
            yield inner.id
        elif isinstance(inner, ast.Attribute):
            yield inner.attr


def _actions(node: ast.AST) -> Iterator[str]:
    for call in ast.walk(node):
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
            continue
        if not ast.unparse(call.func.value).endswith("client"):
            continue
        operation = call.func.attr
        if operation == "get_paginator":
            operation = ast.literal_eval(call.args[0])
        if operation == "transact_write_items":
            keys = [
                key for part in ast.walk(call) if isinstance(part, ast.Dict) for key in part.keys
            ]
            texts = [key.value for key in keys if isinstance(key, ast.Constant)]
            yield from (TRANSACTION_PARTS[text] for text in texts if text in TRANSACTION_PARTS)
        else:
            yield from ACTIONS[operation]
