"""A gRPC service by Google's own library that keeps patients, as the cloud would.

usage: grpc_server.py CHAIN KEY

Prints its port, and then a line of JSON for each message as it came.
"""

import json
import sys
import threading
from concurrent import futures

import grpc
from google.protobuf.api_pb2 import Method

chain, key = (open(path, "rb").read() for path in sys.argv[1:])
kept = []
telling = threading.Lock()


def keep(message):
    with telling:
        kept.append(message)
        print(json.dumps(message.SerializeToString().decode("latin-1")), flush=True)


def put(message, context):
    keep(message)
    context.set_trailing_metadata((("stored", "1"),))
    return message


def put_all(messages, context):
    for message in messages:
        keep(message)
    return Method(name="", request_streaming=True)


def get_all(_, context):
    with telling:
        found = list(kept)
    yield from found
    if not found:
        context.abort(grpc.StatusCode.NOT_FOUND, "nobody is kept")


def both(messages, context):
    for message in messages:
        keep(message)
        yield message


def handler(kind, behaviour):
    return kind(behaviour, request_deserializer=Method.FromString, response_serializer=Method.SerializeToString)


server = grpc.server(futures.ThreadPoolExecutor(4))
server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("clinic.Patients", {
    "Put": handler(grpc.unary_unary_rpc_method_handler, put),
    "PutAll": handler(grpc.stream_unary_rpc_method_handler, put_all),
    "GetAll": handler(grpc.unary_stream_rpc_method_handler, get_all),
    "Both": handler(grpc.stream_stream_rpc_method_handler, both),
}),))
port = server.add_secure_port("127.0.0.1:0", grpc.ssl_server_credentials([(key, chain)]))
server.start()
print(port, flush=True)
server.wait_for_termination()
