"""Stands in for the transfer manager of S3: boto3 asks it one question when it is imported."""


class TransferConfig:
    """The settings of a transfer; there are none."""

    UNSET_DEFAULT = None
