"""The API behind the gateway: the form, the post that is stored, and the description of both."""

from consultations import cold_start  # isort: split - before what it speeds up

import os
from dataclasses import replace
from functools import partial
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.utilities.typing import LambdaContext

from consultations import observability, snap_start
from consultations.api import Api
from consultations.aws import dynamodb_client, rehearsal
from consultations.clinic import load_clinic
from consultations.consultation import Retention
from consultations.http_request import HttpRequest
from consultations.problem import Problem
from consultations.repository import ConsultationRepository
from consultations.submission import Submissions

logger = Logger()
metrics = Metrics()
clinic = load_clinic()
allowed_origins = frozenset(os.environ["ALLOWED_ORIGINS"].split(","))
dynamodb = dynamodb_client()
submissions = Submissions(
    clinic=clinic,
    consultations=ConsultationRepository(dynamodb, os.environ["TABLE_NAME"]),
    id_salt=os.environ["ID_SALT"],
    retention=Retention(
        accepted=int(os.environ["RETENTION_DAYS"]),
        quarantined=int(os.environ["QUARANTINE_DAYS"]),
    ),
    allowed_origins=allowed_origins,
)
api = Api(
    clinic=clinic,
    submissions=submissions,
    tell=partial(observability.received, logger, metrics),
)
cold_start.finished()


@logger.inject_lambda_context
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Answer one request; whatever happens, the answer is one that the API describes."""
    request = HttpRequest.from_event(event)
    logger.set_correlation_id(request.correlation_id)
    try:
        response = api.respond(request)
    except Problem as problem:
        observability.refused(logger, problem)
        response = api.refusal(problem, request)
    except Exception as error:  # noqa: BLE001 - nothing of it may reach the answer
        observability.failed(logger, error)
        response = api.refusal(Problem.internal_error(), request)
    return response.to_gateway(request, allowed_origins)


def rehearse() -> None:
    """Answer once what people send and ask for; nothing is stored, logged or counted."""
    in_silence = replace(api, tell=lambda _: None)
    with rehearsal(dynamodb):
        for request in snap_start.requests():
            in_silence.respond(request)
            in_silence.refusal(Problem.not_found(), request)


snap_start.rehearse_with(rehearse)
