"""The validator of posted fields: compiled by the build, or made from the model where it runs."""

from functools import cache

from pydantic_core import CoreSchema, SchemaValidator


@cache
def validator() -> SchemaValidator:
    """Validates a mapping of fields into a ConsultationRequest, with the clinic as context.

    The layer's build writes the schema to a module, so that a deployed function need not import
    pydantic and make it. A test holds both to the same answers.
    """
    try:
        from consultations.built.schema import SCHEMA
    except ImportError:
        return SchemaValidator(request_schema())
    return SchemaValidator(SCHEMA)


def request_schema() -> CoreSchema:
    """The schema of ConsultationRequest, made from its annotations."""
    from pydantic import TypeAdapter

    from consultations.consultation_request import ConsultationRequest

    return TypeAdapter(ConsultationRequest).core_schema
