"""Which AWS calls the code of a function can reach, read from the source.

Names stand for what they may be: `x.add` reaches every method of the layer that is called so,
unless x is known to hold one class. That errs towards too many calls, and a role that allows more
than even that is wrong.
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
    trees = [ast.parse(source.read_text(encoding="utf-8")) for source in LAYER.glob("*.py")]
    start = ast.parse(handler.read_text(encoding="utf-8"))
    definitions = list(_definitions(trees))
    classes = {owner for owner, _, _ in definitions if owner}
    kept_in = dict(_kept_in([*trees, start], classes))
    actions: set[str] = set()
    seen: set[int] = set()
    waiting: list[tuple[str, ast.AST]] = [("", start)]
    while waiting:
        inside, node = waiting.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        actions |= set(_actions(node))
        for receiver, name in _names(node):
            owner_sought = inside if receiver in ("self", "cls") else kept_in.get(receiver)
            waiting += [
                (owner or defined, definition)
                for owner, defined, definition in definitions
                if defined == name and owner_sought in (None, owner)
            ]
    return actions


def _definitions(trees: list[ast.Module]) -> Iterator[tuple[str, str, ast.AST]]:
    """Every function of the layer, with its class if it is in one; `__init__` is called so."""
    for tree in trees:
        for node in tree.body:
            if isinstance(node, Definition):
                yield "", node.name, node
            elif isinstance(node, ast.ClassDef):
                for inner in node.body:
                    if isinstance(inner, Definition):
                        yield node.name, inner.name, inner
                        if inner.name in ("__init__", "__post_init__"):
                            yield "", node.name, inner


def _kept_in(trees: list[ast.Module], classes: set[str]) -> Iterator[tuple[str, str]]:
    """The names of variables and attributes that hold an object of one of these classes."""
    for tree in trees:
        for node in ast.walk(tree):
            if isinstance(node, ast.AnnAssign):
                held, name = ast.unparse(node.annotation), ast.unparse(node.target)
            elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
                held, name = ast.unparse(node.value.func), ast.unparse(node.targets[0])
            else:
                continue
            if held in classes:
                yield name.rpartition(".")[2], held


def _names(node: ast.AST) -> Iterator[tuple[str, str]]:
    """Every name that is used, with that of what it is an attribute of."""
    for inner in ast.walk(node):
        if isinstance(inner, ast.Name):
            yield "", inner.id
        elif isinstance(inner, ast.Attribute):
            yield ast.unparse(inner.value).rpartition(".")[2], inner.attr


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
