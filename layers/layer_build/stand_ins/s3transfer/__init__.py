"""Stands in for the S3 transfer library, of which boto3 imports `manager` alone."""
