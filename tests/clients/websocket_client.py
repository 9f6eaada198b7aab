"""Says messages over a WebSocket through the proxy, by the library websockets, and prints what came back as JSON.

usage: websocket_client.py PROXY ROOT URL MESSAGES
  MESSAGES  a file of a JSON list: a text is a message, a list of texts is one in fragments, a number is so many binary bytes
"""

import json
import ssl
import sys

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

proxy, root, url, file = sys.argv[1:]
with open(file, encoding="utf-8") as talk:
    messages = json.load(talk)
context = ssl.create_default_context(cafile=root)
answers, closed = [], None
with connect(url, proxy=proxy, ssl=context, max_size=None, open_timeout=60) as socket:
    head = socket.response.headers
    try:
        for message in messages:
            socket.send(bytes(message) if isinstance(message, int) else message)
            answer = socket.recv(timeout=60)
            answers.append(answer if isinstance(answer, str) else len(answer))
    except ConnectionClosed as end:
        closed = [end.rcvd.code, end.rcvd.reason] if end.rcvd else []

print(json.dumps({
    "answers": answers,
    "closed": closed,
    "extensions": head.get("Sec-WebSocket-Extensions"),
    "receipt": head.get("Rempart"),
}))
