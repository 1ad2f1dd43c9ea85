"""The deployed stack with its roles enforced: each function may do what it does, and no more.

The emulator checks DynamoDB and SQS by action and resource. Mail it checks against every resource,
which a role that names its sender can't pass: so no mail leaves here, and that refusal is the sign
that roles are enforced at all.
"""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from local.stack import running_stack
from tests.conftest import free_port
from tests.end_to_end.deployment import ORIGINS, Deployment, eventually


@pytest.fixture
def enforced() -> Iterator[Deployment]:
    with (
        TemporaryDirectory(ignore_cleanup_errors=True) as folder,
        running_stack(
            port=free_port(),
            folder=Path(folder),
            allowed_origins=ORIGINS,
            functions_environment={"AUTH": "true"},
        ) as stack,
    ):
        yield Deployment(stack, Path(folder))


def test_roles_allow_all_that_the_functions_do_with_the_table(enforced: Deployment) -> None:
    reference = enforced.received()
    again = enforced.post(homepage="https://spam.test")

    assert again.status == 201
    item = eventually(
        lambda: next((each for each in enforced.items(reference) if "alert_error" in each), None),
        "the alert was claimed, refused by SES and postponed",
    )
    assert "AccessDenied" in item["alert_error"]  # SES: see above
    assert item["pending"] == "alert"
    enforced.run("RetryAlertsFunction")
