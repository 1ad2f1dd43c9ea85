"""What the lean client sends is what botocore's own client would have sent."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import boto3
import pytest
import time_machine
from botocore.awsrequest import AWSPreparedRequest, AWSResponse, HeadersDict
from botocore.config import Config
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from consultations.aws import dynamodb_client
from consultations.lean_client import make_lean

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

NOW = datetime(2026, 11, 24, 23, 59, 58, tzinfo=UTC)
TEXT = st.text(max_size=40)
VALUE = st.one_of(
    st.builds(lambda text: {"S": text}, TEXT),
    st.builds(lambda number: {"N": str(number)}, st.integers()),
    st.builds(lambda truth: {"BOOL": truth}, st.booleans()),
    st.builds(lambda texts: {"L": [{"S": text} for text in texts]}, st.lists(TEXT, max_size=3)),
    st.builds(
        lambda map_: {"M": {key: {"S": text} for key, text in map_.items()}},
        st.dictionaries(TEXT, TEXT, max_size=3),
    ),
)
ITEM = st.dictionaries(TEXT, VALUE, min_size=1, max_size=8)


class _Answer:
    """The body of an answer, as urllib3 would give it."""

    def stream(self) -> list[bytes]:
        return [b"{}"]


def sent_by(client: "DynamoDBClient", operation: str, **parameters: Any) -> AWSPreparedRequest:  # noqa: ANN401 - a call's
    """The request of a call, taken as it would leave."""
    taken: list[AWSPreparedRequest] = []

    def take(request: AWSPreparedRequest, **_: object) -> AWSResponse:
        taken.append(request)
        return AWSResponse(request.url, 200, {}, _Answer())  # type: ignore[arg-type] # enough of one

    events: Any = client.meta.events
    events.register_last("before-send.dynamodb", take)
    try:
        getattr(client, operation)(**parameters)
    finally:
        events.unregister("before-send.dynamodb", take)
    (request,) = taken
    return request


def plain_client(**options: Any) -> "DynamoDBClient":  # noqa: ANN401 - a client's
    config = Config(
        parameter_validation=False,
        user_agent="consultations",
        account_id_endpoint_mode="disabled",
        disable_request_compression=True,
        request_checksum_calculation="when_required",
    )
    return boto3.client("dynamodb", config=config, **options)


def lean_client(**options: Any) -> "DynamoDBClient":  # noqa: ANN401 - a client's
    client = plain_client(**options)
    make_lean(client)
    return client


def text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value


def parts(request: AWSPreparedRequest) -> tuple[object, ...]:
    headers = {name.lower(): text(value) for name, value in request.headers.items()}
    return request.method, request.url, request.body, headers


@pytest.fixture(autouse=True)
def _one_invocation(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each call gets an id of its own from botocore; here they are all the same."""
    monkeypatch.setattr("botocore.endpoint.uuid.uuid4", lambda: UUID(int=0))


def assert_same(operation: str, parameters: dict[str, Any], **options: Any) -> None:  # noqa: ANN401 - a client's
    with time_machine.travel(NOW, tick=False):
        lean = sent_by(lean_client(**options), operation, **parameters)
        plain = sent_by(plain_client(**options), operation, **parameters)

    assert parts(lean) == parts(plain)
    assert "Signature=" in text(lean.headers["Authorization"])


PUT = {"TableName": "consultations", "Item": {"id": {"S": "7K2Q-XM4D-9TPA"}}}
LEAN, PLAIN = lean_client(), plain_client()


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(ITEM)
def test_any_item_is_put_as_botocore_puts_it(item: dict[str, Any]) -> None:
    put = {**PUT, "Item": item, "ConditionExpression": "attribute_not_exists(id)"}

    with time_machine.travel(NOW, tick=False):
        sent = [parts(sent_by(client, "put_item", **put)) for client in (LEAN, PLAIN)]

    assert sent[0] == sent[1]


@pytest.mark.parametrize(
    ("operation", "parameters"),
    [
        ("put_item", PUT),
        (
            "update_item",
            {
                "TableName": "consultations",
                "Key": {"id": {"S": "é"}, "record": {"S": "consultation"}},
                "UpdateExpression": "SET a = :a ADD b :b",
                "ExpressionAttributeNames": {"#a": "a"},
                "ExpressionAttributeValues": {":a": {"S": "’"}, ":b": {"N": "1"}},
                "ReturnValues": "ALL_NEW",
            },
        ),
        ("get_item", {"TableName": "t", "Key": {"id": {"S": "a"}}, "ConsistentRead": True}),
        ("delete_item", {"TableName": "t", "Key": {"id": {"S": "a"}}}),
        ("query", {"TableName": "t", "KeyConditionExpression": "id = :id", "Limit": 3}),
        (
            "transact_write_items",
            {"TransactItems": [{"Put": PUT}], "ClientRequestToken": "a token"},
        ),
    ],
)
def test_every_operation_is_sent_as_botocore_sends_it(
    operation: str, parameters: dict[str, Any]
) -> None:
    assert_same(operation, parameters)


@pytest.mark.parametrize(
    "options",
    [
        {"region_name": "eu-central-1"},
        {"region_name": "us-gov-west-1"},
        {"endpoint_url": "http://127.0.0.1:8787"},
        {"endpoint_url": "https://dynamodb.example.com:443"},
        {"endpoint_url": "https://example.com/below/the root"},
        {"aws_access_key_id": "another", "aws_secret_access_key": "pair"},
        {
            "aws_access_key_id": "a",
            "aws_secret_access_key": "role's",
            "aws_session_token": "with  a token ",
        },
    ],
)
def test_wherever_and_whoever_it_is_sent_by(options: dict[str, str]) -> None:
    assert_same("put_item", PUT, **options)


def test_the_functions_get_the_lean_client() -> None:
    with time_machine.travel(NOW, tick=False):
        ours = sent_by(dynamodb_client(), "put_item", **PUT)

    # What only the lean one does: plain headers for urllib3.
    headers: object = ours.headers
    assert not isinstance(headers, HeadersDict)
