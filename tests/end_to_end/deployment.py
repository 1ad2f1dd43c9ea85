"""The deployed stack as the tests see it: over HTTP, in its table and in its mailbox."""

import http.client
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar, cast
from urllib.parse import urlsplit
from uuid import uuid4

from boto3.dynamodb.types import TypeDeserializer

from local.mailbox import Mail, mails
from local.stack import SENDER, STACK_NAME, Stack
from tests.builders import fields

HEARTBEAT_ADDRESS = "heartbeat@example.com"
ORIGINS = ("https://www.example.com", "http://localhost:8080")
PATIENCE_SECONDS = 60

Found = TypeVar("Found")
_deserialize = TypeDeserializer().deserialize


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer, its header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: str

    @property
    def document(self) -> dict[str, Any]:
        """The JSON document in the body."""
        return cast("dict[str, Any]", json.loads(self.body))


@dataclass(frozen=True, slots=True)
class Deployment:
    """The stack, with the ways to use it and to look into it."""

    stack: Stack
    folder: Path

    def url(self, path: str) -> str:
        """The address of this path of the API."""
        return self.stack.consultations_url.removesuffix("/consultations") + path

    def request(
        self, method: str, body: bytes = b"", *, path: str = "/consultations", **headers: str
    ) -> Answer:
        """The answer to a request; `headers` with _ for -."""
        return exchange(self.url(path), method, body, _named(headers))

    def get(self, path: str, **headers: str) -> Answer:
        """The answer to a GET below the root of the API; `headers` with _ for -."""
        return exchange(self.stack.form_url + path, "GET", b"", _named(headers))

    def post(self, *, headers: Mapping[str, str] | None = None, **changes: object) -> Answer:
        """The answer to a valid request as JSON, with these changes to its fields."""
        form = fields(**{"submission_id": str(uuid4()), **changes})
        body = json.dumps(form, ensure_ascii=False).encode()
        return self.request("POST", body, **{"Content-Type": "application/json", **(headers or {})})

    def received(self, **changes: object) -> str:
        """The reference of a new request with these changes, which is received."""
        answer = self.post(headers=None, **changes)
        assert answer.status == 201, answer.body
        return cast("str", answer.document["id"])

    def item(self, reference: str) -> dict[str, Any]:
        """The stored consultation with this reference."""
        (item,) = self.items(reference)
        return item

    def items(self, reference: str) -> list[dict[str, Any]]:
        """All that is stored under this reference."""
        found = self.stack.aws.dynamodb.query(
            TableName=self.stack.table_name,
            KeyConditionExpression="id = :id",
            ExpressionAttributeValues={":id": {"S": reference}},
            ConsistentRead=True,
        )
        return [
            {name: _deserialize(cast("Any", value)) for name, value in item.items()}
            for item in found["Items"]
        ]

    def count(self) -> int:
        """How many items the table holds."""
        scanned = self.stack.aws.dynamodb.scan(
            TableName=self.stack.table_name, Select="COUNT", ConsistentRead=True
        )
        return int(scanned["Count"])

    def items_of(self, full_name: str) -> list[dict[str, Any]]:
        """All that is stored about the person with this name."""
        pages = self.stack.aws.dynamodb.get_paginator("scan").paginate(
            TableName=self.stack.table_name,
            FilterExpression="full_name = :name",
            ExpressionAttributeValues={":name": {"S": full_name}},
            ConsistentRead=True,
        )
        return [
            {name: _deserialize(cast("Any", value)) for name, value in item.items()}
            for page in pages
            for item in page["Items"]
        ]

    def change_item(self, reference: str, **attributes: str) -> None:
        """Change a stored consultation behind the product's back."""
        self.stack.aws.dynamodb.update_item(
            TableName=self.stack.table_name,
            Key={"id": {"S": reference}, "record": {"S": "consultation"}},
            AttributeUpdates={
                name: {"Value": {"S": value}, "Action": "PUT"} for name, value in attributes.items()
            },
        )

    def all_alerts(self) -> list[Mail]:
        """Every alert that was sent until now."""
        return mails(self.stack.emulator)

    def alerts(self, reference: str) -> list[Mail]:
        """The alerts about this consultation that were sent until now."""
        return [mail for mail in mails(self.stack.emulator) if reference in mail.subject]

    def alert(self, reference: str) -> Mail:
        """The first alert about this consultation, as soon as it is there."""
        return eventually(lambda: self.alerts(reference), f"an alert about {reference}")[-1]

    def after_all_alerts(self) -> None:
        """Wait until the alerts of all that was received before are done.

        The stream keeps the order, so that another request's alert is the sign.
        """
        self.alert(self.received(full_name="The last one"))

    def physical_id(self, logical_id: str) -> str:
        """What a resource of the template is called where it is deployed."""
        return self.stack.aws.cloudformation.describe_stack_resource(
            StackName=STACK_NAME, LogicalResourceId=logical_id
        )["StackResourceDetail"]["PhysicalResourceId"]

    def output(self, name: str) -> str:
        """An output of the stack."""
        stack = self.stack.aws.cloudformation.describe_stacks(StackName=STACK_NAME)["Stacks"][0]
        return {each["OutputKey"]: each["OutputValue"] for each in stack["Outputs"]}[name]

    def run(
        self,
        logical_id: str,
        event: Mapping[str, object] = MappingProxyType({}),
        *,
        qualifier: str = "live",
    ) -> None:
        """Run this function of the template once, as its schedule does or with this event."""
        outcome = self.stack.aws.functions.invoke(
            FunctionName=self.physical_id(logical_id),
            Qualifier=qualifier,
            Payload=json.dumps(dict(event)).encode(),
        )
        assert "FunctionError" not in outcome, outcome["Payload"].read()

    def verify_sender(self) -> None:
        """Let SES send from the sender's address."""
        self.stack.aws.sesv2.create_email_identity(EmailIdentity=SENDER)

    def forget_sender(self) -> None:
        """Make SES refuse everything that the stack sends."""
        self.stack.aws.sesv2.delete_email_identity(EmailIdentity=SENDER)


def _named(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


def exchange(url: str, method: str, body: bytes, headers: Mapping[str, str]) -> Answer:
    """The answer to an HTTP request."""
    address = urlsplit(url)
    connection = http.client.HTTPConnection(str(address.netloc), timeout=30)
    try:
        path = address._replace(scheme="", netloc="").geturl()
        connection.request(method, path, body, dict(headers))
        response = connection.getresponse()
        names = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, names, response.read().decode())
    finally:
        connection.close()


def eventually(look: Callable[[], Found | None], what: str) -> Found:
    """What `look` finds, as soon as it finds something."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if found := look():
            return found
        time.sleep(0.1)
    raise AssertionError(f"{what}: not within {PATIENCE_SECONDS} s")


def multipart(parts: Mapping[str, object]) -> tuple[bytes, str]:
    """The body and the content type of a form sent as multipart/form-data."""
    boundary = "boundary-0b1f7c3e5a52"
    lines = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'
        f"{'on' if value is True else value}\r\n"
        for name, value in parts.items()
    ]
    body = "".join([*lines, f"--{boundary}--\r\n"]).encode()
    return body, f"multipart/form-data; boundary={boundary}"
