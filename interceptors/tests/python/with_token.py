"""All four patterns of OrderManagement, without the token and with it.

Needs grpcio-tools, which makes the stubs from the definitions when the program starts.
"""

import pathlib
import sys

import grpc
from google.protobuf.wrappers_pb2 import StringValue

sys.path.append(str(pathlib.Path(__file__).parents[3] / "proto" / "proto"))
messages, services = grpc.protos_and_services("order_management.proto")


def strings(*values):
    return [StringValue(value=value) for value in values]


def main(addr):
    stub = services.OrderManagementStub(grpc.insecure_channel(addr))
    order = messages.Order(id="102", items=["a lamp"], destination="Seoul")

    def calls(**options):
        """Each pattern's call, and what it comes to."""
        options["timeout"] = 10
        text, ids = StringValue(value="Google"), strings("103", "104", "105", "106")
        return [
            lambda: stub.addOrder(order, **options).value,
            lambda: stub.updateOrders(iter([order]), **options).value,
            lambda: [order.id for order in stub.searchOrders(text, **options)],
            lambda: [shipment.id for shipment in stub.processOrders(iter(ids), **options)],
        ]

    for metadata in [[], [("authorization", "Bearer open-door")]]:
        for call in calls(metadata=metadata):
            try:
                raise AssertionError(f"{metadata} was answered with {call()}")
            except grpc.RpcError as status:
                assert status.code() == grpc.StatusCode.UNAUTHENTICATED, status

    answers = [call() for call in calls(metadata=[("authorization", "Bearer open-sesame")])]
    towns = ["cmb - Mountain View, CA", "cmb - San Jose, CA", "cmb - Mountain View, CA"]
    assert answers == ["Order Added: 102", "Updated Order IDs: 102", ["104"], towns], answers


if __name__ == "__main__":
    main(sys.argv[1])
