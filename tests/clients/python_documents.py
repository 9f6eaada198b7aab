"""Makes a spreadsheet around a token, or reads what the proxy made of one, and of the answer to a batch.

usage: python_documents.py PROXY ROOT make TOKEN
       python_documents.py PROXY ROOT read DOCUMENT BATCH
"""

import base64
import email
import io
import json
import sys
import zipfile
from xml.etree import ElementTree

import requests

proxy, root, what, *rest = sys.argv[1:]
STRINGS = "xl/sharedStrings.xml"
OTHERS = {"[Content_Types].xml": b"<Types/>", "xl/media/image1.png": bytes(range(256)) * 40}


def make(token):
    document = io.BytesIO()
    with zipfile.ZipFile(document, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in OTHERS.items():
            archive.writestr(name, content)
        archive.writestr(STRINGS, f"<sst><si><t>{token}</t></si></sst>")
        archive.writestr("xl/workbook.xml", "<workbook/>", zipfile.ZIP_STORED)
    return {"document": base64.b64encode(document.getvalue()).decode()}


def answers(response):
    """As the clients of batches read them: by the parser of mail."""
    head = b"Content-Type: " + response.headers["content-type"].encode() + b"\r\n\r\n"
    for part in email.message_from_bytes(head + response.content).get_payload():
        status, _, message = part.get_payload(decode=True).partition(b"\r\n")
        answer = email.message_from_bytes(message)
        body = answer.get_payload(decode=True)
        yield {
            "status": status.decode(),
            "true": int(answer["content-length"]) == len(body),
            "name": json.loads(body)["name"],
        }


def read(document, batch):
    session = requests.Session()
    session.trust_env = False
    session.proxies = {"http": proxy, "https": proxy}
    session.verify = root
    archive = zipfile.ZipFile(io.BytesIO(session.get(document, timeout=60).content))
    return {
        "damaged": archive.testzip(),
        "text": "".join(ElementTree.fromstring(archive.read(STRINGS)).itertext()),
        "others": all(archive.read(name) == content for name, content in OTHERS.items()),
        "answers": list(answers(session.get(batch, timeout=60))),
    }


print(json.dumps({"make": make, "read": read}[what](*rest)))
