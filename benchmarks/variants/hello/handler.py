"""d, the unit of all ratios: a hello world that stores the body with boto3."""

import os

import boto3

table = os.environ["TABLE_NAME"]
dynamodb = boto3.client("dynamodb")


def lambda_handler(event, context):
    dynamodb.put_item(
        TableName=table,
        Item={"id": {"S": context.aws_request_id}, "body": {"S": event["body"]}},
    )
    return {"statusCode": 201, "body": "{}"}
