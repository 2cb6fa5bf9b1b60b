"""A client of OrderManagement in Python: asserts the contract of all four patterns.

Needs grpcio-tools, which makes the stubs from the definitions when the program starts.
"""

import pathlib
import queue
import sys

import grpc
from google.protobuf.wrappers_pb2 import StringValue

sys.path.append(str(pathlib.Path(__file__).parents[3] / "proto" / "proto"))
messages, services = grpc.protos_and_services("order_management.proto")
Order = messages.Order


def main(addr):
    stub = services.OrderManagementStub(grpc.insecure_channel(addr))
    unary(stub)
    server_streaming(stub)
    client_streaming(stub)
    bidirectional_streaming(stub)


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


def line(shipment):
    return f"{shipment.id}: {' '.join(order.id for order in shipment.ordersList)}"


def refused(call):
    try:
        answer = call()
    except grpc.RpcError as status:
        return status.code()
    raise AssertionError(f"it was answered with {answer}")


if __name__ == "__main__":
    main(sys.argv[1])
