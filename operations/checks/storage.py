"""Whether the table keeps, protects and forgets as it should."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from operations.checks.deployed import DEPLOY
from operations.findings import Examination, Finding, ok, problem, warning

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TableDescriptionTypeDef

EXPIRES_AT = "expires_at"


def table(examination: Examination) -> Iterator[Finding]:
    """Whether the table takes requests, with all of its indexes and its stream."""
    described = _table(examination)
    if described.get("TableStatus") == "ACTIVE":
        yield ok(f"{described['TableName']} is active")
    else:
        yield problem(
            f"the table is {described.get('TableStatus')}",
            "Requests are not stored. Look at it in the DynamoDB console.",
        )
    indexes = described.get("GlobalSecondaryIndexes", [])
    for index in indexes:
        if index.get("IndexStatus", "ACTIVE") != "ACTIVE":
            yield warning(
                f"the index {index['IndexName']} is {index.get('IndexStatus')}",
                "Wait until it is built; until then what it is for does not work.",
            )
    view = described.get("StreamSpecification", {}).get("StreamViewType")
    if view != "KEYS_ONLY":
        yield problem(f"the stream has {view or 'nothing'}, not keys only", f"{DEPLOY}.")


def deletion_protection(examination: Examination) -> Iterator[Finding]:
    """Whether a mistake can delete the table."""
    if _table(examination).get("DeletionProtectionEnabled"):
        yield ok("nobody deletes the table by mistake")
    else:
        yield problem("the table can be deleted", f"{DEPLOY}; the template protects it.")


def recovery(examination: Examination) -> Iterator[Finding]:
    """Whether the table can be put back to any time of the last days."""
    backups = examination.stack.session.client("dynamodb").describe_continuous_backups(
        TableName=examination.stack.outputs["TableName"]
    )["ContinuousBackupsDescription"]
    recovery = backups.get("PointInTimeRecoveryDescription", {})
    if recovery.get("PointInTimeRecoveryStatus") == "ENABLED":
        since = recovery.get("EarliestRestorableDateTime")
        yield ok(f"on, back to {since:%Y-%m-%d %H:%M}" if since else "on")
    else:
        yield problem(
            "point-in-time recovery is off, so that nothing can be restored", f"{DEPLOY}."
        )


def expiry(examination: Examination) -> Iterator[Finding]:
    """Whether what was kept long enough is deleted."""
    settings = examination.stack.session.client("dynamodb").describe_time_to_live(
        TableName=examination.stack.outputs["TableName"]
    )["TimeToLiveDescription"]
    status = settings.get("TimeToLiveStatus")
    if status in ("ENABLED", "ENABLING") and settings.get("AttributeName") == EXPIRES_AT:
        yield ok(f"items are deleted by {EXPIRES_AT}")
    else:
        yield problem(
            f"time to live is {status or 'not set'}: nothing is deleted when its time is over",
            f"{DEPLOY}.",
        )


def encryption(examination: Examination) -> Iterator[Finding]:
    """Whether the table is encrypted with the stack's own key, and that key can be used."""
    key_id = examination.stack.physical_id("DataKey") or ""
    sse = _table(examination).get("SSEDescription", {})
    own = str(sse.get("KMSMasterKeyArn", "")).endswith(key_id) and bool(key_id)
    if sse.get("Status") in ("ENABLED", "UPDATING") and own:
        yield ok("the table is encrypted with the stack's key")
    else:
        yield problem("the table is not encrypted with the stack's key", f"{DEPLOY}.")
    kms = examination.stack.session.client("kms")
    state = kms.describe_key(KeyId=key_id)["KeyMetadata"].get("KeyState")
    if state != "Enabled":
        yield problem(
            f"the key is {state}: nothing can be read or stored",
            "Enable it in the KMS console, or cancel its deletion, at once.",
        )
    if not kms.get_key_rotation_status(KeyId=key_id)["KeyRotationEnabled"]:
        yield warning("the key is not rotated", f"{DEPLOY}; the template has it rotated.")


def _table(examination: Examination) -> "TableDescriptionTypeDef":
    return examination.stack.session.client("dynamodb").describe_table(
        TableName=examination.stack.outputs["TableName"]
    )["Table"]
