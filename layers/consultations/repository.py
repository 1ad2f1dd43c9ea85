"""The table of consultations: every DynamoDB call of the product.

The table enforces what must hold: an id is stored once, an alert is claimed by one worker at a
time, and nothing is written to a consultation that is no longer there.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal, cast
from uuid import uuid4

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.exceptions import BotoCoreError, ClientError

from consultations.aws import error_code
from consultations.consultation import Consultation

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

RECORD = "consultation"
"""The sort key of the consultation itself; other records about it may stand beside it."""

PENDING_ALERTS_INDEX = "pending_alerts"
EMAIL_INDEX = "by_email"
PHONE_INDEX = "by_phone"
_PENDING = "alert"

AUDIT = "audit"
"""The partition of the records of who did what to consultations."""
AUDIT_RETENTION = timedelta(days=2192)
"""Six years, as 45 CFR 164.316(b)(2)(i) has it."""

_TIMES = frozenset({"received_at"})
_EPOCH_TIMES = frozenset({"keep_until"})

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


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """What somebody did to consultations. Holds nothing of the person who wrote them."""

    action: Literal["export", "erase", "release"]
    found_by: Literal["id", "email", "phone"]
    consultations: tuple[str, ...]
    by: str
    at: datetime


class ConsultationRepository:
    """The consultations of one table.

    `expires_at`, which DynamoDB deletes by, is there only when no alert is pending.
    """

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
        """Record that the alert was handed to SES; it is no longer pending, and may expire."""
        self._update(
            id_,
            "SET alerted_at = :now, alert_message_id = :message_id, expires_at = keep_until"
            " REMOVE pending, claimed_until, alert_error",
            {":now": timestamp(now), ":message_id": message_id},
        )

    def pending_alert_ids(self) -> Iterator[str]:
        """The ids of all consultations whose alert is outstanding, the oldest first.

        The index is eventually consistent: claim_alert decides.
        """
        return self._ids_in(PENDING_ALERTS_INDEX, "pending", _PENDING)

    def ids_with_email(self, digest: str) -> Iterator[str]:
        """The ids of all consultations with this e-mail address, the oldest first."""
        return self._ids_in(EMAIL_INDEX, "email_digest", digest)

    def ids_with_phone(self, digest: str) -> Iterator[str]:
        """The ids of all consultations with this phone number, the oldest first."""
        return self._ids_in(PHONE_INDEX, "phone_digest", digest)

    def records(self, id_: str) -> list[dict[str, Any]]:
        """All that is stored under this id, the consultation and what stands beside it."""
        return [_plain(item) for item in self._items(id_)]

    def erase(self, id_: str) -> int:
        """Delete all that is stored under this id, and say how many records that were."""
        items = list(self._items(id_))
        for item in items:
            self._client.delete_item(
                TableName=self._table_name, Key={"id": item["id"], "record": item["record"]}
            )
        return len(items)

    def release(self, id_: str, *, now: datetime, keep_until: datetime) -> bool:
        """Accept a quarantined consultation, its alert pending as if it were new.

        False if there is none with this id: unknown, erased, or never held back.
        """
        try:
            self._client.update_item(
                TableName=self._table_name,
                Key=_key(id_),
                UpdateExpression=(
                    "SET #status = :accepted, released_at = :now, keep_until = :keep_until,"
                    " pending = :pending REMOVE expires_at"
                ),
                ConditionExpression="#status = :quarantined",
                ExpressionAttributeNames={"#status": "status"},
                ExpressionAttributeValues={
                    ":accepted": _serialize("accepted"),
                    ":quarantined": _serialize("quarantined"),
                    ":now": _serialize(timestamp(now)),
                    ":keep_until": _serialize(int(keep_until.timestamp())),
                    ":pending": _serialize(_PENDING),
                },
            )
        except self._client.exceptions.ConditionalCheckFailedException:
            return False
        return True

    def add_audit(self, entry: AuditEntry) -> None:
        """Keep what was done to consultations, by whom and when."""
        self._client.put_item(
            TableName=self._table_name,
            Item={
                "id": _serialize(AUDIT),
                "record": _serialize(f"{timestamp(entry.at)} {uuid4()}"),
                "action": _serialize(entry.action),
                "found_by": _serialize(entry.found_by),
                "by": _serialize(entry.by),
                "consultations": _serialize(list(entry.consultations)),
                "expires_at": _serialize(int((entry.at + AUDIT_RETENTION).timestamp())),
            },
        )

    def _items(self, id_: str) -> Iterator[Mapping[str, Any]]:
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table_name,
            KeyConditionExpression="id = :id",
            ExpressionAttributeValues={":id": _serialize(id_)},
            ConsistentRead=True,
        )
        for page in pages:
            yield from page["Items"]

    def _ids_in(self, index: str, attribute: str, value: str) -> Iterator[str]:
        """The ids in an index, which is eventually consistent."""
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table_name,
            IndexName=index,
            KeyConditionExpression="#attribute = :value",
            ExpressionAttributeNames={"#attribute": attribute},
            ExpressionAttributeValues={":value": _serialize(value)},
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
    attributes = {
        field.name: _attribute(field.name, getattr(consultation, field.name))
        for field in fields(consultation)
    } | {"record": RECORD}
    if consultation.status == "accepted":
        attributes["pending"] = _PENDING
    else:
        attributes["expires_at"] = attributes["keep_until"]
    return {name: _serialize(value) for name, value in attributes.items() if value is not None}


def _attribute(name: str, value: Any) -> Any:
    if name in _TIMES:
        return timestamp(value)
    if name in _EPOCH_TIMES:
        return int(value.timestamp())
    return list(value) if isinstance(value, tuple) else value


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
