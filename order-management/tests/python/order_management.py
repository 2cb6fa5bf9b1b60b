"""OrderManagement in Python, in all four patterns: `client ADDR` asserts the contract, `server`
prints its port and serves.

Needs grpcio-tools, which makes the stubs from the definitions when the program starts.
"""

import itertools
import pathlib
import queue
import sys
from concurrent import futures

import grpc
from google.protobuf.wrappers_pb2 import StringValue

sys.path.append(str(pathlib.Path(__file__).parents[3] / "proto" / "proto"))
messages, services = grpc.protos_and_services("order_management.proto")
Order = messages.Order


def client(addr):
    stub = services.OrderManagementStub(grpc.insecure_channel(addr))
    unary(stub)
    server_streaming(stub)
    client_streaming(stub)
    bidirectional_streaming(stub)
    slow_reader(stub)


def unary(stub):
    order = Order(id="101", items=["iPhone XS"], price=2300, destination="San Jose, CA")
    assert stub.addOrder(order, timeout=10).value == "Order Added: 101"
    assert stub.getOrder(StringValue(value="101"), timeout=10) == order
    for bad in [Order(items=["x"]), Order(id="1"), Order(id="1", items=["x"], price=-1)]:
        code = refused(lambda: stub.addOrder(bad, timeout=10))
        assert code == grpc.StatusCode.INVALID_ARGUMENT, bad
    code = refused(lambda: stub.getOrder(StringValue(value="999"), timeout=10))
    assert code == grpc.StatusCode.NOT_FOUND


def server_streaming(stub):
    found = stub.searchOrders(StringValue(value="Google"), timeout=10)
    assert [order.id for order in found] == ["102", "104"]
    code = refused(lambda: list(stub.searchOrders(StringValue(value=" "), timeout=10)))
    assert code == grpc.StatusCode.INVALID_ARGUMENT


def client_streaming(stub):
    updates = [Order(id=id, items=["a lamp"], destination="Seoul") for id in ["104", "102"]]
    answer = stub.updateOrders(iter(updates), timeout=10)
    assert answer.value == "Updated Order IDs: 104 102", answer
    unknown = Order(id="999", items=["a lamp"])
    code = refused(lambda: stub.updateOrders(iter([unknown]), timeout=10))
    assert code == grpc.StatusCode.NOT_FOUND


def bidirectional_streaming(stub):
    ids = queue.Queue()
    shipments = stub.processOrders(iter(ids.get, None), timeout=10)
    for id in ["103", "102", "104"]:
        ids.put(StringValue(value=id))
    # The first batch comes before the next id goes.
    assert line(next(shipments)) == "cmb - San Jose, CA: 103"
    assert line(next(shipments)) == "cmb - Seoul: 102 104"
    ids.put(StringValue(value="105"))
    ids.put(StringValue(value="999"))
    assert line(next(shipments)) == "cmb - San Jose, CA: 105"
    assert refused(lambda: next(shipments)) == grpc.StatusCode.NOT_FOUND
    ids.put(None)


def slow_reader(stub):
    """Sends ids, each in a frame of its own, until it is stopped, and only then reads shipments."""
    large = Order(id="107", items=["a lamp"], description="x" * 1_000, destination="Seoul")
    stub.addOrder(large, timeout=10)
    sent = itertools.count()
    ids = (StringValue(value="107") for _ in itertools.takewhile(lambda n: n < 40_000, sent))
    shipments = stub.processOrders(ids, timeout=60)
    before, now = None, 0
    while before != now:
        # Other calls go through on the same connection meanwhile.
        for _ in range(200):
            stub.getOrder(StringValue(value="105"), timeout=10)
        before, now = now, int(repr(sent)[len("count(") : -1])
    assert sum(len(shipment.ordersList) for shipment in shipments) == 40_000


def line(shipment):
    return f"{shipment.id}: {' '.join(order.id for order in shipment.ordersList)}"


def refused(call):
    try:
        answer = call()
    except grpc.RpcError as status:
        return status.code()
    raise AssertionError(f"it was answered with {answer}")


class Orders(services.OrderManagementServicer):
    def __init__(self):
        towns = ["Mountain View, CA", "San Jose, CA"]
        ids = ["102", "103", "104", "105", "106"]
        orders = [Order(id=id, items=["Google"], destination=towns[int(id) % 2]) for id in ids]
        self.orders = {order.id: order for order in orders}

    def addOrder(self, order, context):
        self.orders[order.id] = order
        return StringValue(value=f"Order Added: {order.id}")

    def getOrder(self, id, context):
        if id.value not in self.orders:
            context.abort(grpc.StatusCode.NOT_FOUND, f"no {id.value}")
        return self.orders[id.value]

    def searchOrders(self, text, context):
        for order in list(self.orders.values()):
            if any(text.value in item for item in order.items):
                yield order

    def updateOrders(self, orders, context):
        return StringValue(value=" ".join(self.addOrder(order, context).value for order in orders))

    def processOrders(self, ids, context):
        # One at a time: what a client makes of it must not depend on how they are batched.
        for id in ids:
            order = self.getOrder(id, context)
            yield messages.CombinedShipment(id=f"cmb - {order.destination}", ordersList=[order])


def server():
    server = grpc.server(futures.ThreadPoolExecutor())
    services.add_OrderManagementServicer_to_server(Orders(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(f"listening on 127.0.0.1:{port}", flush=True)
    server.wait_for_termination()


if __name__ == "__main__":
    {"client": client, "server": server}[sys.argv[1]](*sys.argv[2:])
