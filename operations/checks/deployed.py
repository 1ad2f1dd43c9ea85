"""Whether the stack is what its template and its outputs say."""

from collections.abc import Callable, Iterator

from botocore.exceptions import ClientError

from operations.findings import Examination, Finding, is_not_there, ok, problem, warning

DEPLOY = "Deploy again: make deploy"
AGAIN = "It is being changed. Run doctor again in a minute."

_ALERTING = ("AlertStaffFunction", "RetryAlertsFunction", "SummarizeHeldRequestsFunction")


def credentials(examination: Examination) -> Iterator[Finding]:
    """Who is asking, and where."""
    identity = examination.stack.session.client("sts").get_caller_identity()
    yield ok(f"{identity['Arn']} in {examination.stack.region}")


def stack_state(examination: Examination) -> Iterator[Finding]:
    """Whether the last deployment came to its end."""
    stack = examination.stack
    seen = f"{stack.name} is {stack.status}"
    if stack.status in ("CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE"):
        yield ok(seen)
    elif stack.status == "UPDATE_ROLLBACK_COMPLETE":
        yield warning(
            seen,
            "The last deployment was taken back. Its events say why; correct it, deploy again.",
        )
    elif stack.status.endswith("_IN_PROGRESS"):
        yield warning(seen, "A deployment is under way. Run doctor again when it has ended.")
    else:
        yield problem(
            seen,
            "The last deployment failed half-way. Look at the stack's events in CloudFormation.",
        )


def outputs(examination: Examination) -> Iterator[Finding]:
    """Whether what the outputs name is there."""
    session, stated = examination.stack.session, examination.stack.outputs
    looks: dict[str, Callable[[str], object]] = {
        "TableName": lambda name: session.client("dynamodb").describe_table(TableName=name),
        "UndeliveredRecordsUrl": lambda url: session.client("sqs").get_queue_attributes(
            QueueUrl=url, AttributeNames=["QueueArn"]
        ),
        "RetryAlertsFunctionName": lambda name: session.client("lambda").get_function_configuration(
            FunctionName=name
        ),
        "AlarmTopicArn": lambda arn: session.client("sns").get_topic_attributes(TopicArn=arn),
        "ApiId": lambda id_: session.client("apigateway").get_rest_api(restApiId=id_),
    }
    good = []
    for output, look in looks.items():
        if output not in stated:
            yield problem(f"the stack has no output {output}", f"{DEPLOY}, with this version.")
        elif not _is_there(look, stated[output]):
            yield problem(f"{output} is {stated[output]}, which is not there", f"{DEPLOY}.")
        else:
            good.append(output)
    if good:
        yield ok(f"{', '.join(good)}: there")


def functions(examination: Examination) -> Iterator[Finding]:
    """Whether every function is there and ready."""
    client = examination.stack.session.client("lambda")
    deployed = examination.stack.ids_of("AWS::Lambda::Function")
    ready = 0
    for logical_id in deployed:
        name = examination.stack.function(logical_id) or logical_id
        try:
            settings = client.get_function_configuration(FunctionName=name)
        except ClientError as error:
            if not is_not_there(error):
                raise
            yield problem(f"{logical_id} is not there", f"{DEPLOY}.")
            continue
        state = settings.get("State", "Active")
        update = settings.get("LastUpdateStatus", "Successful")
        if "Failed" in (state, update):
            yield problem(f"{logical_id} is {state}, its last update {update}", f"{DEPLOY}.")
        elif state == "Pending" or update == "InProgress":
            yield warning(f"{logical_id} is {state}, its last update {update}", AGAIN)
        else:  # one that was not called for weeks is Inactive, and wakes when it is
            ready += 1
    if ready:
        yield ok(f"{ready} of {len(deployed)} functions are ready")
    elif not deployed:
        yield problem("the stack has no functions", f"{DEPLOY}.")


def settings(examination: Examination) -> Iterator[Finding]:
    """Whether the functions that mail have the settings that the stack was deployed with."""
    stack = examination.stack
    parameters = stack.parameters
    expected = {
        "SENDER_ADDRESS": parameters["SenderAddress"],
        "ALERT_DETAIL": parameters["AlertDetail"],
        "ALERT_OVERRIDE_ADDRESS": "" if stack.is_prod else parameters["AlertOverrideAddress"],
        "HEARTBEAT_ADDRESS": parameters["HeartbeatAddress"],
        "CONFIGURATION_SET": stack.physical_id("AlertMail"),
        "TABLE_NAME": stack.physical_id("ConsultationsTable"),
        "UNDELIVERED_RECORDS_URL": stack.physical_id("UndeliveredRecords"),
    }
    good = []
    for logical_id in _ALERTING:
        given = (
            stack.session.client("lambda")
            .get_function_configuration(FunctionName=stack.function(logical_id) or logical_id)
            .get("Environment", {})
        )
        if "Error" in given:
            yield Finding(
                "unknown",
                f"the environment of {logical_id} can't be decrypted",
                "Run doctor with a role that may use the stack's key.",
            )
            continue
        variables = given.get("Variables", {})
        # The summary has no use for the queue, and so no variable that names it.
        others = [name for name in variables.keys() & expected if variables[name] != expected[name]]
        if others:
            yield problem(
                f"{logical_id} has another {', '.join(sorted(others))} than the stack", f"{DEPLOY}."
            )
        else:
            good.append(logical_id)
    if len(good) == len(_ALERTING):
        yield ok("sender, recipients, table and queue of the functions are the stack's")


def _is_there(look: Callable[[str], object], name: str) -> bool:
    try:
        look(name)
    except ClientError as error:
        if is_not_there(error):
            return False
        raise
    return True
