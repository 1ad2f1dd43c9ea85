"""Valid examples to start from; a test names only what matters to it. Everyone here is invented."""

import base64
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlencode

from aws_lambda_powertools.utilities.typing import LambdaContext

from consultations.clinic import Clinic, load_clinic
from consultations.consultation import Consultation, Retention
from consultations.consultation_request import ConsultationRequest, consultation_request
from consultations.http_request import HttpRequest
from consultations.screening import screen

EVENTS = Path(__file__).parent.parent / "events"
CLINIC: Clinic = load_clinic()
ORIGIN = "https://www.example.com"
SALT = "salt-of-the-tests"
NOW = datetime(2026, 1, 31, 16, 30, tzinfo=UTC)
RETENTION = Retention(accepted=730, quarantined=90)


def event(name: str) -> dict[str, Any]:
    """A file of events/."""
    document: dict[str, Any] = json.loads((EVENTS / name).read_text(encoding="utf-8"))
    return document


def fields(**changes: object) -> dict[str, Any]:
    """The fields of a valid request; a field changed to `...` is left out."""
    valid: dict[str, Any] = {
        "full_name": "Ana Ejemplo",
        "preferred_contact": "call",
        "phone": "(480) 555-0123",
        "location": "mesa",
        "age_18_plus": True,
        "consent_to_contact": True,
        "ack_not_emergency": True,
    }
    return {name: value for name, value in (valid | changes).items() if value is not ...}


def a_request(**changes: object) -> ConsultationRequest:
    """A valid request."""
    return consultation_request(fields(**changes), CLINIC)


def a_consultation(**changes: object) -> Consultation:
    """A consultation as it is stored."""
    request = a_request(**changes)
    return Consultation.received(
        request,
        screen(request, received_at=NOW),
        key=None,
        id_salt=SALT,
        received_at=NOW,
        correlation_id="correlation-1",
        clinic=CLINIC,
        retention=RETENTION,
    )


def a_post(
    body: bytes | str | dict[str, Any] | None = None,
    *,
    method: str = "POST",
    content_type: str | None = "application/json",
    **headers: str,
) -> dict[str, Any]:
    """An API Gateway event; a dict is sent as JSON, `headers` with _ for -."""
    if body is None:
        body = fields()
    sent = json.dumps(body, ensure_ascii=False) if isinstance(body, dict) else body
    sent_bytes = sent.encode() if isinstance(sent, str) else sent
    posted = event("post_json.json")
    posted["httpMethod"] = method
    posted["headers"] = {
        **({"Content-Type": content_type} if content_type is not None else {}),
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    posted["body"] = base64.b64encode(sent_bytes).decode()
    posted["isBase64Encoded"] = True
    return posted


def an_http_request(
    body: bytes | str | dict[str, Any] | None = None,
    *,
    content_type: str | None = "application/json",
    **headers: str,
) -> HttpRequest:
    """A request as the function reads it."""
    return HttpRequest.from_event(a_post(body, content_type=content_type, **headers))


def a_get(
    resource: str,
    *,
    query: dict[str, str] | None = None,
    url_path: str | None = None,
    path_parameters: dict[str, str] | None = None,
    **headers: str,
) -> HttpRequest:
    """A browser's request for a page, `headers` with _ for -."""
    return HttpRequest.from_event(
        a_get_event(
            resource,
            query=query,
            url_path=url_path,
            path_parameters=path_parameters,
            **headers,
        )
    )


def a_get_event(
    resource: str,
    *,
    query: dict[str, str] | None = None,
    url_path: str | None = None,
    path_parameters: dict[str, str] | None = None,
    **headers: str,
) -> dict[str, Any]:
    """The API Gateway event of it."""
    page = event("get_form.json")
    page["resource"] = resource
    page["queryStringParameters"] = query
    page["pathParameters"] = path_parameters
    page["requestContext"]["path"] = url_path or f"/dev{resource}"
    page["headers"] |= {name.replace("_", "-"): value for name, value in headers.items()}
    return page


def urlencoded(**changes: object) -> bytes:
    """The body of an HTML form: ticked boxes are on, unticked ones are not there."""
    pairs: list[tuple[str, str]] = []
    for name, value in fields(**changes).items():
        values = value if isinstance(value, list) else [value]
        pairs += [(name, "on" if each is True else each) for each in values if each is not False]
    return urlencode(pairs).encode()


@dataclass
class _Context:
    function_name: str = "function"
    memory_limit_in_mb: int = 512
    invoked_function_arn: str = "arn:aws:lambda:us-east-1:123456789012:function:function"
    aws_request_id: str = "00000000-0000-4000-8000-000000000000"
    remaining_ms: int = 180_000

    def get_remaining_time_in_millis(self) -> int:
        return self.remaining_ms


def a_context(*, remaining_ms: int = 180_000) -> LambdaContext:
    """What Lambda tells a function about its invocation."""
    return cast("LambdaContext", _Context(remaining_ms=remaining_ms))


def stream_event(*ids: str) -> dict[str, Any]:
    """The stream's records of these new consultations."""
    records = event("stream_records.json")
    template = json.dumps(records["Records"][0])
    records["Records"] = [json.loads(template.replace("7K2Q-XM4D-9TPA", id_)) for id_ in ids]
    for number, record in enumerate(records["Records"]):
        record["dynamodb"]["SequenceNumber"] = str(number)
    return records
