"""Sends a file by requests through the proxy, asks for it, its head and a part of it, and says what came as JSON.

usage: python_files.py PROXY ROOT URL SIZE
"""

import json
import random
import sys

import requests

proxy, root, url, size = sys.argv[1:]
content = random.Random(7).randbytes(int(size))

session = requests.Session()
session.trust_env = False
session.proxies = {"http": proxy, "https": proxy}
session.verify = root
put = session.put(url, data=content, headers={"Content-Type": "application/octet-stream"}, timeout=60)
got = session.get(url, timeout=60)
head = session.head(url, timeout=60)
part = session.get(url, headers={"Range": "bytes=1000-99999"}, timeout=60)

print(json.dumps({
    "put": put.status_code,
    "get": got.status_code,
    "same": got.content == content,
    "length": got.headers.get("content-length"),
    "head": head.headers.get("content-length"),
    "part": part.status_code,
    "same part": part.content == content[1000:100000],
}))
