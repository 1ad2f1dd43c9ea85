"""A restore drill restores everything, sees what is amiss, and brings back what was lost."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from typer.testing import CliRunner, Result

from consultations.repository import AuditEntry, ConsultationRepository
from operations.commands import app
from operations.restore_drill import (
    Comparison,
    compare,
    copy_back,
    latest_restorable,
    remove,
    restore_drill,
)
from tests.builders import NOW, a_consultation
from tests.conftest import Aws
from tests.in_process.deployed_account import STACK, Account, deployed_account
from tests.template import resource

TABLE, RESTORED = "consultations", "consultations-restored"


@pytest.fixture
def protected(aws: Aws) -> Aws:
    """The account, its table set up as the template has it."""
    protect(aws)
    return aws


def protect(aws: Aws) -> None:
    table = resource("ConsultationsTable")
    aws.dynamodb.update_table(
        TableName=TABLE,
        StreamSpecification={
            "StreamEnabled": True,
            "StreamViewType": table["StreamSpecification"]["StreamViewType"],
        },
        DeletionProtectionEnabled=True,
    )
    aws.dynamodb.update_continuous_backups(
        TableName=TABLE, PointInTimeRecoverySpecification=table["PointInTimeRecoverySpecification"]
    )
    aws.dynamodb.update_time_to_live(
        TableName=TABLE, TimeToLiveSpecification=table["TimeToLiveSpecification"]
    )
    arn = aws.dynamodb.describe_table(TableName=TABLE)["Table"]["TableArn"]
    aws.dynamodb.tag_resource(
        ResourceArn=arn,
        Tags=[
            {"Key": "team", "Value": "front desk"},
            {"Key": "aws:cloudformation:stack-name", "Value": "consultations-prod"},
        ],
    )


def store(aws: Aws, count: int = 1, *, received_at: datetime = NOW) -> list[str]:
    consultations = [
        replace(a_consultation(message=f"Message {uuid4()}"), received_at=received_at)
        for _ in range(count)
    ]
    for consultation in consultations:
        ConsultationRepository(aws.dynamodb, TABLE).add(consultation)
    return [consultation.id for consultation in consultations]


def drill(aws: Aws, *, keep: bool = True, said: list[str] | None = None) -> Comparison:
    return restore_drill(
        aws.dynamodb,
        TABLE,
        target=RESTORED,
        at=NOW + timedelta(hours=1),
        keep=keep,
        say=(said if said is not None else []).append,
        poll_seconds=0,
    )


def key(id_: str) -> dict[str, dict[str, str]]:
    return {"id": {"S": id_}, "record": {"S": "consultation"}}


def compared(aws: Aws) -> Comparison:
    return compare(aws.dynamodb, live=TABLE, restored=RESTORED, at=NOW + timedelta(hours=1))


def live(aws: Aws) -> set[str]:
    items = aws.dynamodb.scan(TableName=TABLE)["Items"]
    return {item["id"]["S"] for item in items if item["record"]["S"] == "consultation"}


def test_everything_is_restored_and_the_restored_table_goes_again(
    protected: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("operations.restore_drill.BATCH", 2)
    store(protected, 5)
    said: list[str] = []

    assert drill(protected, keep=False, said=said) == Comparison(same=5)
    assert protected.dynamodb.list_tables()["TableNames"] == [TABLE]
    assert "5 items are the same" in said
    assert f"{RESTORED} is deleted again." in said


def test_what_a_batch_left_unread_is_asked_for_again(protected: Aws) -> None:
    store(protected, 2)
    left: list[str] = []

    def leave_one(parsed: dict[str, Any], **_: object) -> None:
        if not left:
            item = parsed["Responses"][RESTORED].pop()
            left.append(item["id"]["S"])
            parsed["UnprocessedKeys"] = {RESTORED: {"Keys": [key(item["id"]["S"])]}}

    events = protected.dynamodb.meta.events
    events.register("after-call.dynamodb.BatchGetItem", leave_one)
    try:
        assert drill(protected) == Comparison(same=2)
    finally:
        events.unregister("after-call.dynamodb.BatchGetItem", leave_one)
    assert left


def test_a_restored_table_is_set_up_like_the_live_one(protected: Aws) -> None:
    drill(protected)

    dynamodb = protected.dynamodb
    table = dynamodb.describe_table(TableName=RESTORED)["Table"]
    assert table["StreamSpecification"] == {"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"}
    assert table["DeletionProtectionEnabled"] is True
    assert latest_restorable(dynamodb, RESTORED)
    assert dynamodb.describe_time_to_live(TableName=RESTORED)["TimeToLiveDescription"] == {
        "TimeToLiveStatus": "ENABLED",
        "AttributeName": "expires_at",
    }
    assert dynamodb.list_tags_of_resource(ResourceArn=table["TableArn"])["Tags"] == [
        {"Key": "team", "Value": "front desk"}
    ]


def test_a_request_that_was_not_restored_is_named(protected: Aws) -> None:
    lost, _ = store(protected, 2)
    drill(protected)
    protected.dynamodb.delete_item(TableName=RESTORED, Key=key(lost))

    assert compared(protected) == Comparison(same=1, missing=[f"{lost} consultation"])
    assert not compared(protected).complete


def test_a_request_that_was_restored_otherwise_is_named(protected: Aws) -> None:
    (changed,) = store(protected)
    drill(protected)
    protected.dynamodb.update_item(
        TableName=RESTORED,
        Key=key(changed),
        UpdateExpression="SET message = :other",
        ExpressionAttributeValues={":other": {"S": "other"}},
    )

    assert compared(protected) == Comparison(differing=[f"{changed} consultation"])


def test_what_came_or_changed_after_the_point_in_time_is_no_fault(protected: Aws) -> None:
    (alerted_later,) = store(protected)
    drill(protected)
    store(protected, received_at=NOW + timedelta(hours=2))
    ConsultationRepository(protected.dynamodb, TABLE).mark_alerted(
        alerted_later, now=NOW + timedelta(hours=3), message_id="m"
    )

    assert compared(protected) == Comparison(changed_since=2)


def test_what_was_lost_is_brought_back_and_what_is_there_stays_as_it_is(protected: Aws) -> None:
    lost, kept = store(protected, 2)
    drill(protected)
    protected.dynamodb.delete_item(TableName=TABLE, Key=key(lost))
    ConsultationRepository(protected.dynamodb, TABLE).mark_alerted(kept, now=NOW, message_id="m")
    (since,) = store(protected)

    assert bring_back(protected) == 1
    assert live(protected) == {lost, kept, since}
    item = protected.dynamodb.get_item(TableName=TABLE, Key=key(kept))["Item"]
    assert "alerted_at" in item


def bring_back(aws: Aws) -> int:
    return copy_back(aws.dynamodb, restored=RESTORED, live=TABLE, now=NOW)


def test_what_a_person_had_erased_is_not_brought_back(protected: Aws) -> None:
    (erased,) = store(protected)
    drill(protected)
    repository = ConsultationRepository(protected.dynamodb, TABLE)
    repository.add_audit(
        AuditEntry(action="erase", found_by="id", consultations=(erased,), by="me", at=NOW)
    )
    repository.erase(erased)

    assert bring_back(protected) == 0
    assert live(protected) == set()


def test_what_has_expired_is_not_brought_back(protected: Aws) -> None:
    (expired,) = store(protected)
    ConsultationRepository(protected.dynamodb, TABLE).mark_alerted(expired, now=NOW, message_id="m")
    drill(protected)
    protected.dynamodb.delete_item(TableName=TABLE, Key=key(expired))

    after = NOW + timedelta(days=4000)
    assert copy_back(protected.dynamodb, restored=RESTORED, live=TABLE, now=after) == 0


def test_a_table_without_recovery_is_said_to_have_none(aws: Aws) -> None:
    with pytest.raises(ValueError, match="no point-in-time recovery"):
        latest_restorable(aws.dynamodb, TABLE)


def test_a_protected_table_can_be_removed_when_one_is_done(protected: Aws) -> None:
    drill(protected)

    remove(protected.dynamodb, RESTORED)

    assert protected.dynamodb.list_tables()["TableNames"] == [TABLE]


def ask_moto(account: Account) -> None:
    """For the table's own settings, which the healthy account makes up."""
    for name in [name for name in account.answers if name.startswith("dynamodb.Describe")]:
        del account.answers[name]


