"""Puts objects by boto3 through the proxy, asks for them again, and says what came as JSON.

usage: s3_client.py PROXY ROOT ENDPOINT ACCESS_KEY SECRET
"""

import hashlib
import hmac
import io
import json
import random
import sys

import boto3
import requests
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

proxy, root, endpoint, access_key, secret = sys.argv[1:]
small = b"Marguerite Tremblay, RAMQ TREM80512349" * 40
large = random.Random(7).randbytes(3_000_001)
told = {}


def client(secret=secret, **options):
    config = Config(
        region_name="ca-central-1",
        proxies={"https": proxy},
        retries={"total_max_attempts": 1},
        s3={"addressing_style": "path", **options.pop("s3", {})},
        **options,
    )
    return boto3.client(
        "s3", endpoint_url=endpoint, aws_access_key_id=access_key, aws_secret_access_key=secret,
        config=config, verify=root,
    )


def same(s3, key, content):
    got = s3.get_object(Bucket="lab", Key=key)
    body = got["Body"].read()
    head = s3.head_object(Bucket="lab", Key=key)
    part = s3.get_object(Bucket="lab", Key=key, Range="bytes=10-99")
    return (
        body == content
        and got["ContentLength"] == len(content) == head["ContentLength"]
        and part["Body"].read() == content[10:100]
        and part["ContentRange"] == f"bytes 10-99/{len(content)}"
    )


def put(name, s3, key, body, content, **arguments):
    try:
        answer = s3.put_object(Bucket="lab", Key=key, Body=body, **arguments)
        told[name] = same(s3, key, content) and "ChecksumCRC32" not in answer
    except ClientError as error:
        told[name] = f"{error} {error.response.get('Error', {})}"


default = client()
put("trailer", default, "results/a file & é.bin", small, small, Metadata={"patient": "Marguerite Tremblay"})
put("long trailer", default, "large", io.BytesIO(large), large)
put("sha256 trailer", default, "sha", large, large, ChecksumAlgorithm="SHA256")
required = client(request_checksum_calculation="when_required", s3={"payload_signing_enabled": True})
put("digest", required, "small-signed", small, small)
put("long digest", required, "large-signed", large, large)
told["meta"] = default.head_object(Bucket="lab", Key="results/a file & é.bin")["Metadata"].get("patient")
told["open route"] = default.put_object(Bucket="lab", Key="a", Body=b"x", ACL="private")["ETag"] is not None

try:
    client(secret="not the secret").get_object(Bucket="lab", Key="large")
    told["another secret"] = "it passed"
except ClientError as error:
    told["another secret"] = error.response["ResponseMetadata"]["HTTPStatusCode"]

session = requests.Session()
session.trust_env = False
session.proxies = {"https": proxy}
session.verify = root
url = required.generate_presigned_url("put_object", Params={"Bucket": "lab", "Key": "presigned"})
answer = session.put(url, data=large)
told["presigned put"] = answer.status_code
url = required.generate_presigned_url("get_object", Params={"Bucket": "lab", "Key": "presigned"})
got = session.get(url)
told["presigned get"] = got.status_code == 200 and got.content == large
told["presigned, changed"] = session.get(url.replace("presigned?", "large?")).status_code


def in_signed_chunks(key, content, damage=False, trailer=False):
    """What the older SDKs do, and botocore does not: every chunk signed."""
    kind = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
    request = AWSRequest("PUT", f"{endpoint}/lab/{key}", {
        "content-encoding": "aws-chunked",
        "x-amz-decoded-content-length": str(len(content)),
    })
    auth = S3SigV4Auth(Credentials(access_key, secret), "s3", "ca-central-1")
    auth.payload = lambda _: kind
    auth.add_auth(request)
    seed = request.headers["Authorization"].rsplit("=", 1)[1]
    timestamp, scope = request.context["timestamp"], auth.credential_scope(request)
    key = f"AWS4{secret}".encode()
    for step in scope.split("/"):
        key = hmac.new(key, step.encode(), hashlib.sha256).digest()
    body = b""
    pieces = [content[at : at + 65536] for at in range(0, len(content), 65536)] + [b""]
    for piece in pieces:
        text = "\n".join([
            "AWS4-HMAC-SHA256-PAYLOAD", timestamp, scope, seed,
            hashlib.sha256(b"").hexdigest(), hashlib.sha256(piece).hexdigest(),
        ])
        seed = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
        body += f"{len(piece):x};chunk-signature={seed}\r\n".encode() + piece + b"\r\n"
    if damage:
        body = body[:-500] + bytes([body[-500] ^ 1]) + body[-499:]
    return session.put(request.url, data=body, headers=dict(request.headers.items())).status_code


told["signed chunks"] = in_signed_chunks("chunks", large) == 200 and same(default, "chunks", large)
told["signed chunks, open route"] = in_signed_chunks("open/chunks", large[:100_000])
told["a damaged chunk"] = in_signed_chunks("damaged", large, damage=True)
told["nothing of it"] = session.get(
    default.generate_presigned_url("get_object", Params={"Bucket": "lab", "Key": "damaged"})
).status_code

print(json.dumps(told))
