"""One deployment in process: the handlers as they are, moto's table, and everything that can fail.

Nothing of the product is replaced. Time stands still except where it is moved; SES and SQS are
answered here, DynamoDB by moto; a fault strikes at the edge, where botocore would send a request.
"""

import contextlib
import importlib.util
import io
import json
import logging
import os
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from types import ModuleType
from typing import Any, cast
from unittest.mock import patch

import time_machine
from botocore.awsrequest import AWSPreparedRequest, AWSResponse, HTTPHeaders
from botocore.exceptions import ConnectTimeoutError, ReadTimeoutError
from botocore.retries.quota import RetryQuota
from moto import mock_aws
from moto.core.botocore_stubber import MockRawResponse
from moto.core.models import DEFAULT_ACCOUNT_ID, botocore_stubber
from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.models.dynamo_type import DynamoType
from moto.dynamodb.models.table import Table
from urllib3.response import HTTPResponse

from consultations.alert_budget import AlertBudget
from consultations.repository import BUDGET, ConsultationRepository
from tests.environment import ENVIRONMENT
from tests.template import resource

TABLE = "consultations"
FULL_QUOTA = 500
"""What botocore lets a client spend on retries; more than that is not kept."""

START = datetime(2026, 3, 2, 17, 0, tzinfo=UTC)
REJECTED_BY_SES = "content-that-ses-rejects"
"""Typed into a message, this makes SES reject every mail that repeats it."""

SIMULATED = ENVIRONMENT | {
    "TABLE_NAME": TABLE,
    "RETENTION_DAYS": "30",
    "QUARANTINE_DAYS": "30",
    "ALERT_DETAIL": "full",
    "ALERT_BUDGET": "2",  # so that many an alert comes in a digest
    "CONTACT_ALERT_BUDGET": "1",
    "HEARTBEAT_ADDRESS": "",
}

_TABLE_PROPERTIES = (
    "AttributeDefinitions",
    "BillingMode",
    "GlobalSecondaryIndexes",
    "KeySchema",
    "StreamSpecification",
)

_REFERENCES = re.compile(r"\b[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}\b")

_DYNAMODB_ERRORS = {
    "throttled": (400, "ProvisionedThroughputExceededException"),
    "server_error": (500, "InternalServerError"),
}
_SES_ERRORS = {
    "throttled": (429, "TooManyRequestsException", "Maximum sending rate exceeded."),
    "server_error": (500, "InternalFailure", ""),
    "daily_quota": (429, "TooManyRequestsException", "Daily message quota exceeded."),
    "sending_paused": (400, "SendingPausedException", ""),
    "account_suspended": (400, "AccountSuspendedException", ""),
    "mail_from_unverified": (400, "MailFromDomainNotVerifiedException", ""),
    "not_found": (404, "NotFoundException", ""),
    "access_denied": (403, "AccessDeniedException", ""),
    "rejected": (400, "MessageRejected", "Email address is not verified."),
    "bad_request": (400, "BadRequestException", ""),
}
FAULTS = (
    "throttled",
    "server_error",
    "unreachable",
    "unanswered",
    "answer_lost",
    "crash_before",
    "crash_after",
    *(code for code in _SES_ERRORS if code not in _DYNAMODB_ERRORS),
)
"""What one call can run into. Those that only SES knows leave a call to another service alone."""

OUTAGES = tuple(fault for fault in FAULTS if not fault.startswith("crash"))
"""What every call to a service can run into until the outage is over."""


class Crash(BaseException):
    """The worker is gone in mid-call: no line of the product after this one runs."""


@dataclass(frozen=True)
class Interruption:
    """Another worker runs, from its start to its end, just before a call of this one."""

    run: Callable[[], object] = field(repr=False)


Plan = Mapping[int, "str | Interruption"]
"""What happens to the calls of one invocation, by their number from 0."""


@dataclass(frozen=True)
class Mail:
    """A mail that SES accepted, an alert or a digest of several."""

    consultation_ids: tuple[str, ...]
    message_id: str
    to: tuple[str, ...]
    text: str


@dataclass
class StreamRecord:
    """An insertion that the table's stream tells of."""

    consultation_id: str
    number: int
    at: datetime
    tries: int = 0


@dataclass
class _Invocation:
    plan: Plan
    deadline: datetime
    calls: int = 0
    accepted: list[Mail] = field(default_factory=list)
    doubtful: set[str] = field(default_factory=set)
    """The accepted mails that a fault came with, or after, and before the next one."""

    def strike(self) -> None:
        """Note that a fault came now."""
        if self.accepted:
            self.doubtful.add(self.accepted[-1].message_id)


