"""What the functions tell X-Ray, read where its daemon would listen."""

import os
import socket
import subprocess
import sys

from tests.in_process.test_privacy import SECRETS, SENTINEL
from tests.template import ROOT

PROGRAM = """
import os
from tests.conftest import aws_account

del os.environ["POWERTOOLS_TRACE_DISABLED"]
from functions.alert_staff import handler as alert_staff
from functions.submit_consultation import handler as submit_consultation
from tests.builders import a_context, a_post, stream_event
from tests.in_process.test_privacy import PLANTED

with aws_account() as aws:
    submit_consultation.lambda_handler(a_post(PLANTED), a_context(remaining_ms=170_000))
    (item,) = aws.items()
    aws.sesv2.delete_email_identity(EmailIdentity="alerts@example.com")
    alert_staff.lambda_handler(stream_event(item["id"]), a_context(remaining_ms=170_000))
    aws.dynamodb.delete_table(TableName="consultations")
    alert_staff.lambda_handler(stream_event(item["id"]), a_context(remaining_ms=170_000))
    print(item["full_name"], item["alert_attempts"] if "alert_attempts" in item else 0)
"""


def test_no_personal_data_is_in_a_trace() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as daemon:
        daemon.bind(("127.0.0.1", 0))
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM],
            capture_output=True,
            text=True,
            check=True,
            cwd=ROOT,
            env={
                **os.environ,
                "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'layers'}",
                "LAMBDA_TASK_ROOT": str(ROOT),
                "_X_AMZN_TRACE_ID": "Root=1-5759e988-bd862e3fe1be46a994272793;"
                "Parent=53995c3f42cd8ad8;Sampled=1",
                "AWS_XRAY_DAEMON_ADDRESS": f"127.0.0.1:{daemon.getsockname()[1]}",
            },
        )
        daemon.settimeout(0.2)
        segments = b""
        try:
            while received := daemon.recv(65_536):
                segments += received
        except TimeoutError:
            pass

    assert SENTINEL in done.stdout
    assert b"## lambda_handler" in segments
    assert b"SendEmail" in segments
    assert b"UpdateItem" in segments
    for secret in SECRETS:
        assert secret not in segments.decode()
