"""Sends a file in pieces by Google's and by tus' own client through the proxy, asks for it in whole and in part, and
says what came as JSON.

usage: python_uploads.py PROXY ROOT URL SIZE
"""

import io
import json
import os
import random
import sys

import requests
from google.resumable_media.requests import ResumableUpload
from tusclient.client import TusClient

proxy, root, url, size = sys.argv[1:]
content = random.Random(7).randbytes(int(size))
# tus' client takes its proxy and its roots from the environment only.
os.environ.update(HTTPS_PROXY=proxy, https_proxy=proxy, NO_PROXY="", no_proxy="", REQUESTS_CA_BUNDLE=root)

session = requests.Session()
upload = ResumableUpload(f"{url}/upload?uploadType=resumable", 512 * 1024)
upload.initiate(session, io.BytesIO(content), {"name": "a.bin"}, "application/octet-stream")
requests_made = 0
while not upload.finished:
    upload.transmit_next_chunk(session)
    requests_made += 1
google = upload.resumable_url.rsplit("upload_id=", 1)[1]

tus = TusClient(f"{url}/tus").uploader(file_stream=io.BytesIO(content), chunk_size=320 * 1024)
tus.upload(stop_at=640 * 1024)
# Another client goes on where this one stopped.
rest = TusClient(f"{url}/tus").uploader(file_stream=io.BytesIO(content), url=tus.url, chunk_size=320 * 1024)
resumed = rest.offset
rest.upload()
tus = tus.url.rsplit("/", 1)[1]


def back(name):
    whole = session.get(f"{url}/files/{name}", timeout=60)
    part = session.get(f"{url}/files/{name}", headers={"Range": "bytes=100000-700000"}, timeout=60)
    head = session.head(f"{url}/files/{name}", timeout=60)
    return {
        "same": whole.content == content,
        "length": whole.headers.get("content-length"),
        "head": head.headers.get("content-length"),
        "part": part.status_code,
        "same part": part.content == content[100000:700001],
    }


print(json.dumps({
    "chunks": requests_made,
    "google": google,
    "tus": tus,
    "resumed": resumed,
    "google came back": back(google),
    "tus came back": back(tus),
}))
