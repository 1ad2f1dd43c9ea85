"""A deployed stack as those see it who look after it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import boto3

from consultations.consultation import Retention, email_digest, phone_digest
from consultations.contact_details import e164, email_address
from consultations.repository import AuditEntry, ConsultationRepository

FoundBy = Literal["id", "email", "phone"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """The consultations of a stack, and who is looking at them."""

    consultations: ConsultationRepository
    id_salt: str
    retention: Retention
    operator: str
    """The AWS identity that acts; it stands in every audit record."""

    @classmethod
    def of_stack(cls, name: str) -> "Deployment":
        """The stack with this name, in the account and region of the environment."""
        cloudformation = boto3.client("cloudformation")
        stack = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
        outputs = {each["OutputKey"]: each["OutputValue"] for each in stack["Outputs"]}
        parameters = {each["ParameterKey"]: each["ParameterValue"] for each in stack["Parameters"]}
        key = cloudformation.describe_stack_resource(StackName=name, LogicalResourceId="DataKey")
        return cls(
            consultations=ConsultationRepository(boto3.client("dynamodb"), outputs["TableName"]),
            id_salt=key["StackResourceDetail"]["PhysicalResourceId"],
            retention=Retention(
                accepted=int(parameters["RetentionDays"]),
                quarantined=int(parameters["QuarantineDays"]),
            ),
            operator=boto3.client("sts").get_caller_identity()["Arn"],
        )

    def find(self, who: str) -> tuple[FoundBy, list[str]]:
        """The ids of the requests with this reference, e-mail address or phone number.

        An address or a number is looked up by its digest; a request of the last second or two may
        not be in the index yet. Raises ValueError for what is none of the three.
        """
        typed = who.strip()
        if "@" in typed:
            address = email_address(typed)
            if address is None:
                raise ValueError("not an e-mail address")
            digest = email_digest(address, self.id_salt)
            return "email", list(self.consultations.ids_with_email(digest))
        if len(typed.replace("-", "")) == len("7K2QXM4D9TPA") and not typed.startswith("+"):
            reference = typed.upper()
            if self.consultations.records(reference):
                return "id", [reference]
        number = e164(typed)
        if number is None:
            raise ValueError("not a reference of a request, an e-mail address or a phone number")
        digest = phone_digest(number, self.id_salt)
        return "phone", list(self.consultations.ids_with_phone(digest))

    def note(
        self,
        action: Literal["export", "erase", "release"],
        found_by: FoundBy,
        ids: list[str],
        *,
        now: datetime,
    ) -> None:
        """Keep an audit record of what is about to be done."""
        entry = AuditEntry(
            action=action, found_by=found_by, consultations=tuple(ids), by=self.operator, at=now
        )
        self.consultations.add_audit(entry)
