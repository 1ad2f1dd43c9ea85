"""The least that could do the job: http.client, a signature made by hand, checks by hand."""

import base64
import hashlib
import hmac
import http.client
import json
import os
import ssl
from datetime import UTC, datetime
from urllib.parse import urlsplit

endpoint = urlsplit(os.environ["AWS_ENDPOINT_URL"])
if endpoint.scheme == "https":
    trusted = ssl.create_default_context(cafile=os.environ["AWS_CA_BUNDLE"])
    connection = http.client.HTTPSConnection(endpoint.hostname, endpoint.port, context=trusted)
else:
    connection = http.client.HTTPConnection(endpoint.hostname, endpoint.port)
REQUIRED = ("full_name", "preferred_contact", "location", "age_18_plus", "consent_to_contact")


def put(item):
    body = json.dumps({"TableName": os.environ["TABLE_NAME"], "Item": item})
    now = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    headers = {
        "content-type": "application/x-amz-json-1.0",
        "host": endpoint.netloc,
        "x-amz-date": now,
        "x-amz-target": "DynamoDB_20120810.PutItem",
    }
    names = ";".join(headers)
    canonical = "\n".join(
        [
            "POST",
            "/",
            "",
            *(f"{name}:{value}" for name, value in headers.items()),
            "",
            names,
            hashlib.sha256(body.encode()).hexdigest(),
        ]
    )
    scope = f"{now[:8]}/us-east-1/dynamodb/aws4_request"
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    key = f"AWS4{os.environ['AWS_SECRET_ACCESS_KEY']}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    to_sign = f"AWS4-HMAC-SHA256\n{now}\n{scope}\n{digest}"
    signature = hmac.digest(key, to_sign.encode(), "sha256").hex()
    headers["authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={os.environ['AWS_ACCESS_KEY_ID']}/{scope}, "
        f"SignedHeaders={names}, Signature={signature}"
    )
    connection.request("POST", "/", body, headers)
    response = connection.getresponse()
    response.read()
    return response.status


def lambda_handler(event, _context):
    request = json.loads(base64.b64decode(event["body"]))
    if not all(request.get(name) for name in REQUIRED):
        return {"statusCode": 422, "body": "{}"}
    identifier = event["requestContext"]["requestId"]
    status = put({"id": {"S": identifier}, "request": {"S": json.dumps(request)}})
    print(json.dumps({"message": "stored", "id": identifier}))
    return {"statusCode": 201 if status == 200 else 503, "body": "{}"}
