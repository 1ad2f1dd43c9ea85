"""Restore the table to a point in time, beside the live one, and see whether all of it is there.

`./consultations restore-drill` restores, sets what a restore leaves out, compares, says how long it
took and removes the restored table again, unless it is to be kept; `copy-back` brings what the live
table lacks back from one that was kept. Only ids are shown.

What a restore leaves out:
docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_RestoreTableToPointInTime.html
"""

import hashlib
import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from consultations.repository import AUDIT

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import TableDescriptionTypeDef

Item = Mapping[str, Any]

POLL_SECONDS = 10.0
"""A restore takes minutes at least, however little there is."""
BATCH = 100
"""Keys of one BatchGetItem, the most there may be."""
SHOWN = 20
"""Ids in a report; more of them would say no more."""

_ISO_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d")
_TYPED = frozenset({"form_opened_at"})
"""Times that came with the request: they say nothing of when the item was changed."""


@dataclass(slots=True, kw_only=True)
class Comparison:
    """The live table's items against the restored ones; items as `id record`."""

    same: int = 0
    changed_since: int = 0
    """Written or changed in the live table after the point in time, by their own times."""
    restored_only: int = 0
    """Erased or expired in the live table since, or lost there."""
    missing: list[str] = field(default_factory=list)
    """In the live table since before the point in time, and not restored."""
    differing: list[str] = field(default_factory=list)
    """Restored otherwise, without a time that would explain it."""

    @property
    def complete(self) -> bool:
        """Whether everything was restored that should have been, as it was."""
        return not self.missing and not self.differing


def restore_drill(
    dynamodb: "DynamoDBClient",
    table: str,
    *,
    target: str,
    at: datetime | None = None,
    keep: bool = False,
    say: Callable[[str], None],
    poll_seconds: float = POLL_SECONDS,
) -> Comparison:
    """Restore `table` as it was `at` (the latest there is, if None) to the new table `target`.

    The restored table is removed again unless it is to be kept or something is amiss. Raises
    ValueError if the table has no point-in-time recovery, and botocore's ClientError if `at` is out
    of its window or `target` exists.
    """
    started_at = time.monotonic()
    at = at or latest_restorable(dynamodb, table)
    say(f"Restoring {table} as of {at:%Y-%m-%d %H:%M:%S} UTC to {target}")
    restore(dynamodb, table, target=target, at=at, poll_seconds=poll_seconds)
    say(f"Restored after {time.monotonic() - started_at:.0f} s; setting what a restore leaves out")
    for setting in set_what_a_restore_leaves_out(dynamodb, table, target=target):
        say(f"  {setting}")
    _until_active(dynamodb, target, poll_seconds)
    comparison = compare(dynamodb, live=table, restored=target, at=at)
    for line in report(comparison):
        say(line)
    if keep or not comparison.complete:
        say(f"{target} stays. It holds personal data: delete it when you are done with it.")
    else:
        remove(dynamodb, target)
        say(f"{target} is deleted again.")
    say(f"The drill took {time.monotonic() - started_at:.0f} s.")
    return comparison


