"""A deployed stack as CloudFormation describes it: what everything else here starts from."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Self

import boto3
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, NoRegionError

from operations.samconfig import Target

ALIAS = "live"
"""Globals.Function.AutoPublishAlias of template.yaml."""


class StackError(Exception):
    """The stack can't be read; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource of the template where it is deployed."""

    physical_id: str
    kind: str
    """Its type, such as AWS::Lambda::Function."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """A stack, and the session to ask AWS about what is in it."""

    name: str
    status: str
    created_at: datetime
    outputs: Mapping[str, str]
    parameters: Mapping[str, str]
    resources: Mapping[str, Resource]
    """By their logical ids."""
    session: boto3.Session

    @classmethod
    def read(cls, target: Target) -> Self:
        """The stack with this name. Raises StackError."""
        try:
            session = boto3.Session(profile_name=target.profile, region_name=target.region)
            cloudformation = session.client("cloudformation")
            stack = cloudformation.describe_stacks(StackName=target.stack)["Stacks"][0]
            pages = cloudformation.get_paginator("list_stack_resources").paginate(
                StackName=target.stack
            )
            resources = {
                each["LogicalResourceId"]: Resource(
                    each.get("PhysicalResourceId", ""), each["ResourceType"]
                )
                for page in pages
                for each in page["StackResourceSummaries"]
            }
        except (BotoCoreError, ClientError) as error:
            raise StackError(_what_to_do(error, target)) from error
        outputs = {each["OutputKey"]: each["OutputValue"] for each in stack.get("Outputs", [])}
        if "TableName" not in outputs:
            raise StackError(
                f"The stack {target.stack} is {stack['StackStatus']} and has no output TableName:"
                " it is of another template, or its first deployment did not come to its end."
            )
        return cls(
            name=target.stack,
            status=stack["StackStatus"],
            created_at=stack["CreationTime"],
            outputs=outputs,
            parameters={
                each["ParameterKey"]: each["ParameterValue"] for each in stack.get("Parameters", [])
            },
            resources=resources,
            session=session,
        )

    @property
    def region(self) -> str:
        """The region that it is in."""
        return str(self.session.region_name)

    @property
    def is_prod(self) -> bool:
        """Whether it writes to the clinic's staff."""
        return self.parameters["Stage"] == "prod"

    def physical_id(self, logical_id: str) -> str | None:
        """What a resource of the template is called; None if this deployment does without it."""
        resource = self.resources.get(logical_id)
        return resource.physical_id if resource else None

    def function(self, logical_id: str) -> str | None:
        """How a function is called: by its alias, through which its new versions take over."""
        name = self.physical_id(logical_id)
        return f"{name}:{ALIAS}" if name else None

    def ids_of(self, kind: str) -> dict[str, str]:
        """The physical ids of all resources of a type, by their logical ids."""
        return {
            logical_id: resource.physical_id
            for logical_id, resource in self.resources.items()
            if resource.kind == kind
        }

    def approximate_items(self) -> int:
        """How many items the table has, as DynamoDB counts them every six hours or so."""
        described = self.session.client("dynamodb").describe_table(
            TableName=self.outputs["TableName"]
        )
        return described["Table"].get("ItemCount", 0)


def _what_to_do(error: BotoCoreError | ClientError, target: Target) -> str:
    match error:
        case NoCredentialsError():
            return "There are no AWS credentials. Log in (aws sso login), or set AWS_PROFILE."
        case NoRegionError():
            return "No AWS region is set. Set AWS_REGION, or write region into samconfig.toml."
        case ClientError() if "does not exist" in error.response["Error"]["Message"]:
            return (
                f"There is no stack {target.stack} in this account and region. Check --stack,"
                " --env, AWS_PROFILE and AWS_REGION."
            )
        case ClientError():
            code = error.response["Error"]["Code"]
            return (
                f"AWS refused {error.operation_name} of the stack {target.stack} ({code})."
                " Check the credentials and their permissions."
            )
    return f"AWS can't be asked about the stack {target.stack}: {error}"
