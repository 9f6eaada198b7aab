"""Calls a gRPC service through the proxy in the four ways there are, and says what came as JSON.

usage: grpc_client.py PROXY ROOT HOST NAME NOTE
"""

import json
import os
import queue
import sys

proxy, root, host, name, note = sys.argv[1:]
os.environ["grpc_proxy"] = proxy

import grpc
from google.protobuf.api_pb2 import Method

credentials = grpc.ssl_channel_credentials(open(root, "rb").read())


def patients():
    return [Method(name=f"{name} {number}", request_type_url=note, response_streaming=True) for number in range(3)]


def said(message):
    return [message.name, message.request_type_url, message.response_streaming]


with grpc.secure_channel(f"{host}:443", credentials) as channel:

    def method(kind, called):
        return kind(f"/clinic.Patients/{called}", Method.SerializeToString, Method.FromString)

    try:
        list(method(channel.unary_stream, "GetAll")(Method(), timeout=30))
        nobody = "somebody"
    except grpc.RpcError as error:
        nobody = [error.code().name, error.details()]
    put, call = method(channel.unary_unary, "Put").with_call(patients()[0], timeout=30)
    put_all = method(channel.stream_unary, "PutAll")(iter(patients()[1:]), timeout=30)
    got = list(method(channel.unary_stream, "GetAll")(Method(), timeout=30))
    # The next message leaves once the answer to the one before is there.
    answers, waiting = [], iter(patients())
    asked = queue.SimpleQueue()
    asked.put(next(waiting))
    for answer in method(channel.stream_stream, "Both")(iter(asked.get, None), timeout=30):
        answers.append(said(answer))
        asked.put(next(waiting, None))

print(json.dumps({
    "nobody": nobody,
    "put": said(put),
    "trailer": dict(call.trailing_metadata()).get("stored"),
    "put all": put_all.request_streaming,
    "got": [said(message) for message in got],
    "both": answers,
}))
