"""The API: a posted form becomes a stored consultation, and the description of it all."""

import os
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.utilities.typing import LambdaContext

from consultations import observability
from consultations.aws import dynamodb_client
from consultations.clinic import load_clinic
from consultations.consultation import Retention
from consultations.http_request import HttpRequest
from consultations.http_response import DESCRIPTION_FILE, HttpResponse
from consultations.problem import Problem
from consultations.repository import ConsultationRepository
from consultations.submission import Submissions, received

logger = Logger()
metrics = Metrics()
allowed_origins = frozenset(os.environ["ALLOWED_ORIGINS"].split(","))
submissions = Submissions(
    clinic=load_clinic(),
    consultations=ConsultationRepository(dynamodb_client(), os.environ["TABLE_NAME"]),
    id_salt=os.environ["ID_SALT"],
    retention=Retention(
        accepted=int(os.environ["RETENTION_DAYS"]),
        quarantined=int(os.environ["QUARANTINE_DAYS"]),
    ),
    allowed_origins=allowed_origins,
)


@logger.inject_lambda_context(correlation_id_path="requestContext.requestId")
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Answer one request; whatever happens, the answer is one that the API describes."""
    request = HttpRequest.from_event(event)
    try:
        response = answer(request)
    except Problem as problem:
        observability.refused(logger, problem)
        response = HttpResponse.problem(problem, request.correlation_id)
    except Exception as error:  # noqa: BLE001 - nothing of it may reach the answer
        observability.failed(logger, error)
        response = HttpResponse.problem(Problem.internal_error(), request.correlation_id)
    return response.to_gateway(request, allowed_origins)


def answer(request: HttpRequest) -> HttpResponse:
    """The answer to a request that is not refused."""
    methods = ROUTES[request.resource]
    if request.method not in methods:
        raise Problem.method_not_allowed(", ".join(methods))
    return methods[request.method](request)


def submit(request: HttpRequest) -> HttpResponse:
    """Store a posted request."""
    receipt = submissions.receive(request, now=datetime.now(UTC))
    observability.received(logger, metrics, receipt)
    return received(receipt, request)


def preflight(_request: HttpRequest) -> HttpResponse:
    """The answer to a browser that asks whether a site may post."""
    return HttpResponse.preflight()


def description(_request: HttpRequest) -> HttpResponse:
    """The API's description."""
    return HttpResponse.file(DESCRIPTION_FILE, "application/json")


ROUTES: Mapping[str, Mapping[str, Callable[[HttpRequest], HttpResponse]]] = {
    "/consultations": {"OPTIONS": preflight, "POST": submit},
    "/openapi.json": {"GET": description},
}
