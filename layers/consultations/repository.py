"""The table of consultations: every DynamoDB call of the product.

The table enforces what must hold: an id is stored once, an alert is claimed by one worker at a
time, and nothing is written to a consultation that is no longer there.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, cast

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.exceptions import BotoCoreError, ClientError

from consultations.aws import error_code
from consultations.consultation import Consultation

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

RECORD = "consultation"
"""The sort key of the consultation itself; other records about it may stand beside it."""

PENDING_ALERTS_INDEX = "pending_alerts"
_PENDING = "alert"

_TIMES = frozenset({"received_at"})
_EPOCH_TIMES = frozenset({"expires_at"})

_ATTRIBUTES = tuple(field.name for field in fields(Consultation) if field.name != "expires_at")

_serialize = TypeSerializer().serialize
_deserialize = TypeDeserializer().deserialize


class NotStoredError(Exception):
    """The table did not confirm the write. It may have taken effect all the same."""


@dataclass(frozen=True, slots=True)
class Added:
    """How an addition ended, and when the consultation with this id was first received."""

    outcome: Literal["stored", "replayed", "key_reused"]
    received_at: datetime


@dataclass(frozen=True, slots=True)
class ClaimedAlert:
    """A consultation whose alert this worker alone may send until the claim runs out."""

    consultation: Consultation
    attempt: int


class ConsultationRepository:
    """The consultations of one table."""

    def __init__(self, client: "DynamoDBClient", table_name: str) -> None:
        self._client = client
        self._table_name = table_name

    def add(self, consultation: Consultation) -> Added:
        """Store a consultation unless its id is taken: one conditional PutItem.

        An accepted one is stored with its alert pending. Raises NotStoredError.
        """
        try:
            self._client.put_item(
                TableName=self._table_name,
                Item=_item(consultation),
                ConditionExpression="attribute_not_exists(id)",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except self._client.exceptions.ConditionalCheckFailedException as error:
            response = cast(dict[str, Any], error.response)  # the stubs leave "Item" out
            return _already_there(consultation, response["Item"])
        except (ClientError, BotoCoreError) as error:
            raise NotStoredError(error_code(error)) from None
        return Added("stored", consultation.received_at)

    def claim_alert(self, id_: str, *, now: datetime, until: datetime) -> ClaimedAlert | None:
        """Claim a pending alert that nobody holds; None if there is none."""
        try:
            answer = self._client.update_item(
                TableName=self._table_name,
                Key=_key(id_),
                UpdateExpression="SET claimed_until = :until ADD alert_attempts :one",
                ConditionExpression=(
                    "attribute_exists(pending)"
                    " AND (attribute_not_exists(claimed_until) OR claimed_until <= :now)"
                ),
                ExpressionAttributeValues={
                    ":now": _serialize(timestamp(now)),
                    ":until": _serialize(timestamp(until)),
                    ":one": _serialize(1),
                },
                ReturnValues="ALL_NEW",
            )
        except self._client.exceptions.ConditionalCheckFailedException:
            return None
        item = _plain(answer["Attributes"])
        return ClaimedAlert(_consultation(item), attempt=int(item["alert_attempts"]))

    def postpone_alert(self, id_: str, *, until: datetime, reason: str) -> None:
        """Keep the alert pending, not to be claimed before `until`, and note what went wrong."""
        self._update(
            id_,
            "SET claimed_until = :until, alert_error = :reason",
            {":until": timestamp(until), ":reason": reason},
        )

    def mark_alerted(self, id_: str, *, now: datetime, message_id: str) -> None:
        """Record that the alert was handed to SES; it is no longer pending."""
        self._update(
            id_,
            "SET alerted_at = :now, alert_message_id = :message_id"
            " REMOVE pending, claimed_until, alert_error",
            {":now": timestamp(now), ":message_id": message_id},
        )

    def pending_alert_ids(self) -> Iterator[str]:
        """The ids of all consultations whose alert is outstanding, the oldest first.

        The index is eventually consistent: claim_alert decides.
        """
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table_name,
            IndexName=PENDING_ALERTS_INDEX,
            KeyConditionExpression="pending = :pending",
            ExpressionAttributeValues={":pending": _serialize(_PENDING)},
        )
        for page in pages:
            for item in page["Items"]:
                yield item["id"]["S"]

    def _update(self, id_: str, expression: str, values: Mapping[str, str]) -> None:
        """Change a consultation that is still there; one that was erased meanwhile stays erased."""
        try:
            self._client.update_item(
                TableName=self._table_name,
                Key=_key(id_),
                UpdateExpression=expression,
                ConditionExpression="attribute_exists(id)",
                ExpressionAttributeValues={
                    name: _serialize(value) for name, value in values.items()
                },
            )
        except self._client.exceptions.ConditionalCheckFailedException:
            return


def timestamp(time: datetime) -> str:
    """UTC in ISO 8601 to the millisecond; texts of this form sort like the times they stand for."""
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _key(id_: str) -> Any:
    return {"id": _serialize(id_), "record": _serialize(RECORD)}


def _item(consultation: Consultation) -> dict[str, Any]:
    item = {
        name: _attribute(value)
        for name in _ATTRIBUTES
        if (value := getattr(consultation, name)) is not None
    }
    item["record"] = {"S": RECORD}
    item["expires_at"] = {"N": str(int(consultation.expires_at.timestamp()))}
    if consultation.status == "accepted":
        item["pending"] = {"S": _PENDING}
    return item


def _attribute(value: Any) -> Any:
    """The attribute value of a field: each type that they have, and a fraction of the cost of
    boto3's serializer, which looks for ten."""
    match value:
        case str():
            return {"S": value}
        case bool():
            return {"BOOL": value}
        case datetime():
            return {"S": timestamp(value)}
        case tuple():
            return {"L": [{"S": each} for each in value]}
        case dict():
            return {"M": {name: {"S": each} for name, each in value.items()}}
    raise TypeError(f"no attribute is a {type(value).__name__}")


def _plain(item: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _deserialize(value) for name, value in item.items()}


def _consultation(item: Mapping[str, Any]) -> Consultation:
    """The consultation in an item; an attribute that is not there is None."""
    return Consultation(
        **{field.name: _value(field.name, item.get(field.name)) for field in fields(Consultation)}
    )


def _value(name: str, attribute: Any) -> Any:
    if name in _TIMES:
        return datetime.fromisoformat(attribute)
    if name in _EPOCH_TIMES:
        return datetime.fromtimestamp(int(attribute), UTC)
    return tuple(attribute) if isinstance(attribute, list) else attribute


def _already_there(consultation: Consultation, item: Mapping[str, Any]) -> Added:
    stored = _plain(item)
    same = stored["fingerprint"] == consultation.fingerprint
    return Added(
        "replayed" if same else "key_reused", datetime.fromisoformat(stored["received_at"])
    )
