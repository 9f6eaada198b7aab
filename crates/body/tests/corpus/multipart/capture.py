#!/usr/bin/env python3
"""Captures multipart bodies as real clients write them.

Run it in this folder: `python3 capture.py`. It needs curl, node (20 or later), chromium, and from PyPI requests, httpx,
requests-toolbelt, boto3 and google-api-python-client. Each body goes to a server on the loopback interface and is
written to `NAME.bin`, its content type to `NAME.type`. Boundaries are random: a new run changes every file.

Every form has the field `note` (a protected text with an accent), the field `kept`, and a file `doc` called
`Trémblay-labo.pdf`; the tests expect them by these names.
"""

import http.server
import pathlib
import subprocess
import tempfile
import threading

HERE = pathlib.Path(__file__).parent
NOTE = "Élise \"x\" 100 %\r\nligne 2"
FILE = b"%PDF-1.4\r\n--\r\n\x00\xff\r\n"
NAME = "Trémblay-labo.pdf"
PAGE = """<meta charset=utf-8><script>
const form = new FormData();
form.append("note", %r);
form.append("kept", "k");
form.append("doc", new File([new Uint8Array(%r)], %r, {type: "application/pdf"}));
fetch("/", {method: "POST", body: form}).then(() => document.title = "done");
</script>""" % (NOTE, list(FILE), NAME)


class Server(http.server.BaseHTTPRequestHandler):
    taken = threading.Event()
    last = None

    def do_POST(self):
        length = self.headers.get("Content-Length")
        if length is not None:
            body = self.rfile.read(int(length))
        else:
            body = b""
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        Server.last = (self.headers["Content-Type"], body)
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(b"{}")
        Server.taken.set()

    def do_GET(self):
        page = PAGE.encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def log_message(self, *_):
        pass


def save(name):
    assert Server.taken.wait(20), name
    Server.taken.clear()
    kind, body = Server.last
    (HERE / f"{name}.bin").write_bytes(body)
    (HERE / f"{name}.type").write_text(kind + "\n")
    print(name, len(body))


def curl(url, folder):
    path = pathlib.Path(folder) / NAME
    path.write_bytes(FILE)
    subprocess.run(["curl", "-sS", "-F", f"note={NOTE}", "-F", "kept=k", "-F", f"doc=@{path};type=application/pdf", url], check=True)
    save("curl")
    metadata = "{\"name\":\"Trémblay\",\"parents\":[]}"
    subprocess.run(["curl", "-sS", "-H", "Content-Type: multipart/related", "-F", f"metadata={metadata};type=application/json; charset=UTF-8", "-F", f"file=@{path};type=application/pdf", url], check=True)
    save("curl-related")


def python(url):
    import httpx
    import requests
    from requests_toolbelt import MultipartEncoder

    fields = {"note": NOTE, "kept": "k"}
    requests.post(url, data=fields, files={"doc": (NAME, FILE, "application/pdf")})
    save("requests")
    encoder = MultipartEncoder({**fields, "doc": (NAME, FILE, "application/pdf")})
    requests.post(url, data=encoder, headers={"Content-Type": encoder.content_type})
    save("requests-toolbelt")
    httpx.post(url, data=fields, files={"doc": (NAME, FILE, "application/pdf")})
    save("httpx")


def s3(url):
    import boto3
    import requests

    client = boto3.client("s3", endpoint_url=url, region_name="x", aws_access_key_id="x", aws_secret_access_key="x")
    post = client.generate_presigned_post("b", "key", Fields={"note": NOTE, "kept": "k"})
    requests.post(url, data=post["fields"], files={"doc": (NAME, FILE, "application/pdf")})
    save("boto3")


def google(url):
    import io
    import httplib2
    from google.auth.credentials import AnonymousCredentials
    from googleapiclient.discovery import build_from_document
    from googleapiclient.http import MediaIoBaseUpload

    method = {
        "id": "t.put", "path": "files", "httpMethod": "POST", "parameters": {}, "request": {"$ref": "File"},
        "supportsMediaUpload": True,
        "mediaUpload": {"accept": ["*/*"], "protocols": {"simple": {"multipart": True, "path": "/upload"}}},
    }
    document = {
        "name": "t", "version": "v1", "rootUrl": url, "servicePath": "", "batchPath": "batch", "baseUrl": url,
        "schemas": {"File": {"id": "File", "type": "object", "properties": {"name": {"type": "string"}}}},
        "resources": {"files": {"methods": {"put": method}}},
    }
    service = build_from_document(document, http=httplib2.Http())
    media = MediaIoBaseUpload(io.BytesIO(FILE), "application/pdf")
    service.files().put(body={"name": "Trémblay"}, media_body=media).execute()
    save("google-related")
    batch = service.new_batch_http_request()
    batch.add(service.files().put(body={"name": "Trémblay"}))
    batch.add(service.files().put(body={"name": "Roy"}))
    try:
        batch.execute()
    except Exception:  # The server answers nothing that a batch expects.
        pass
    save("google-batch")


def browsers(url):
    script = PAGE.split("<script>")[1].split("</script>")[0]
    script = script.replace('fetch("/"', f'fetch("{url}"').replace(".then(() => document.title = \"done\")", "")
    subprocess.run(["node", "-e", script], check=True)
    save("node")
    with tempfile.TemporaryDirectory() as profile:
        command = ["chromium", "--headless", "--no-sandbox", f"--user-data-dir={profile}", "--virtual-time-budget=5000", "--dump-dom", url]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=60)
        save("chromium")


def main():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/"
    with tempfile.TemporaryDirectory() as folder:
        curl(url, folder)
    python(url)
    s3(url)
    google(url)
    browsers(url)
    server.shutdown()


if __name__ == "__main__":
    main()
