"""Both hops in Python: `client ADDR` asserts what a front does, `front` is one without an inventory, and
`inventory [SECONDS]` is an inventory. The servers print their port and serve.

Needs grpcio-tools, which makes the stubs from the definitions when the program starts.
"""

import pathlib
import sys
import threading
import time
from concurrent import futures

import grpc
from google.protobuf.wrappers_pb2 import StringValue

sys.path.append(str(pathlib.Path(__file__).parents[3] / "proto" / "proto"))
messages, services = grpc.protos_and_services("order_management.proto")
reserve_messages, reserve_services = grpc.protos_and_services("inventory.proto")
Order = messages.Order


def client(addr):
    """The server takes 300 ms for each order, and needs 50 ms more."""
    channel = grpc.insecure_channel(addr)
    stub = services.OrderManagementStub(channel)
    grpc.channel_ready_future(channel).result(timeout=10)

    def order(id, *items):
        return Order(id=id, items=items, destination="Seoul")

    assert stub.addOrder(order("101", "lamp"), timeout=5).value == "Order Added: 101"
    assert stub.addOrder(order("101", "lamp")).value == "Order Added: 101"
    code, took = failed(lambda: stub.addOrder(order("102", "lamp"), timeout=0.2))
    assert code == grpc.StatusCode.DEADLINE_EXCEEDED and took < 0.3, (code, took)
    code, _ = failed(lambda: stub.addOrder(order("103", "sold out"), timeout=5))
    assert code == grpc.StatusCode.FAILED_PRECONDITION, code
    # The deadline covers the whole stream.
    done = threading.Event()

    def ids():
        yield StringValue(value="102")
        done.wait()

    code, took = failed(lambda: list(stub.processOrders(ids(), timeout=0.5)))
    assert code == grpc.StatusCode.DEADLINE_EXCEEDED and 0.4 < took < 1, (code, took)
    done.set()
    call = stub.addOrder.future(order("204", "lamp"), timeout=5)
    time.sleep(0.1)
    call.cancel()
    code, _ = failed(lambda: stub.getOrder(StringValue(value="204"), timeout=5))
    assert code == grpc.StatusCode.NOT_FOUND, code


def failed(call):
    """The code of a call that fails, and how long it took."""
    start = time.monotonic()
    try:
        answer = call()
    except grpc.RpcError as status:
        return status.code(), time.monotonic() - start
    raise AssertionError(f"it was answered with {answer}")


class Front(services.OrderManagementServicer):
    """Takes 300 ms for each order, and waits for all ids before it ships."""

    def addOrder(self, order, context):
        if "sold out" in order.items:
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, 'item "sold out" is not in stock')
        time.sleep(0.3)
        return StringValue(value=f"Order Added: {order.id}")

    def processOrders(self, ids, context):
        for id in ids:
            pass
        yield messages.CombinedShipment()


class Inventory(reserve_services.InventoryServicer):
    def __init__(self, seconds):
        self.seconds = seconds

    def reserve(self, request, context):
        print(f"{request.order_id}: {context.time_remaining():.3f} left", flush=True)
        if "sold out" in request.items:
            context.set_trailing_metadata([("x-secret", "SECRET")])
            context.abort(grpc.StatusCode.NOT_FOUND, 'SECRET: "sold out" is not here')
        ended = threading.Event()
        context.add_callback(ended.set)
        if ended.wait(self.seconds):
            print(f"{request.order_id}: stopped", flush=True)
        return reserve_messages.ReserveResponse(reservation_id="r-1")


def serve(add, servicer):
    server = grpc.server(futures.ThreadPoolExecutor())
    add(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(f"listening on 127.0.0.1:{port}", flush=True)
    server.wait_for_termination()


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["client", addr]:
            client(addr)
        case ["front"]:
            serve(services.add_OrderManagementServicer_to_server, Front())
        case ["inventory", *seconds]:
            inventory = Inventory(float(*seconds or [0]))
            serve(reserve_services.add_InventoryServicer_to_server, inventory)