def latest_restorable(dynamodb: "DynamoDBClient", table: str) -> datetime:
    """The latest point in time to restore to, about five minutes ago on AWS.

    Raises ValueError if the table has no point-in-time recovery.
    """
    backups = dynamodb.describe_continuous_backups(TableName=table)
    recovery = backups["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
    if recovery["PointInTimeRecoveryStatus"] != "ENABLED":
        raise ValueError(f"the table {table} has no point-in-time recovery")
    return recovery["LatestRestorableDateTime"].astimezone(UTC)


def restore(
    dynamodb: "DynamoDBClient", table: str, *, target: str, at: datetime, poll_seconds: float
) -> None:
    """Restore to a new table, with the indexes and the key of the live one, and wait for it."""
    dynamodb.restore_table_to_point_in_time(
        SourceTableName=table, TargetTableName=target, RestoreDateTime=at
    )
    _until_active(dynamodb, target, poll_seconds)


def set_what_a_restore_leaves_out(
    dynamodb: "DynamoDBClient", table: str, *, target: str
) -> Iterator[str]:
    """Give the restored table what the live one has, and name each setting as it is done."""
    live = _described(dynamodb, table)
    restored = _described(dynamodb, target)
    dynamodb.update_continuous_backups(
        TableName=target, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
    )
    yield "point-in-time recovery"
    ttl = dynamodb.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
    if "AttributeName" in ttl:
        dynamodb.update_time_to_live(
            TableName=target,
            TimeToLiveSpecification={"Enabled": True, "AttributeName": ttl["AttributeName"]},
        )
        yield f"expiry by {ttl['AttributeName']}"
    if stream := live.get("StreamSpecification"):
        if "StreamSpecification" not in restored:
            dynamodb.update_table(TableName=target, StreamSpecification=stream)
            _until_active(dynamodb, target, poll_seconds=1)
        yield f"stream of {stream['StreamViewType']}"
    dynamodb.update_table(TableName=target, DeletionProtectionEnabled=True)
    yield "deletion protection"
    tags = [
        tag
        for page in dynamodb.get_paginator("list_tags_of_resource").paginate(
            ResourceArn=live["TableArn"]
        )
        for tag in page["Tags"]
        if not tag["Key"].startswith("aws:")  # CloudFormation's own; nobody else may set them
    ]
    if tags:
        dynamodb.tag_resource(ResourceArn=restored["TableArn"], Tags=tags)
    yield f"{len(tags)} tags"


def compare(dynamodb: "DynamoDBClient", *, live: str, restored: str, at: datetime) -> Comparison:
    """Every item of the live table against the restored one, a page of each at a time."""
    comparison = Comparison()
    found = 0
    for batch in _batches(_scan(dynamodb, live)):
        counterparts = _by_key(_get(dynamodb, restored, batch))
        found += len(counterparts)
        for item in batch:
            counterpart = counterparts.get(_key(item))
            if counterpart is not None and fingerprint(item) == fingerprint(counterpart):
                comparison.same += 1
            elif last_change(item) >= at:
                comparison.changed_since += 1
            elif counterpart is None:
                comparison.missing.append(" ".join(_key(item)))
            else:
                comparison.differing.append(" ".join(_key(item)))
    comparison.restored_only = sum(1 for _ in _scan(dynamodb, restored)) - found
    return comparison


def lacking(
    dynamodb: "DynamoDBClient", *, restored: str, live: str, now: datetime
) -> Iterator[Item]:
    """What the live table lacks of the restored one and should have.

    That is not what was erased at a person's request since, nor what has expired.
    """
    erased = {
        reference["S"]
        for page in dynamodb.get_paginator("query").paginate(
            TableName=live,
            KeyConditionExpression="id = :audit",
            FilterExpression="#action = :erase",
            ExpressionAttributeNames={"#action": "action"},
            ExpressionAttributeValues={":audit": {"S": AUDIT}, ":erase": {"S": "erase"}},
        )
        for entry in page["Items"]
        for reference in entry["consultations"]["L"]
    }
    for batch in _batches(_scan(dynamodb, restored)):
        there = _by_key(_get(dynamodb, live, batch))
        for item in batch:
            gone_for_good = item["id"]["S"] in erased or _expired(item, now)
            if _key(item) not in there and not gone_for_good:
                yield item


def copy_back(dynamodb: "DynamoDBClient", *, restored: str, live: str, now: datetime) -> int:
    """Put what the live table lacks into it, and say how many items that were.

    What is in the live table stays as it is there. An alert that is still pending in a restored
    item is sent, perhaps for the second time.
    """
    copied = 0
    for item in lacking(dynamodb, restored=restored, live=live, now=now):
        try:
            dynamodb.put_item(
                TableName=live, Item=item, ConditionExpression="attribute_not_exists(id)"
            )
        except dynamodb.exceptions.ConditionalCheckFailedException:
            continue
        copied += 1
    return copied


def remove(dynamodb: "DynamoDBClient", table: str) -> None:
    """Delete a restored table, deletion protection or not."""
    dynamodb.update_table(TableName=table, DeletionProtectionEnabled=False)
    _until_active(dynamodb, table, poll_seconds=1)
    dynamodb.delete_table(TableName=table)


def report(comparison: Comparison) -> Iterator[str]:
    """What was found, in lines for a person."""
    yield f"{comparison.same} items are the same"
    yield f"{comparison.changed_since} were written or changed since, which is as it should be"
    yield f"{comparison.restored_only} are restored only: erased, expired or lost since"
    for what, keys in (
        ("are missing from the restored table", comparison.missing),
        ("were restored otherwise than they are", comparison.differing),
    ):
        yield f"{len(keys)} {what}" + (":" if keys else "")
        yield from (f"  {key}" for key in keys[:SHOWN])


def fingerprint(item: Item) -> bytes:
    """The same for items with the same attributes and values, whatever their order."""
    return hashlib.sha256(json.dumps(item, sort_keys=True, default=repr).encode()).digest()


def last_change(item: Item) -> datetime:
    """The latest of the times in an item; long ago if it has none."""
    times = [
        datetime.fromisoformat(value["S"])
        for name, value in item.items()
        if name not in _TYPED and _ISO_TIME.match(value.get("S", ""))
    ]
    return max(times, default=datetime.min.replace(tzinfo=UTC))


def _expired(item: Item, now: datetime) -> bool:
    return "expires_at" in item and int(item["expires_at"]["N"]) <= now.timestamp()


def _described(dynamodb: "DynamoDBClient", table: str) -> "TableDescriptionTypeDef":
    return dynamodb.describe_table(TableName=table)["Table"]


def _until_active(dynamodb: "DynamoDBClient", table: str, poll_seconds: float) -> None:
    while _described(dynamodb, table)["TableStatus"] != "ACTIVE":
        time.sleep(poll_seconds)


def _key(item: Item) -> tuple[str, str]:
    return item["id"]["S"], item["record"]["S"]


def _by_key(items: Iterator[Item]) -> dict[tuple[str, str], Item]:
    return {_key(item): item for item in items}


def _scan(dynamodb: "DynamoDBClient", table: str) -> Iterator[Item]:
    pages = dynamodb.get_paginator("scan").paginate(TableName=table, ConsistentRead=True)
    for page in pages:
        yield from page["Items"]


def _batches(items: Iterator[Item]) -> Iterator[list[Item]]:
    batch: list[Item] = []
    for item in items:
        batch.append(item)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _get(dynamodb: "DynamoDBClient", table: str, items: list[Item]) -> Iterator[Item]:
    keys: Any = [{"id": item["id"], "record": item["record"]} for item in items]
    asked: Any = {table: {"Keys": keys, "ConsistentRead": True}}
    while asked:
        answer = dynamodb.batch_get_item(RequestItems=asked)
        yield from answer["Responses"].get(table, [])
        asked = answer["UnprocessedKeys"]
