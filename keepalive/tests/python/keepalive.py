"""The Echo service in Python: `client ADDR` keeps a stream open and prints how it ends, `server`
prints its address and serves, and so does `strict`, with grpcio's default limits for PINGs.

Needs grpcio-tools, which makes the stubs from the definitions when the program starts.
"""

import pathlib
import queue
import sys
import time
from concurrent import futures

import grpc

sys.path.append(str(pathlib.Path(__file__).parents[3] / "proto" / "proto"))
messages, services = grpc.protos_and_services("echo.proto")

KEEPALIVE = [
    ("grpc.keepalive_time_ms", 1_000),
    ("grpc.keepalive_timeout_ms", 1_000),
    # grpcio 1.85 ignores the timeout above and applies this one, whose default is 60 s.
    ("grpc.http2.ping_timeout_ms", 1_000),
    # Without this, only two PINGs are sent while the stream is silent.
    ("grpc.http2.max_pings_without_data", 0),
]

# Accepts any number of PINGs.
PATIENT = [
    ("grpc.http2.min_ping_interval_without_data_ms", 10),
    ("grpc.http2.max_ping_strikes", 0),
]


def client(addr):
    stub = services.EchoStub(grpc.insecure_channel(addr, options=KEEPALIVE))
    stub.UnaryEcho(messages.EchoRequest(message="hello"), timeout=10)
    requests = queue.SimpleQueue()
    requests.put(messages.EchoRequest(message="hello"))
    stream = stub.BidirectionalStreamingEcho(iter(requests.get, None), timeout=60)
    next(stream)
    print("the stream is open", flush=True)
    try:
        next(stream)
    except grpc.RpcError as error:
        print(f"the stream ended with {error.code().name}", flush=True)
    # Ends the thread that waits for requests.
    requests.put(None)


class Echo(services.EchoServicer):
    def UnaryEcho(self, request, context):
        return messages.EchoResponse(message=request.message)

    def BidirectionalStreamingEcho(self, requests, context):
        context.add_callback(lambda: print("the stream was dropped", flush=True))
        for request in requests:
            yield messages.EchoResponse(message=request.message)


def server(options):
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=8), options=options)
    services.add_EchoServicer_to_server(Echo(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(f"listening on 127.0.0.1:{port}", flush=True)
    server.wait_for_termination()


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["client", addr]:
            client(addr)
        case ["server"]:
            server(KEEPALIVE + PATIENT)
        case ["strict"]:
            server([])
