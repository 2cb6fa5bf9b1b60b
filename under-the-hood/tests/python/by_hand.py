"""A client of ProductInfo's getProduct, for the server that is written by hand.

Needs grpcio-tools, which makes the stubs from the definitions when the program starts.
"""

import pathlib
import sys

import grpc

sys.path.append(str(pathlib.Path(__file__).parents[3] / "proto" / "proto"))
messages, services = grpc.protos_and_services("product_info.proto")


def main(addr):
    stub = services.ProductInfoStub(grpc.insecure_channel(addr))
    product = stub.getProduct(messages.ProductID(value="watch"), timeout=10)
    assert (product.name, product.price) == ("Apple Watch S4", 400), product

    for call, message, code, details in [
        (stub.getProduct, messages.ProductID(value="없음"), "NOT_FOUND", '"없음"'),
        (stub.getProduct, messages.ProductID(value="x" * 100_000), "RESOURCE_EXHAUSTED", "too long"),
        (stub.addProduct, messages.Product(name="x"), "UNIMPLEMENTED", "addProduct"),
    ]:
        try:
            raise AssertionError(f"answered with {call(message, timeout=10)}")
        except grpc.RpcError as status:
            assert status.code().name == code, status
            assert details in status.details(), status

    # Many at a time, on one connection.
    calls = [stub.getProduct.future(messages.ProductID(value="watch"), timeout=10) for _ in range(500)]
    assert all(call.result() == product for call in calls)


if __name__ == "__main__":
    main(sys.argv[1])
