"""What stays when a stack is deleted: python -m operations.remains STACK, part of `make delete`."""

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import boto3

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient


@dataclass(frozen=True, slots=True)
class Kept:
    """A resource that outlives its stack."""

    kind: str
    physical_id: str


def kept(cloudformation: "CloudFormationClient", stack: str) -> Iterator[Kept]:
    """What the stack's own template retains, but versions of functions, which hold no data."""
    body = cloudformation.get_template(StackName=stack, TemplateStage="Processed")["TemplateBody"]
    template = body if isinstance(body, dict) else json.loads(body)
    pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack)
    for page in pages:
        for each in page["StackResourceSummaries"]:
            definition = template["Resources"][each["LogicalResourceId"]]
            if (
                definition.get("DeletionPolicy") == "Retain"
                and each["ResourceType"] != "AWS::Lambda::Version"
            ):
                yield Kept(each["ResourceType"], each["PhysicalResourceId"])


def main() -> int:
    """Always 0; nothing is deleted here."""
    parser = argparse.ArgumentParser(prog="python -m operations.remains", description=__doc__)
    parser.add_argument("stack", help="the name of the stack, such as consultations-dev")
    stack = parser.parse_args().stack
    print(f"When {stack} is deleted these stay, the table with every consultation request in it:")
    for each in kept(boto3.client("cloudformation"), stack):
        print(f"  {each.kind}  {each.physical_id}")
    print("They cost what they cost now. docs/operations.md says how to delete them too.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