@dataclass
class _Context:
    deadline: datetime
    function_name: str = "function"
    memory_limit_in_mb: int = 512
    invoked_function_arn: str = "arn:aws:lambda:us-east-1:123456789012:function:function"
    aws_request_id: str = "00000000-0000-4000-8000-000000000000"

    def get_remaining_time_in_millis(self) -> int:
        return int((self.deadline - datetime.now(UTC)) / timedelta(milliseconds=1))


@cache
def _workers() -> tuple[dict[str, ModuleType], list[RetryQuota]]:
    """Two of each function, as Lambda runs several, and the retry quotas of their clients."""
    quotas: list[RetryQuota] = []
    original = RetryQuota.__init__

    def remembered(self: RetryQuota) -> None:
        original(self)
        quotas.append(self)

    RetryQuota.__init__ = remembered  # type: ignore[method-assign,assignment] # a listener
    try:
        workers = {
            f"{function}-{number}": _load(function)
            for function in ("submit_consultation", "alert_staff", "retry_alerts")
            for number in (1, 2)
        }
    finally:
        RetryQuota.__init__ = original  # type: ignore[method-assign] # taken back
    return workers, quotas


def _load(function: str) -> ModuleType:
    spec = importlib.util.find_spec(f"functions.{function}.handler")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    if hasattr(module, "workers"):
        module.workers = _OneAfterTheOther()  # type: ignore[attr-defined] # it has
    return module


