"""Sends one request by requests or httpx through the proxy and prints what came back as JSON.

usage: python_client.py PROXY ROOT LIBRARY METHOD URL [KIND VALUE]
  LIBRARY  requests | httpx (HTTP/1.1) | httpx2 (HTTP/2 offered)
  KIND     json | form | multipart; VALUE is the JSON of what to send
"""

import json
import sys

proxy, root, library, method, url, *rest = sys.argv[1:]
body = {}
if rest:
    kind, value = rest[0], json.loads(rest[1])
    if kind == "json":
        body = {"json": value}
    elif kind == "form":
        body = {"data": value}
    else:
        body = {"data": value, "files": {"photo": ("photo.bin", bytes(range(256)), "application/octet-stream")}}

if library == "requests":
    import requests

    session = requests.Session()
    session.trust_env = False
    session.proxies = {"http": proxy, "https": proxy}
    session.verify = root
    answer = session.request(method, url, timeout=60, **body)
    version = {10: "1.0", 11: "1.1"}[answer.raw.version]
else:
    import ssl

    import httpx

    context = ssl.create_default_context(cafile=root)
    with httpx.Client(proxy=proxy, verify=context, http2=library == "httpx2", trust_env=False, timeout=60) as client:
        answer = client.request(method, url, **body)
    version = answer.http_version.removeprefix("HTTP/")

print(json.dumps({
    "status": answer.status_code,
    "version": version,
    "body": answer.text,
    "receipt": answer.headers.get("rempart"),
}))
