"""OrderManagement with metadata in Python: `client ADDR` asserts the contract, `server` prints its port
and serves.

Needs grpcio-tools, which makes the stubs from the definitions when the program starts.
"""

import pathlib
import sys
from concurrent import futures

import grpc
from google.protobuf.wrappers_pb2 import StringValue

sys.path.append(str(pathlib.Path(__file__).parents[3] / "proto" / "proto"))
messages, services = grpc.protos_and_services("order_management.proto")
Order = messages.Order

EVERY_BYTE = bytes(range(256))


def values(metadata, key):
    return [value for name, value in metadata or () if name == key]


def client(addr):
    # C-core accepts 8 KiB of metadata by default, with a hard limit of 16 KiB.
    channel = grpc.insecure_channel(addr)
    stub = services.OrderManagementStub(channel)

    order = Order(id="101", items=["iPhone XS"], destination="San Jose, CA")
    _, call = stub.addOrder.with_call(order, timeout=10, metadata=[("x-request-id", "py-1")])
    check_headers(call.initial_metadata(), "py-1")

    sent = [("context-bin", value) for value in [EVERY_BYTE, b"", b"two", b"\0"]]
    _, call = stub.getOrder.with_call(StringValue(value="106"), timeout=10, metadata=sent)
    returned = values(call.initial_metadata(), "context-bin")
    assert returned == [value for _, value in sent], returned

    found = stub.searchOrders(StringValue(value="Google"), timeout=10)
    # The headers can be read before the first message.
    check_headers(found.initial_metadata())
    assert [order.id for order in found] == ["102", "104"]
    assert values(found.trailing_metadata(), "orders-found") == ["2"]

    try:
        stub.getOrder(StringValue(value="999"), timeout=10, metadata=[("x-request-id", "py-2")])
        raise AssertionError("an unknown order was found")
    except grpc.RpcError as status:
        assert status.code() == grpc.StatusCode.NOT_FOUND, status
        # There is only one block of headers in this response, and it counts as the trailers.
        check_headers(status.trailing_metadata(), "py-2")

    for size in [8 * 1024, 16 * 1024]:
        padding = [("padding", "x" * size)]
        stub.getOrder(StringValue(value="106"), timeout=10, metadata=padding)
    try:
        padding = [("padding", "x" * 200 * 1024)]
        stub.getOrder(StringValue(value="106"), timeout=10, metadata=padding)
        raise AssertionError("200 KiB were accepted")
    except grpc.RpcError as status:
        print(status)
    stub.getOrder(StringValue(value="106"), timeout=10)


def check_headers(metadata, id=None):
    assert values(metadata, "location") == ["San Jose"], metadata
    assert len(values(metadata, "timestamp")) == 1, metadata
    ids = values(metadata, "x-request-id")
    assert ids == [id] if id else len(ids) == 1, metadata


class Orders(services.OrderManagementServicer):
    def headers(self, context):
        ids = values(context.invocation_metadata(), "x-request-id")
        return [("location", "San Jose"), ("timestamp", "now"), *(("x-request-id", id) for id in ids)]

    def addOrder(self, order, context):
        assert values(context.invocation_metadata(), "k1") == ["v1", "v2"]
        context.send_initial_metadata(self.headers(context))
        return StringValue(value=f"Order Added: {order.id}")

    def getOrder(self, id, context):
        if id.value == "999":
            context.set_trailing_metadata(self.headers(context))
            context.abort(grpc.StatusCode.NOT_FOUND, "no 999")
        contexts = values(context.invocation_metadata(), "context-bin")
        assert contexts in [[], [EVERY_BYTE, b"two"]], contexts
        returned = [("context-bin", value) for value in contexts]
        context.send_initial_metadata(self.headers(context) + returned)
        return Order(id=id.value)

    def searchOrders(self, text, context):
        context.send_initial_metadata(self.headers(context))
        yield Order(id="102")
        yield Order(id="104")
        context.set_trailing_metadata([("orders-found", "2")])


def server():
    server = grpc.server(futures.ThreadPoolExecutor())
    services.add_OrderManagementServicer_to_server(Orders(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(f"listening on 127.0.0.1:{port}", flush=True)
    server.wait_for_termination()


if __name__ == "__main__":
    {"client": client, "server": server}[sys.argv[1]](*sys.argv[2:])
