"""OrderManagement with compression in Python: `client ADDR` asserts the contract, `server ENCODING`
compresses its responses, prints its port and serves.

Needs grpcio-tools, which makes the stubs from the definitions when the program starts.
"""

import pathlib
import sys
from concurrent import futures

import grpc
from google.protobuf.wrappers_pb2 import StringValue

sys.path.append(str(pathlib.Path(__file__).parents[3] / "proto" / "proto"))
messages, services = grpc.protos_and_services("order_management.proto")


def client(addr):
    order = messages.Order(id="101", items=["a lamp"], description="light " * 10_000)
    channel = grpc.insecure_channel(addr)
    stub = services.OrderManagementStub(channel)
    for encoding in [grpc.Compression.Gzip, grpc.Compression.NoCompression, None]:
        added = stub.addOrder(order, timeout=10, compression=encoding)
        assert added.value == "Order Added: 101", added
        stored = stub.getOrder(StringValue(value="101"), timeout=10, compression=encoding)
        assert stored == order
        found = stub.searchOrders(StringValue(value="lamp"), timeout=10, compression=encoding)
        assert list(found) == [order]
        # Every message of a request stream is compressed.
        updates = iter([order] * 10)
        updated = stub.updateOrders(updates, timeout=10, compression=encoding).value
        assert updated.count("101") == 10, updated
    try:
        stub.addOrder(order, timeout=10, compression=grpc.Compression.Deflate)
        raise AssertionError("deflate was accepted")
    except grpc.RpcError as status:
        assert status.code() == grpc.StatusCode.UNIMPLEMENTED, status
        assert "deflate" in status.details(), status
    # A channel can compress all of its calls, and a call can switch that off.
    with grpc.insecure_channel(addr, compression=grpc.Compression.Gzip) as channel:
        stub = services.OrderManagementStub(channel)
        assert stub.addOrder(order, timeout=10).value == "Order Added: 101"
        plain = grpc.Compression.NoCompression
        assert stub.addOrder(order, timeout=10, compression=plain).value == "Order Added: 101"


class Orders(services.OrderManagementServicer):
    def __init__(self):
        self.orders = {"106": messages.Order(id="106", items=["a lamp"])}

    def addOrder(self, order, context):
        self.orders[order.id] = order
        return StringValue(value=f"Order Added: {order.id}")

    def getOrder(self, id, context):
        return self.orders[id.value]


def server(encoding):
    encoding = getattr(grpc.Compression, encoding)
    server = grpc.server(futures.ThreadPoolExecutor(), compression=encoding)
    services.add_OrderManagementServicer_to_server(Orders(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(f"listening on 127.0.0.1:{port}", flush=True)
    server.wait_for_termination()


if __name__ == "__main__":
    {"client": client, "server": server}[sys.argv[1]](*sys.argv[2:])
