"""Does the simulation notice a broken product? Each mutant breaks one line that keeps a promise.

`python -m tests.simulation.mutants` runs the histories against each of them and says how many it
took to notice. A mutant that is not noticed is an error, and so is one whose line is gone.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.template import ROOT

HISTORIES = 2000
"""The most that a mutant may take to be noticed."""


@dataclass(frozen=True)
class Mutant:
    """One change of the source, and what it breaks."""

    name: str
    file: str
    old: str
    new: str

    def applied(self, source: str) -> str:
        """The broken source. The line must be there exactly once."""
        assert source.count(self.old) == 1, f"{self.name}: {self.file} no longer has {self.old!r}"
        return source.replace(self.old, self.new)


_ALERTING = "layers/consultations/alerting.py"
_STAFF_MAIL = "layers/consultations/staff_mail.py"
_REPOSITORY = "layers/consultations/repository.py"
_CONSULTATION = "layers/consultations/consultation.py"

MUTANTS = (
    Mutant(
        "the alert is marked before it is sent",
        _ALERTING,
        "        try:\n            consultation = claim.consultation",
        "        self.consultations.mark_alerted(consultation_id, now=now, message_id='early')\n"
        "        try:\n            consultation = claim.consultation",
    ),
    Mutant(
        "the put has no condition",
        _REPOSITORY,
        'ConditionExpression="attribute_not_exists(id)",',
        "",
    ),
    Mutant(
        "a failed put is answered as stored",
        _REPOSITORY,
        "raise NotStoredError(error_code(error)) from None",
        'return Added("stored", consultation.received_at)',
    ),
    Mutant(
        "the fingerprint is ignored",
        _REPOSITORY,
        'same = stored["fingerprint"] == consultation.fingerprint',
        "same = True",
    ),
    Mutant(
        "ids come from a clock",
        _CONSULTATION,
        'hmac.digest(salt.encode(), key.encode(), "sha256")',
        'hmac.digest(salt.encode(), str(datetime.now()).encode(), "sha256")',
    ),
    Mutant(
        "typed text is trimmed",
        _REPOSITORY,
        'return {"S": value}',
        'return {"S": value.strip()}',
    ),
    Mutant(
        "records expire after minutes instead of days",
        _CONSULTATION,
        "timedelta(days=days)",
        "timedelta(minutes=days)",
    ),
    Mutant(
        "spam is alerted",
        _REPOSITORY,
        'if consultation.status == "accepted":',
        "if consultation.status:",
    ),
    Mutant(
        "the schedule tries nothing",
        "functions/retry_alerts/handler.py",
        "for alert in pending]",
        "for alert in pending[:0]]",
    ),
    Mutant(
        "the schedule tries only the oldest",
        "functions/retry_alerts/handler.py",
        "for alert in pending]",
        "for alert in pending[:1]]",
    ),
    Mutant(
        "the age of the newest pending alert is reported",
        "layers/consultations/observability.py",
        "pending[0].received_at",
        "pending[-1].received_at",
    ),
    Mutant(
        "a claim ignores the lease of another",
        _REPOSITORY,
        " AND (attribute_not_exists(claimed_until) OR claimed_until <= :now)",
        "",
    ),
    Mutant(
        "a claim ignores that the alert is done",
        _REPOSITORY,
        '"pending = :pending"\n                    " AND (attr',
        '"(attribute_exists(id) OR pending = :pending)"\n                    " AND (attr',
    ),
    Mutant(
        "a claim never runs out",
        _ALERTING,
        "LEASE = timedelta(minutes=2)",
        "LEASE = timedelta(days=365)",
    ),
    Mutant(
        "a failed alert is no longer pending",
        _REPOSITORY,
        '" REMOVE claimed_until",',
        '" REMOVE claimed_until, pending",',
    ),
    Mutant(
        "a failed alert is given up at the third try",
        _ALERTING,
        "        self.consultations.postpone_alert(\n            claim, until",
        "        if claim.attempt >= 3:\n"
        "            self.consultations.mark_alerted(claim.id, now=now, message_id='given up')\n"
        "        self.consultations.postpone_alert(\n            claim, until",
    ),
    Mutant(
        "a lost answer counts as sent",
        _ALERTING,
        "            return self._failed(claim, error.fault, error.code, now=now)",
        "            if error.fault == 'ambiguous':\n"
        "                self.consultations.mark_alerted(claim.id, now=now, message_id='maybe')\n"
        "            return self._failed(claim, error.fault, error.code, now=now)",
    ),
    Mutant(
        "an error in the stream's function is swallowed and marked",
        "functions/alert_staff/handler.py",
        "consultation_id, error)\n        raise",
        "consultation_id, error)\n"
        "        from datetime import UTC, datetime\n"
        "        staff_alerts.consultations.mark_alerted(\n"
        "            consultation_id, now=datetime.now(UTC), message_id='swallowed'\n"
        "        )\n"
        "        return",
    ),
    Mutant(
        "a sent alert is not marked",
        _REPOSITORY,
        '" REMOVE pending, claimed_until, postponed_until, alert_fault, alert_error",',
        '" REMOVE claimed_until, postponed_until, alert_fault, alert_error",',
    ),
    Mutant(
        "what was rejected is sent again as it was",
        _STAFF_MAIL,
        'email = compose("reference")',
        "email = compose(self.detail)",
    ),
    Mutant(
        "a bad record leaves no dead letter",
        _ALERTING,
        "if fault in OF_THIS_REQUEST:",
        'if fault == "rejected":',
    ),
    Mutant(
        "every alert goes to the clinic's own staff",
        _STAFF_MAIL,
        "return self._or_override(self.clinic.location(location).staff)",
        "return self._or_override(self.clinic.staff)",
    ),
    Mutant(
        "an alert above the budget is forgotten",
        _REPOSITORY,
        '"SET pending = :folded, alert_folded = :reason REMOVE claimed_until"',
        '"SET folded_as = :folded, alert_folded = :reason REMOVE claimed_until, pending"',
    ),
    Mutant(
        "the digests are never sent",
        "functions/retry_alerts/handler.py",
        "    send_digests(folded)\n    ids",
        "    ids",
    ),
    Mutant(
        "a digest leaves out its last request and marks it all the same",
        _ALERTING,
        "[claim.consultation for claim in claims]",
        "[claim.consultation for claim in claims[:-1] or claims]",
    ),
    Mutant(
        "a digest that failed counts as sent",
        _ALERTING,
        "                self._postpone(claim, error.fault, error.code, now=now)",
        "                self.consultations.mark_alerted(claim.id, now=now, message_id='maybe')",
    ),
    Mutant(
        "of a digest only the first is marked",
        _ALERTING,
        "        for claim in claims:\n            try:",
        "        for claim in claims[:1]:\n            try:",
    ),
    Mutant(
        "a digest holds its requests for a moment only",
        _ALERTING,
        "DIGEST_LEASE = timedelta(minutes=5)",
        "DIGEST_LEASE = timedelta(milliseconds=1)",
    ),
    Mutant(
        "a released request is not alerted",
        _REPOSITORY,
        '" pending = :pending REMOVE expires_at, held"',
        '" released_as = :pending REMOVE expires_at, held"',
    ),
)


UNCHANGED = Mutant("nothing is changed", _REPOSITORY, 'return {"S": value}', 'return {"S": value}')
HISTORIES_UNCHANGED = 40
"""More than most mutants take."""


def noticed(mutant: Mutant, histories: int) -> str | None:
    """In which history it was noticed, and as what; None if it was not."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        for part in ("functions", "layers"):
            ignored = shutil.ignore_patterns("__pycache__", "python")
            shutil.copytree(ROOT / part, copy / part, ignore=ignored)
        file = copy / mutant.file
        file.write_text(mutant.applied(file.read_text(encoding="utf-8")), encoding="utf-8")
        # -P, so that the copy comes before this checkout.
        command = [sys.executable, "-P", "-m", "tests.simulation", "--no-shrink"]
        path = os.pathsep.join(map(str, (copy, copy / "layers", ROOT)))
        run = subprocess.run(
            [*command, "--histories", str(histories)],
            env=os.environ | {"PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"},
            cwd=copy,
            capture_output=True,
            text=True,
            check=False,
        )
    failed = re.search(r"FAILED after ([0-9]+) histories", run.stdout)
    if run.returncode and not failed:
        raise RuntimeError(run.stderr)  # it broke before a history began: no proof of anything
    if not failed:
        return None
    reason = re.findall(
        r"^(?:AssertionError|[\w.]+(?:Error|Exception)): .*$", run.stderr, re.MULTILINE
    )
    return f"in history {int(failed[1]) + 1:>3}: {reason[-1] if reason else run.stderr[-400:]}"


def main(names: Sequence[str]) -> int:
    """Run every mutant whose name contains one of `names`, or all; 0 if all are noticed."""
    if broken := noticed(UNCHANGED, HISTORIES_UNCHANGED):
        print(f"The code as it is does not hold either, so nothing can be told: {broken}")
        return 1
    missed = 0
    for mutant in MUTANTS:
        if names and not any(name in mutant.name for name in names):
            continue
        result = noticed(mutant, HISTORIES)
        missed += result is None
        print(f"{mutant.name:62} {result or 'NOT NOTICED'}", flush=True)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
