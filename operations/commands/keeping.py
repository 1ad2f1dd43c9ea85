"""Commands about the table itself: restore-drill, copy-back and remains."""

from datetime import UTC, datetime
from typing import Annotated

import typer
from botocore.exceptions import ClientError

from operations import restore_drill as drill
from operations.commands.options import (
    DryRun,
    Environment,
    StackName,
    Yes,
    read_time,
    the_stack,
)
from operations.commands.terminal import confirm, counted, end, out
from operations.remains import kept


def restore_drill(
    *,
    stack: StackName = None,
    env: Environment = "dev",
    at: Annotated[
        datetime | None,
        typer.Option(
            parser=read_time, metavar="TIME", help="As of then, in the last 35 days. Else: now."
        ),
    ] = None,
    keep: Annotated[
        bool, typer.Option("--keep", help="Leave the restored table, for copy-back.")
    ] = False,
) -> None:
    """Restore the table beside the live one, compare the two, and remove it again.

    Nothing in the live table changes. It takes some minutes at least, and DynamoDB bills a restore
    by the GB. The exit status is 1 if something was not restored, 2 if nothing could be compared.
    """
    deployed = the_stack(env, stack)
    target = f"{deployed.name}-restored-{datetime.now(UTC):%Y%m%d-%H%M%S}"
    try:
        comparison = drill.restore_drill(
            deployed.session.client("dynamodb"),
            deployed.outputs["TableName"],
            target=target,
            at=at.astimezone(UTC) if at else None,
            keep=keep,
            say=out.print,
        )
    except (ValueError, ClientError) as error:
        raise end(
            f"Nothing could be compared: {error}. See docs/operations.md, Restore drill.", status=2
        ) from None
    if keep:
        out.print("Nothing uses it. To bring what the live table lacks back from it:")
        out.print(f"  ./consultations copy-back {target} --stack {deployed.name}", soft_wrap=True)
    raise typer.Exit(0 if comparison.complete else 1)


def copy_back(
    table: Annotated[
        str, typer.Argument(metavar="TABLE", help="A table that restore-drill --keep left.")
    ],
    *,
    stack: StackName = None,
    env: Environment = "dev",
    dry_run: DryRun = False,
    yes: Yes = False,
) -> None:
    """Bring what the live table lacks back from a restored one.

    What is in the live table stays as it is. What was erased at a person's request, and what has
    expired, stays away. An alert that is pending in a restored request is sent, perhaps again.
    """
    deployed = the_stack(env, stack)
    dynamodb, live = deployed.session.client("dynamodb"), deployed.outputs["TableName"]
    now = datetime.now(UTC)
    missing = drill.lacking(dynamodb, restored=table, live=live, now=now)
    said = f"{counted(sum(1 for _ in missing), 'item')} of {table} in {live}"
    if dry_run:
        out.print(f"Would put {said}.", soft_wrap=True)
        return
    confirm(f"Put {said}?", yes=yes)
    copied = drill.copy_back(dynamodb, restored=table, live=live, now=now)
    out.print(f"{counted(copied, 'item')} brought back")


def remains(*, stack: StackName = None, env: Environment = "dev") -> None:
    """Say what stays when the stack is deleted. Nothing is deleted here."""
    deployed = the_stack(env, stack)
    out.print(f"When {deployed.name} is deleted these stay, the table with every request in it:")
    for each in kept(deployed.session.client("cloudformation"), deployed.name):
        out.print(f"  {each.kind}  {each.physical_id}", soft_wrap=True)
    out.print("They cost what they cost now. docs/operations.md says how to delete them too.")
