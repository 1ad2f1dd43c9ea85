"""What stays when a stack is deleted, which `make delete` says before it asks."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

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
