"""Signs by boto3 with credentials that the gateway does not have, and says what came of it as JSON.

usage: s3_unknown.py PROXY ROOT ENDPOINT ACCESS_KEY SECRET
"""

import json
import sys

import boto3
import requests
from botocore.config import Config

proxy, root, endpoint, access_key, secret = sys.argv[1:]
content = b"Marguerite Tremblay" * 1000
told = {}
config = Config(
    region_name="ca-central-1",
    proxies={"https": proxy},
    retries={"total_max_attempts": 1},
    s3={"addressing_style": "path"},
    request_checksum_calculation="when_required",
)
s3 = boto3.client(
    "s3", endpoint_url=endpoint, aws_access_key_id=access_key, aws_secret_access_key=secret, config=config, verify=root
)
session = requests.Session()
session.trust_env = False
session.proxies = {"https": proxy}
session.verify = root


def presigned(what, key):
    return s3.generate_presigned_url(what, Params={"Bucket": "lab", "Key": key})


answer = s3.put_object(Bucket="lab", Key="open/1", Body=b"nothing sensitive")
told["open put"] = answer["ResponseMetadata"]["HTTPStatusCode"]
told["open get"] = s3.get_object(Bucket="lab", Key="open/1")["Body"].read() == b"nothing sensitive"
seen = []
s3.meta.events.register("before-send.s3.PutObject", lambda request, **_: seen.append(request))
try:
    s3.put_object(Bucket="lab", Key="secret", Body=content)
except s3.exceptions.ClientError as error:
    told["protected put"] = error.response["ResponseMetadata"]["HTTPStatusCode"]
again = session.put(f"{endpoint}/lab/secret", data=content, headers=dict(seen[0].headers.items()))
told["code"] = again.json().get("code")
told["presigned put"] = session.put(presigned("put_object", "presigned"), data=content).status_code
told["presigned get"] = session.get(presigned("get_object", "presigned")).content == content
print(json.dumps(told))
