"""AWS in process: moto's DynamoDB and SES, the table built from template.yaml.

And the stack itself, deployed once for all tests that ask for it.
"""

import io
import json
import logging
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from boto3.dynamodb.types import TypeDeserializer
from moto import mock_aws

from consultations.repository import BUDGET
from local.emulator import HOST
from local.stack import running_stack
from tests.end_to_end.deployment import HEARTBEAT_ADDRESS, ORIGINS, Deployment
from tests.environment import ENVIRONMENT
from tests.template import ROOT, resource

if TYPE_CHECKING:
    from botocore.awsrequest import AWSResponse
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_sesv2 import SESV2Client
    from mypy_boto3_sqs import SQSClient


# The functions read their environment when they are imported.
os.environ.update(ENVIRONMENT)
for name in [name for name in os.environ if name.startswith("AWS_ENDPOINT_URL")]:
    del os.environ[name]


@dataclass
class Logs:
    """What goes to the log: the logger's lines and the embedded metrics, a JSON document each."""

    _lines: io.StringIO
    _metrics: pytest.CaptureFixture[str]

    def text(self) -> str:
        """Everything since the last call: lines, then metrics."""
        lines = self._lines.getvalue()
        self._lines.truncate(0)
        self._lines.seek(0)
        return lines + self._metrics.readouterr().out

    def documents(self) -> list[dict[str, Any]]:
        """Everything since the last call; a line that is not JSON is an error."""
        return [json.loads(line) for line in self.text().splitlines()]


_accepted_mails: list[dict[str, Any]] = []


def _keep_request(params: dict[str, Any], context: dict[str, Any], **_: object) -> None:
    context["mail"] = params


def _keep_accepted_mail(http_response: "AWSResponse", context: dict[str, Any], **_: object) -> None:
    if http_response.status_code == 200:
        _accepted_mails.append(context["mail"])


# moto's mailbox knows neither headers nor Reply-To, so the requests themselves are kept. Clients
# inherit these hooks from the session, wherever they are made.
boto3.setup_default_session()
assert boto3.DEFAULT_SESSION
_hooks = boto3.DEFAULT_SESSION.events
_hooks.register("provide-client-params.sesv2.SendEmail", _keep_request)
_hooks.register("after-call.sesv2.SendEmail", _keep_accepted_mail)

_TABLE_PROPERTIES = (
    "AttributeDefinitions",
    "BillingMode",
    "GlobalSecondaryIndexes",
    "KeySchema",
)


@dataclass
class Aws:
    """The account that the functions run in."""

    dynamodb: "DynamoDBClient"
    sesv2: "SESV2Client"
    sqs: "SQSClient"

    @property
    def mails(self) -> list[dict[str, Any]]:
        """The SendEmail requests that SES accepted, in order."""
        return _accepted_mails

    def letters(self) -> list[dict[str, Any]]:
        """The dead letters, taken from their queue."""
        queue = os.environ["UNDELIVERED_RECORDS_URL"]
        messages = self.sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)
        return [json.loads(message["Body"]) for message in messages.get("Messages", [])]

    def items(self) -> list[dict[str, Any]]:
        """All items of the table but counts of alerts, with DynamoDB's type names taken off."""
        deserialize = TypeDeserializer().deserialize
        return [
            {name: deserialize(value) for name, value in item.items()}
            for item in self.dynamodb.scan(TableName="consultations")["Items"]
            if item["id"]["S"] != BUDGET
        ]

    def item(self) -> dict[str, Any]:
        """The one item of the table."""
        (item,) = self.items()
        return item


_clients = boto3.client("dynamodb"), boto3.client("sesv2"), boto3.client("sqs")


@contextmanager
def aws_account() -> Iterator[Aws]:
    """An account with the table of the template, and SES ready to send from the sender."""
    with mock_aws():
        account = Aws(*_clients)
        table = resource("ConsultationsTable")
        account.dynamodb.create_table(
            TableName="consultations", **{name: table[name] for name in _TABLE_PROPERTIES}
        )
        account.sesv2.create_email_identity(EmailIdentity="alerts@example.com")
        account.sesv2.create_configuration_set(ConfigurationSetName="alert-mail")
        account.sqs.create_queue(QueueName="undelivered")
        _accepted_mails.clear()
        yield account


@pytest.fixture
def aws() -> Iterator[Aws]:
    """An account of the test's own."""
    with aws_account() as account:
        yield account


@pytest.fixture
def logs(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Logs:
    """What the functions log and count while the test runs."""
    lines = io.StringIO()
    for handler in logging.getLogger("consultations").handlers:
        monkeypatch.setattr(handler, "stream", lines)
    return Logs(lines, capsys)


_MEASURED = "measured"


@pytest.fixture
def measured(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Adds a line of numbers to the end of pytest's output."""
    properties: list[tuple[str, object]] = request.node.user_properties
    return lambda line: properties.append((_MEASURED, line))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show what was measured."""
    lines = [
        line
        for outcome in ("passed", "failed")
        for report in terminalreporter.getreports(outcome)
        for name, line in report.user_properties
        if name == _MEASURED
    ]
    if lines:
        terminalreporter.section("measured")
        for line in lines:
            terminalreporter.line(str(line))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """With several workers, one has the stack and one the layer, so that each is built once."""
    for item in items:
        room = item.path.relative_to(ROOT / "tests").parts[0]
        group = {"browser": "stack", "end_to_end": "stack", "layer": "layer"}.get(room)
        if group:
            item.add_marker(pytest.mark.xdist_group(group))


@pytest.fixture(scope="session")
def website_origin() -> str:
    """Where the example website is served from."""
    return f"http://{HOST}:{free_port()}"


@pytest.fixture(scope="session")
def deployment(website_origin: str) -> Iterator[Deployment]:
    """The product as `sam build` and `sam deploy` make it of template.yaml."""
    with (
        # Not one of pytest's, which stay: the layer is thousands of files.
        TemporaryDirectory(ignore_cleanup_errors=True) as folder,
        running_stack(
            port=free_port(),
            folder=Path(folder),
            allowed_origins=(*ORIGINS, website_origin),
            # The tests are quicker than any person.
            parameters={
                "ThrottleRate": "1000",
                "ThrottleBurst": "1000",
                "AlertBudget": "100000",  # each request is looked for in a mail of its own
                "ContactAlertBudget": "100000",
                "HeartbeatAddress": HEARTBEAT_ADDRESS,
            },
        ) as stack,
    ):
        yield Deployment(stack, Path(folder))


@pytest.fixture
def free_ports() -> int:
    """The first of three ports in a row that nobody uses."""
    return next(port for port in iter(free_port, None) if _is_free(port + 1) and _is_free(port + 2))


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) != 0
