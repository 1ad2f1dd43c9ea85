"""Nothing but the runtime client: what every Python function pays."""


def lambda_handler(_event, _context):
    return {"statusCode": 201, "body": "{}"}