class _OneAfterTheOther(Executor):
    """Runs what it is given at once: threads have no seed. Interruptions stand in for them."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 - the future's, as in a thread; a Crash is not
            future.set_exception(error)
        return future


def _forget(worker: ModuleType) -> None:
    """What a worker remembers from one event to the next is gone with it."""
    if hasattr(worker, "staff_alerts"):
        alerts = worker.staff_alerts
        budget = AlertBudget(
            alerts.consultations,
            per_location=int(SIMULATED["ALERT_BUDGET"]),
            per_contact=int(SIMULATED["CONTACT_ALERT_BUDGET"]),
        )
        worker.staff_alerts = replace(alerts, budget=budget)  # type: ignore[attr-defined] # it has


class World:
    """The deployment and its surroundings during one history."""

    def __init__(self) -> None:
        self._undo = contextlib.ExitStack()
        self._undo.enter_context(patch.dict(os.environ, SIMULATED))
        self._workers, quotas = _workers()
        for quota in quotas:
            quota.release(FULL_QUOTA)  # a new history, rested clients
        for worker in self._workers.values():
            _forget(worker)
        self._output = io.StringIO()
        for handler in logging.getLogger(SIMULATED["POWERTOOLS_SERVICE_NAME"]).handlers:
            assert isinstance(handler, logging.StreamHandler)
            self._undo.callback(handler.setStream, handler.setStream(self._output))
        self._undo.enter_context(mock_aws())
        # botocore asks every handler of before-send, and moto's would answer a second time.
        botocore_stubber.enabled = False
        self._clock = self._undo.enter_context(time_machine.travel(START, tick=False))
        self._undo.callback(setattr, time, "sleep", time.sleep)
        time.sleep = self._sleep  # type: ignore[assignment] # moves the clock
        self._invocations: list[_Invocation] = []
        self._hook_clients()
        self._table = self._create_table()
        self._last_stream_position = 0
        self.outages: dict[str, str] = {}
        self.mails: list[Mail] = []
        self.letters: list[dict[str, Any]] = []
        self.doubts: Counter[str] = Counter()
        """How many accepted mails of a consultation could not be recorded, because of a fault."""
        self.stream: list[StreamRecord] = []

    def close(self) -> None:
        """Leave everything as it was."""
        self._undo.close()

    # ---- time -------------------------------------------------------------------------------

    @property
    def now(self) -> datetime:
        return datetime.now(UTC)

    def pass_time(self, duration: timedelta) -> None:
        """Move the clock; the table deletes what has expired, the stream forgets after 24 hours."""
        self._clock.shift(duration)
        for item in self.items():
            if "expires_at" in item and int(item["expires_at"]["N"]) < self.now.timestamp():
                self._table.delete_item(DynamoType(item["id"]), DynamoType(item["record"]))
        self.stream = [
            record for record in self.stream if self.now - record.at < timedelta(hours=24)
        ]

    def _sleep(self, seconds: float) -> None:
        self._clock.shift(seconds)

    # ---- what is there ----------------------------------------------------------------------

    def items(self) -> list[dict[str, Any]]:
        """Every item of the table, with DynamoDB's types."""
        found: list[dict[str, Any]] = [
            item.to_json()["Attributes"]
            for item in self._table.all_items()
            if item.to_json()["Attributes"]["id"]["S"] != BUDGET
        ]
        return found

    def item(self, id_: str) -> dict[str, Any] | None:
        """The consultation with this id."""
        return next((item for item in self.items() if item["id"]["S"] == id_), None)

    def pending(self) -> set[str]:
        """The ids of what is pending."""
        return {item["id"]["S"] for item in self.items() if "pending" in item}

    def quarantined(self) -> list[str]:
        """The ids of what is held back as spam, in order."""
        return sorted(
            item["id"]["S"] for item in self.items() if item.get("status") == {"S": "quarantined"}
        )

    def named_in_letters(self) -> set[str]:
        """The ids that dead letters name."""
        return {letter["consultation_id"] for letter in self.letters}

    def oldest_pending_age(self) -> float:
        """In seconds; 0 if nothing is pending."""
        received = [item["received_at"]["S"] for item in self.items() if "pending" in item]
        if not received:
            return 0.0
        return (self.now - datetime.fromisoformat(min(received))).total_seconds()

    def release(self, id_: str) -> None:
        """Release a request that was held back, as `operations` does it."""
        client = self._workers["retry_alerts-1"].staff_alerts.consultations._client
        keep_until = self.now + timedelta(days=int(SIMULATED["RETENTION_DAYS"]))
        ConsultationRepository(client, TABLE).release(id_, now=self.now, keep_until=keep_until)

    def put_poison(self) -> str:
        """Store a consultation that can't be read, as no version of the product wrote it."""
        id_ = f"POIS-{len(self.items()):04}-0000"
        client = self._workers["retry_alerts-1"].staff_alerts.consultations._client
        received_at = self.now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        client.put_item(
            TableName=TABLE,
            Item={
                "id": {"S": id_},
                "record": {"S": "consultation"},
                "pending": {"S": "alert"},
                "received_at": {"S": received_at},
                "expires_at": {"N": str(int(self.now.timestamp()) + 40 * 86_400)},
            },
        )
        self._read_stream()
        return id_

    # ---- running the functions --------------------------------------------------------------

    def invoke(
        self, function: str, event: Mapping[str, Any], plan: Plan, *, seconds: int
    ) -> tuple[Any, str]:
        """Run a function as Lambda would: what it returned and printed. Raises Crash."""
        worker = self._workers[f"{function}-{len(self._invocations) + 1}"]
        printed_before = len(self.printed())
        invocation = _Invocation(plan, self.now + timedelta(seconds=seconds))
        self._invocations.append(invocation)
        try:
            with contextlib.redirect_stdout(self._output):
                answer = worker.lambda_handler(event, _Context(invocation.deadline))
        except Crash:
            _forget(worker)
            raise
        finally:
            self._invocations.pop()
            self._note_doubts(invocation)
            self._read_stream()
        return answer, self.printed()[printed_before:]

    def printed(self) -> str:
        """All that was printed and logged in this history."""
        return self._output.getvalue()

    @property
    def is_interrupted(self) -> bool:
        """Whether a worker is running now, in mid-call."""
        return bool(self._invocations)

    def _note_doubts(self, invocation: _Invocation) -> None:
        for mail in invocation.accepted:
            for id_ in mail.consultation_ids:
                item = self.item(id_)
                if item is not None and item.get("alert_message_id") == {"S": mail.message_id}:
                    continue
                assert mail.message_id in invocation.doubtful, f"{id_}: sent, not recorded as sent"
                self.doubts[id_] += 1

    def _read_stream(self) -> None:
        shard = self._table.stream_shard
        assert shard
        for record in shard.items[self._last_stream_position :]:
            document = record.to_json()
            keys = document["dynamodb"]["Keys"]
            if document["eventName"] == "INSERT" and keys["record"]["S"] == "consultation":
                self.stream.append(
                    StreamRecord(keys["id"]["S"], self._last_stream_position, self.now)
                )
            self._last_stream_position += 1

    # ---- the edge ---------------------------------------------------------------------------

    def _create_table(self) -> Table:
        table = resource("ConsultationsTable")
        properties = {name: table[name] for name in _TABLE_PROPERTIES}
        properties["StreamSpecification"] = {
            **properties["StreamSpecification"],
            "StreamEnabled": True,
        }
        client = self._workers["retry_alerts-1"].staff_alerts.consultations._client
        client.create_table(TableName=TABLE, **properties)
        return dynamodb_backends[DEFAULT_ACCOUNT_ID]["us-east-1"].tables[TABLE]

    def _hook_clients(self) -> None:
        for name, worker in self._workers.items():
            if name.startswith("submit"):
                clients = [worker.submissions.consultations._client]
            else:
                alerts = worker.staff_alerts
                clients = [
                    part._client
                    for part in (alerts.consultations, alerts.mail.mailer, alerts.dead_letters)
                ]
            for client in clients:
                client.meta.events.register_first("before-send", self._before_send)
                self._undo.callback(client.meta.events.unregister, "before-send", self._before_send)

    def _before_send(
        self, request: AWSPreparedRequest, event_name: str, **_: object
    ) -> AWSResponse:
        service = event_name.split(".")[1]
        if not self._invocations:
            return self._answer(service, request)
        invocation = self._invocations[-1]
        fault = invocation.plan.get(invocation.calls)
        invocation.calls += 1
        if isinstance(fault, Interruption):
            fault.run()
            fault = None
        self._clock.shift(timedelta(milliseconds=5))
        if self.now >= invocation.deadline:
            invocation.strike()
            raise Crash
        fault = fault or self.outages.get(service)
        if fault is None or (service != "sesv2" and fault in _SES_ERRORS.keys() - _DYNAMODB_ERRORS):
            return self._answer(service, request)
        try:
            return self._strike(fault, service, request)
        finally:
            invocation.strike()

    def _strike(self, fault: str, service: str, request: AWSPreparedRequest) -> AWSResponse:
        match fault:
            case "unreachable":
                self._clock.shift(1)
                raise ConnectTimeoutError(endpoint_url=request.url)
            case "crash_before":
                raise Crash
            case "crash_after":
                self._answer(service, request)
                raise Crash
            case "answer_lost" | "unanswered":
                if fault == "answer_lost":
                    self._answer(service, request)
                self._clock.shift(5 if service == "sesv2" else 2)
                raise ReadTimeoutError(endpoint_url=request.url)
            case _ if service == "sesv2":
                return _error(request, *_SES_ERRORS[fault])
            case _:
                return _error(request, *_DYNAMODB_ERRORS[fault])

    def _answer(self, service: str, request: AWSPreparedRequest) -> AWSResponse:
        if service == "dynamodb":
            answer = botocore_stubber.process_request(request)
            assert answer
            status, headers, content = answer
            return _raw_response(request, status, headers, content)
        body = json.loads(cast(bytes, request.body))
        if service == "sqs":
            self.letters.append(json.loads(body["MessageBody"]))
            return _response(request, 200, {"MessageId": "letter"})
        text = body["Content"]["Simple"]["Body"]["Text"]["Data"]
        if REJECTED_BY_SES in text:
            return _error(request, *_SES_ERRORS["rejected"])
        mail = Mail(
            tuple(sorted(set(_REFERENCES.findall(text)))),
            f"mail-{len(self.mails)}",
            tuple(body["Destination"]["ToAddresses"]),
            text,
        )
        self.mails.append(mail)
        self._invocations[-1].accepted.append(mail)
        return _response(request, 200, {"MessageId": mail.message_id})


def _error(request: AWSPreparedRequest, status: int, code: str, message: str = "") -> AWSResponse:
    return _response(request, status, {"__type": code, "message": message}, code=code)


def _response(
    request: AWSPreparedRequest, status: int, document: Mapping[str, Any], code: str = ""
) -> AWSResponse:
    body = json.dumps(document).encode()
    headers = {"content-type": "application/json", "content-length": str(len(body))}
    if code:
        headers["x-amzn-errortype"] = code
    return _raw_response(request, status, headers, body)


def _raw_response(
    request: AWSPreparedRequest, status: int, headers: Mapping[str, Any], body: str | bytes
) -> AWSResponse:
    # moto answers from memory; the stubs know answers from the network only.
    raw = cast(HTTPResponse, MockRawResponse(body))
    return AWSResponse(request.url, status, HTTPHeaders.from_dict(dict(headers)), raw)


def metrics(printed: str, name: str) -> Sequence[float]:
    """The values of a metric in what was printed."""
    return list(_metric_values(printed, name))


def _metric_values(printed: str, name: str) -> Iterator[float]:
    for line in printed.splitlines():
        if f'"{name}":' in line and line.startswith('{"_aws"'):
            yield float(json.loads(line)[name][0])
