"""The table of consultations: every DynamoDB call of the product.

The table enforces what must hold: an id is stored once, an alert is claimed by one worker at a
time, and nothing is written to a consultation that is no longer there.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, cast

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.exceptions import BotoCoreError, ClientError

from consultations.aws import error_code
from consultations.consultation import Consultation

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from consultations.mail_event import MailEvent

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
class PendingAlert:
    """An alert that is outstanding, and since when."""

    id: str
    received_at: datetime


class ClaimedAlert:
    """A consultation whose alert this worker alone may send until the claim runs out."""

    def __init__(self, item: Mapping[str, Any]) -> None:
        self._item = item
        self.id: str = item["id"]
        self.until: str = item["claimed_until"]
        self.attempt = int(item["alert_attempts"])
        self.correlation_id: str | None = item.get("correlation_id")
        self.last_error: str | None = item.get("alert_error")

    @property
    def consultation(self) -> Consultation:
        """The consultation itself. Raises whatever an item that can't be read causes."""
        return _consultation(self._item)


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
        """Claim a pending alert that nobody holds and whose time has come; None if there is none.

        A claim whose answer is lost holds all the same: the alert waits until it runs out.
        """
        try:
            answer = self._client.update_item(
                TableName=self._table_name,
                Key=_key(id_),
                UpdateExpression="SET claimed_until = :until ADD alert_attempts :one",
                ConditionExpression=(
                    "attribute_exists(pending)"
                    " AND (attribute_not_exists(claimed_until) OR claimed_until <= :now)"
                    " AND (attribute_not_exists(postponed_until) OR postponed_until <= :now)"
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
        return ClaimedAlert(_plain(answer["Attributes"]))

    def postpone_alert(
        self, claim: ClaimedAlert, *, until: datetime, fault: str, reason: str
    ) -> None:
        """Give the claim back, note what went wrong, and keep the alert pending until then.

        A claim that ran out is not this worker's to give back: nothing is written.
        """
        self._update(
            claim.id,
            "SET postponed_until = :until, alert_fault = :fault, alert_error = :reason"
            " REMOVE claimed_until",
            {":until": timestamp(until), ":fault": fault, ":reason": reason, ":mine": claim.until},
            condition="attribute_exists(pending) AND claimed_until = :mine",
        )

    def release_alert(self, id_: str) -> None:
        """Lift the waiting time of a pending alert. A claim that a worker holds stays held."""
        self._update(id_, "REMOVE postponed_until", {}, condition="attribute_exists(pending)")

    def mark_alerted(self, id_: str, *, now: datetime, message_id: str) -> None:
        """Record that the alert was handed to SES; it is no longer pending."""
        self._update(
            id_,
            "SET alerted_at = :now, alert_message_id = :message_id"
            " REMOVE pending, claimed_until, postponed_until, alert_fault, alert_error",
            {":now": timestamp(now), ":message_id": message_id},
            condition="attribute_exists(id)",
        )

    def pending_alerts(self) -> Iterator[PendingAlert]:
        """All consultations whose alert is outstanding, the oldest first.

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
                yield PendingAlert(
                    item["id"]["S"], datetime.fromisoformat(item["received_at"]["S"])
                )

    def is_alerted(self, id_: str) -> bool:
        """Whether the alert of this consultation was handed to SES."""
        answer = self._client.get_item(
            TableName=self._table_name,
            Key=_key(id_),
            ProjectionExpression="alerted_at",
            ConsistentRead=True,
        )
        return "alerted_at" in answer.get("Item", {})

    def remove_heartbeat(self, id_: str) -> None:
        """Delete a test submission. Raises ClientError if it is a person's or not there."""
        self._client.delete_item(
            TableName=self._table_name,
            Key=_key(id_),
            ConditionExpression="heartbeat = :true",
            ExpressionAttributeValues={":true": _serialize(True)},  # noqa: FBT003 - a value
        )

    def add_mail_event(
        self, event: "MailEvent", mailboxes: Sequence[str], *, expires_at: datetime
    ) -> None:
        """Keep what became of a mail beside its consultation, once; nothing if that was erased."""
        item = {
            "id": event.consultation_id,
            "record": f"event#{timestamp(event.at)}#{event.id}",
            "kind": event.kind,
            "reason": event.reason,
            "mailboxes": list(mailboxes),
            "expires_at": int(expires_at.timestamp()),
        }
        try:
            self._client.transact_write_items(
                TransactItems=[
                    {
                        "ConditionCheck": {
                            "TableName": self._table_name,
                            "Key": _key(event.consultation_id),
                            "ConditionExpression": "attribute_exists(id)",
                        }
                    },
                    {
                        "Put": {
                            "TableName": self._table_name,
                            "Item": _serialized(item),
                        }
                    },
                ]
            )
        except self._client.exceptions.TransactionCanceledException as error:
            reasons = cast(dict[str, Any], error.response)["CancellationReasons"]
            if reasons[0]["Code"] != "ConditionalCheckFailed":
                raise

    def _update(
        self, id_: str, expression: str, values: Mapping[str, str], *, condition: str
    ) -> None:
        """Change a consultation unless the condition fails, as it does for one that was erased."""
        # An expression without values may not be given an empty set of them.
        given: Any = {"ExpressionAttributeValues": _serialized(values)} if values else {}
        try:
            self._client.update_item(
                TableName=self._table_name,
                Key=_key(id_),
                UpdateExpression=expression,
                ConditionExpression=condition,
                **given,
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


def _serialized(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _serialize(value) for name, value in values.items()}


def _attribute(value: Any) -> Any:
    """The attribute value of a field, for a fraction of what boto3's serializer costs."""
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
