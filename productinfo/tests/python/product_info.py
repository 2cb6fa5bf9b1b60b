"""ProductInfo in Python: `client ADDR` asserts the contract, `server` prints its port and serves.

Needs grpcio-tools, which makes the stubs from the definitions when the program starts.
"""

import math
import pathlib
import sys
import uuid
from concurrent import futures

import grpc

sys.path.append(str(pathlib.Path(__file__).parents[3] / "proto" / "proto"))
messages, services = grpc.protos_and_services("product_info.proto")


def client(addr):
    stub = services.ProductInfoStub(grpc.insecure_channel(addr))

    sent = messages.Product(id="mine", name="Apple iPhone 11", description="Night mode", price=699)
    added = stub.addProduct(sent, timeout=10)
    assert uuid.UUID(added.value).version == 4, added
    found = stub.getProduct(added, timeout=10)
    sent.id = added.value
    assert found == sent, found

    for bad in [
        messages.Product(name=" ", price=1),
        messages.Product(name="x", price=-1),
        messages.Product(name="x", price=math.nan),
        messages.Product(name="x", price=math.inf),
    ]:
        status = refused(stub.addProduct, bad)
        assert status.code() == grpc.StatusCode.INVALID_ARGUMENT, (bad, status)

    status = refused(stub.getProduct, messages.ProductID(value="no-such-id"))
    assert status.code() == grpc.StatusCode.NOT_FOUND, status
    assert "no-such-id" in status.details(), status


def refused(call, message):
    try:
        answer = call(message, timeout=10)
    except grpc.RpcError as status:
        return status
    raise AssertionError(f"{message} was answered with {answer}")


class Products(services.ProductInfoServicer):
    def __init__(self):
        self.products = {}

    def addProduct(self, product, context):
        if not product.name.strip():
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "no name")
        product.id = str(uuid.uuid4())
        self.products[product.id] = product
        return messages.ProductID(value=product.id)

    def getProduct(self, product_id, context):
        if product_id.value not in self.products:
            context.abort(grpc.StatusCode.NOT_FOUND, "no product")
        return self.products[product_id.value]


def server():
    server = grpc.server(futures.ThreadPoolExecutor())
    services.add_ProductInfoServicer_to_server(Products(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(f"listening on 127.0.0.1:{port}", flush=True)
    server.wait_for_termination()


if __name__ == "__main__":
    {"client": client, "server": server}[sys.argv[1]](*sys.argv[2:])
