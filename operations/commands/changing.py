"""Commands that change something: release, retry, redrive and erase."""

from datetime import UTC, datetime

import typer

from operations import person
from operations import release as releasing
from operations.commands.options import (
    DryRun,
    Environment,
    References,
    ReferencesIfAny,
    StackName,
    Yes,
    the_stack,
)
from operations.commands.reading import whose
from operations.commands.terminal import (
    NOTHING_CHANGED,
    confirm,
    counted,
    end,
    out,
    progress,
)
from operations.deployment import Deployment
from operations.redrive import GONE, RetryError, StuckAlerts


def release(
    references: References,
    *,
    stack: StackName = None,
    env: Environment = "dev",
    dry_run: DryRun = False,
    yes: Yes = False,
) -> None:
    """Release requests that were held back as spam.

    Staff are alerted at once, and they are kept as long as any other. Who released them is kept in
    an audit record. The exit status is 1 if one of them is not held back, or not yet alerted.
    """
    deployed = the_stack(env, stack)
    deployment = Deployment.of_stack(deployed)
    held = {
        reference
        for reference in references
        if (summary := deployment.consultations.summary(reference))
        and summary["status"] == "quarantined"
    }
    others = [reference for reference in references if reference not in held]
    for reference in others:
        out.print(f"{reference}  is not held back, or not there")
    if not held:
        raise end(NOTHING_CHANGED, status=1)
    if dry_run:
        _would("be released", sorted(held))
        return
    confirm(f"Release {counted(len(held), 'request')} and alert staff?", yes=yes)
    released = []
    for reference, done in releasing.release(deployment, sorted(held), now=datetime.now(UTC)):
        out.print(f"{reference}  {'released' if done else 'is not held back any more'}")
        released += [reference] if done else []
    _try_again(StuckAlerts.of_stack(deployed), released)
    raise typer.Exit(1 if others else 0)


def retry(
    references: ReferencesIfAny = None,
    *,
    stack: StackName = None,
    env: Environment = "dev",
    dry_run: DryRun = False,
    yes: Yes = False,
) -> None:
    """Try pending alerts again at once: those of these references, or all.

    Lifts their waiting time and runs the scheduled retry. The exit status is 1 if one is still
    pending.
    """
    stuck = StuckAlerts.of_stack(the_stack(env, stack))
    waiting = stuck.waiting()
    wanted = [each for each in references or waiting if each in waiting]
    for each in set(references or ()) - set(wanted):
        out.print(f"{each}  has no pending alert")
    if not wanted:
        out.print("No alert is pending.")
        return
    if dry_run:
        _would("be tried", wanted)
        return
    confirm(f"Try {counted(len(wanted), 'pending alert')} again?", yes=yes)
    _try_again(stuck, wanted)


def redrive(
    *,
    stack: StackName = None,
    env: Environment = "dev",
    dry_run: DryRun = False,
    yes: Yes = False,
) -> None:
    """List the dead letters, try all pending alerts again, and clear the letters that are settled.

    May be run at any time, and twice. The exit status is 1 if an alert is still pending.
    """
    stuck = StuckAlerts.of_stack(the_stack(env, stack))
    waiting = stuck.waiting()
    letters = list(stuck.dead_letters())
    try:
        for letter in letters:
            names = ", ".join(letter.ids) or GONE
            out.print(f"dead letter  {names}: {letter.reason}", soft_wrap=True)
        said = f"{counted(len(waiting), 'pending alert')}, {counted(len(letters), 'dead letter')}"
        if dry_run or not (waiting or letters):
            out.print(said)
            return
        confirm(f"{said}. Try the alerts again and clear the letters that are settled?", yes=yes)
        try:
            _try_again(stuck, list(waiting))
        finally:
            settled, letters = stuck.settle(letters), []
            out.print(f"{counted(settled, 'dead letter')} cleared")
    finally:
        stuck.put_back(letters)


def erase(
    references: ReferencesIfAny = None,
    *,
    stack: StackName = None,
    env: Environment = "dev",
    dry_run: DryRun = False,
    yes: Yes = False,
) -> None:
    """Erase requests for good: those of these references, or of one person.

    Without references it asks for the person's address or number, or reads it from stdin, so that
    it is in no shell history. Alerts that are pending go too. What was erased is kept in an audit
    record, by reference. Mails that were sent, and backups (35 days), are not reached. The exit
    status is 1 if there is nothing to erase.
    """
    deployment = Deployment.of_stack(the_stack(env, stack))
    found_by, ids = whose(deployment, references)
    if dry_run:
        _would("be erased", ids)
        return
    confirm(f"Erase {counted(len(ids), 'request')} for good?", yes=yes)
    erased = 0
    with progress("Erasing", len(ids)) as tell:
        for _, done in person.erase(deployment, found_by, ids, now=datetime.now(UTC)):
            erased += done
            tell(erased)
    out.print(f"{counted(erased, 'request')} erased")


def _would(be_done: str, references: list[str]) -> None:
    for reference in references:
        out.print(f"{reference}  would {be_done}")
    out.print(f"{counted(len(references), 'request')}. {NOTHING_CHANGED}")


def _try_again(stuck: StuckAlerts, ids: list[str]) -> None:
    still: set[str] = set()
    with progress("Trying", len(ids)) as tell:
        try:
            for still in stuck.try_again(ids):
                tell(len(ids) - len(still))
        except RetryError as error:
            raise end(str(error), status=1) from None
    for id_ in sorted(still):
        out.print(f"still pending  {id_}")
    if still:
        raise end(
            f"{counted(len(still), 'alert')} of {len(ids)} still pending. show REFERENCE says why.",
            status=1,
        )
    out.print(f"{counted(len(ids), 'alert')} tried, none is pending any more.")
