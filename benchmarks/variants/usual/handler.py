"""Usual good practice: validating resolver, Logger, Metrics, Tracer, a pydantic model."""

import os
from typing import Annotated, Literal

import boto3
from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from aws_lambda_powertools.event_handler.openapi.params import Body
from aws_lambda_powertools.metrics import MetricUnit
from pydantic import BaseModel, Field

logger = Logger()
metrics = Metrics()
tracer = Tracer()
app = APIGatewayRestResolver(enable_validation=True)
table = boto3.client("dynamodb")


class ConsultationRequest(BaseModel, extra="forbid"):
    full_name: str = Field(min_length=1, max_length=200)
    preferred_contact: Literal["call", "text", "email"]
    phone: str | None = Field(None, max_length=32)
    email: str | None = Field(None, pattern=r"^[^@\s]+@[^@\s]+$", max_length=254)
    may_leave_message: bool = False
    best_time: Literal["morning", "afternoon", "evening", "any"] | None = None
    location: str
    age_18_plus: Literal[True]
    interests: list[str] = []
    referral_source: str | None = None
    message: str | None = Field(None, max_length=2000)
    consent_to_contact: Literal[True]
    ack_not_emergency: Literal[True]
    consent_sms: bool = False
    submission_id: str | None = None


@app.post("/consultations")
@tracer.capture_method
def submit(request: Annotated[ConsultationRequest, Body()]) -> Response[dict]:
    identifier = app.current_event.request_context.request_id
    table.put_item(
        TableName=os.environ["TABLE_NAME"],
        Item={"id": {"S": identifier}, "request": {"S": request.model_dump_json()}},
        ConditionExpression="attribute_not_exists(id)",
    )
    metrics.add_metric("Received", MetricUnit.Count, 1)
    logger.info("stored", consultation_id=identifier)
    return Response(201, "application/json", body={"id": identifier})


@logger.inject_lambda_context
@metrics.log_metrics
@tracer.capture_lambda_handler
def lambda_handler(event, context):
    return app.resolve(event, context)
