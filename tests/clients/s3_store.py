"""A store that speaks S3's protocol: verifies every signature by botocore's own code, and keeps what came.

usage: s3_store.py CHAIN KEY ACCESS_KEY SECRET

Prints its port, and then a line of JSON for each request: what it verified, and the body as it came.
"""

import base64
import datetime
import hashlib
import http.client
import http.server
import json
import ssl
import sys
import threading
import urllib.parse
import zlib

from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

chain, key, access_key, secret = sys.argv[1:]
objects = {}
telling = threading.Lock()


class Wrong(Exception):
    pass


def signature_of(method, url, headers, signed, timestamp, scope, presigned, expires):
    day, region, service, _ = scope
    auth = S3SigV4QueryAuth if presigned else S3SigV4Auth
    arguments = {"expires": expires} if presigned else {}
    auth = auth(Credentials(access_key, secret), service, region, **arguments)
    only = {name: headers[name] for name in signed}
    request = AWSRequest(method, url, only)
    request.context["timestamp"] = timestamp
    message = http.client.HTTPMessage()
    for name, value in only.items():
        message[name] = value
    auth.headers_to_sign = lambda _: message
    return auth.signature(auth.string_to_sign(request, auth.canonical_request(request)), request)


def verify(handler):
    """Gives the words by which the request is signed."""
    url = urllib.parse.urlsplit(f"https://{handler.headers['host']}{handler.path}")
    query = urllib.parse.parse_qsl(url.query, keep_blank_values=True)
    presigned = dict(query).get("X-Amz-Signature")
    if presigned:
        said = dict(query)
        credential, names = said["X-Amz-Credential"], said["X-Amz-SignedHeaders"]
        timestamp, given, expires = said["X-Amz-Date"], presigned, int(said["X-Amz-Expires"])
        rest = [pair for pair in url.query.split("&") if not pair.startswith("X-Amz-Signature=")]
        url = url._replace(query="&".join(rest))
    else:
        line = handler.headers["authorization"] or ""
        if not line.startswith("AWS4-HMAC-SHA256 "):
            raise Wrong("no signature")
        said = dict(part.strip().split("=", 1) for part in line.split(" ", 1)[1].split(","))
        credential, names, given = said["Credential"], said["SignedHeaders"], said["Signature"]
        timestamp, expires = handler.headers["x-amz-date"], 900
    who, *scope = credential.split("/")
    if who != access_key:
        raise Wrong("an access key that is not known")
    when = datetime.datetime.strptime(timestamp, "%Y%m%dT%H%M%SZ")
    age = (datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None) - when).total_seconds()
    if not -900 < age < expires:
        raise Wrong("too old")
    signed = names.split(";")
    for name in handler.headers.keys():
        if name.lower().startswith("x-amz-") and name.lower() not in signed:
            raise Wrong(f"{name} is not signed")
    expected = signature_of(
        handler.command, url.geturl(), handler.headers, signed, timestamp, scope, bool(presigned), expires
    )
    if expected != given:
        raise Wrong("SignatureDoesNotMatch")
    return "UNSIGNED-PAYLOAD" if presigned else handler.headers["x-amz-content-sha256"]


def read(handler):
    if handler.headers["transfer-encoding"]:
        if not handler.headers["x-amz-decoded-content-length"]:
            raise Wrong("MissingContentLength")
        body = b""
        while size := int(handler.rfile.readline(), 16):
            body += handler.rfile.read(size)
            handler.rfile.readline()
        handler.rfile.readline()
        return body
    length = int(handler.headers["content-length"] or 0)
    body = handler.rfile.read(length)
    if len(body) != length:
        raise ConnectionError("the body broke off")
    return body


def content_of(handler, body, payload):
    """Takes the body out of its framing, and verifies what is said of it."""
    checksums = {
        name.lower(): value
        for name, value in handler.headers.items()
        if name.lower().startswith("x-amz-checksum-") and name.lower() != "x-amz-checksum-mode"
    }
    if payload == "STREAMING-UNSIGNED-PAYLOAD-TRAILER":
        if "aws-chunked" not in handler.headers["content-encoding"]:
            raise Wrong("no aws-chunked")
        content = b""
        while True:
            size, body = body.split(b"\r\n", 1)
            size = int(size, 16)
            if size == 0:
                break
            content += body[:size]
            if body[size : size + 2] != b"\r\n":
                raise Wrong("a chunk that does not end")
            body = body[size + 2 :]
            if size < 8192 and not body.startswith(b"0\r\n"):
                raise Wrong("InvalidChunkSizeError")
        for line in body.decode().split("\r\n"):
            if line:
                name, value = line.split(":", 1)
                checksums[name] = value
        if len(content) != int(handler.headers["x-amz-decoded-content-length"]):
            raise Wrong("IncompleteBody")
        if handler.headers["x-amz-trailer"] not in checksums:
            raise Wrong("MalformedTrailerError")
    else:
        content = body
        if payload not in ("UNSIGNED-PAYLOAD", hashlib.sha256(body).hexdigest()):
            raise Wrong("XAmzContentSHA256Mismatch")
    for name, value in checksums.items():
        digest = {
            "x-amz-checksum-crc32": lambda: zlib.crc32(content).to_bytes(4, "big"),
            "x-amz-checksum-sha256": lambda: hashlib.sha256(content).digest(),
        }[name]()
        if base64.b64encode(digest).decode() != value:
            raise Wrong("BadDigest")
    if handler.headers["x-amz-sdk-checksum-algorithm"] and not checksums:
        raise Wrong("a promised checksum is not there")
    return content, sorted(checksums)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, headers, body=b""):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def serve(self):
        told = {"method": self.command, "path": self.path}
        try:
            body = read(self)
            payload = verify(self)
            content, checksums = content_of(self, body, payload)
            told |= {"payload": payload, "checksums": checksums, "headers": {
                name.lower(): value for name, value in self.headers.items()
            }, "content": base64.b64encode(content[:100_000]).decode()}
        except Wrong as wrong:
            told["wrong"] = str(wrong)
            self.close_connection = True
            code = str(wrong).encode()
            self.answer(403, {"Content-Type": "application/xml"}, b"<Error><Code>" + code + b"</Code></Error>")
        else:
            path = self.path.split("?")[0]
            if self.command == "PUT":
                objects[path] = content, {
                    name: value for name, value in self.headers.items() if name.lower().startswith("x-amz-meta-")
                }
            found, meta = objects.get(path, (None, {}))
            if found is None:
                self.answer(404, {})
            else:
                crc = base64.b64encode(zlib.crc32(found).to_bytes(4, "big")).decode()
                headers = {"ETag": f'"{hashlib.md5(found).hexdigest()}"', "x-amz-checksum-crc32": crc, **meta}
                self.answer(200, headers, b"" if self.command == "PUT" else found)
        with telling:
            print(json.dumps(told), flush=True)

    do_GET = do_PUT = do_HEAD = do_DELETE = serve


context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(chain, key)
class Server(http.server.ThreadingHTTPServer):
    def handle_error(self, request, client_address):
        # Whoever has the part that it wants, or gives a body up, goes away.
        if not isinstance(sys.exception(), (OSError, ValueError)):
            super().handle_error(request, client_address)


server = Server(("127.0.0.1", 0), Handler)
server.socket = context.wrap_socket(server.socket, server_side=True)
print(server.server_address[1], flush=True)
server.serve_forever()