def command(*arguments: str) -> Result:
    return CliRunner().invoke(app, [*arguments, "--stack", STACK])


def test_the_commands_restore_beside_the_table_and_bring_back_what_was_lost(
    monkeypatch: pytest.MonkeyPatch, time_machine: time_machine.TimeMachineFixture
) -> None:
    time_machine.move_to(NOW, tick=False)
    with deployed_account(monkeypatch) as account:
        ask_moto(account)
        protect(account.aws)
        lost, stays = store(account.aws, 2)
        drilled = command("restore-drill", "--keep")
        assert drilled.exit_code == 0, drilled.output
        (restored,) = set(account.aws.dynamodb.list_tables()["TableNames"]) - {TABLE}
        assert f"./consultations copy-back {restored} --stack {STACK}" in drilled.stdout
        account.aws.dynamodb.delete_item(TableName=TABLE, Key=key(lost))

        tried = command("copy-back", restored, "--dry-run")
        assert f"Would put 1 item of {restored} in {TABLE}." in tried.stdout
        assert live(account.aws) == {stays}
        assert "1 item brought back" in command("copy-back", restored, "--yes").stdout
        assert live(account.aws) == {lost, stays}


def test_a_drill_that_cannot_begin_is_told_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    with deployed_account(monkeypatch) as account:
        ask_moto(account)
        result = command("restore-drill")

    assert result.exit_code == 2
    assert (
        "Nothing could be compared: the table consultations has no point-in-time" in result.stderr
    )
