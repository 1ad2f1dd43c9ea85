"""Known vulnerabilities of what the layer holds, asked of the Python advisory database (OSV).

Exits with 1 if there are any. Where the database can't be reached it says so and exits with 0: an
answer that nobody gave is not a finding, and not a clean bill either.
"""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
REQUIREMENTS = ROOT / "layers" / "requirements.txt"
UNREACHABLE = ("ConnectionError", "ConnectTimeout", "Max retries exceeded", "NameResolutionError")


def audit(arguments: list[str]) -> int:
    """Run pip-audit on the pinned and hashed requirements and say plainly how it ended."""
    command = [
        *(sys.executable, "-m", "pip_audit", "--requirement", str(REQUIREMENTS)),
        *("--require-hashes", "--disable-pip", "--progress-spinner", "off", "--timeout", "10"),
        *("--vulnerability-service", "osv", *arguments),
    ]
    done = subprocess.run(  # noqa: S603 - our own command
        command, capture_output=True, text=True, check=False
    )
    if done.returncode and any(sign in done.stderr for sign in UNREACHABLE):
        say("Dependencies: NOT audited, the advisory database could not be reached.")
        return 0
    say(done.stdout + done.stderr)
    return done.returncode


def say(text: str) -> None:
    """Tell the person at the terminal."""
    print(text.strip(), flush=True)  # noqa: T201 - this is a program for the terminal


if __name__ == "__main__":
    sys.exit(audit(sys.argv[1:]))
