"""Reads every detail with grpcio-status, and asserts what is in it.

Needs grpcio-tools, which makes the stubs from the definitions when the program starts.
"""

import pathlib
import sys

import grpc
from google.protobuf.wrappers_pb2 import StringValue
from google.rpc import error_details_pb2 as rpc
from grpc_status import rpc_status

sys.path.append(str(pathlib.Path(__file__).parents[3] / "proto" / "proto"))
messages, services = grpc.protos_and_services("order_management.proto")


def details(call, message, code, metadata=()):
    """The details of a call that is refused, by the names of their types."""
    try:
        answer = call(message, timeout=10, metadata=metadata)
    except grpc.RpcError as error:
        assert error.code() == code, error
        status = rpc_status.from_call(error)
        assert (status.code, status.message) == (code.value[0], error.details()), status
    else:
        raise AssertionError(f"{message} was answered with {answer}")

    found = {}
    for any in status.details:
        name = any.TypeName().removeprefix("google.rpc.")
        found[name] = getattr(rpc, name)()
        assert any.Unpack(found[name]), name
    assert found["ErrorInfo"].domain == "orders.example.com", found
    return found


def main(addr):
    stub = services.OrderManagementStub(grpc.insecure_channel(addr))
    code = grpc.StatusCode
    order = messages.Order(id="101", items=["a lamp"], destination="San Jose, CA")

    faulty = messages.Order(id="-1", items=["a lamp", ""], price=-1)
    found = details(stub.addOrder, faulty, code.INVALID_ARGUMENT)
    fields = [violation.field for violation in found["BadRequest"].field_violations]
    assert fields == ["id", "price", "destination", "items[1]"], fields

    found = details(stub.getOrder, StringValue(value="999"), code.NOT_FOUND)
    assert found["ResourceInfo"].resource_name == "999", found
    assert found["Help"].links[0].url == "https://example.com/orders", found
    assert found["ErrorInfo"].reason == "ORDER_NOT_FOUND", found

    far = messages.Order(id="1", items=["a lamp"], destination="Atlantis")
    korean = [("accept-language", "ko")]
    found = details(stub.addOrder, far, code.FAILED_PRECONDITION, korean)
    assert found["PreconditionFailure"].violations[0].subject == "Atlantis", found
    assert found["LocalizedMessage"].locale == "ko", found
    assert found["LocalizedMessage"].message.startswith("Atlantis 지역"), found

    found = details(stub.getOrder, StringValue(value="1\0"), code.INTERNAL)
    assert len(found["RequestInfo"].request_id) == 36, found

    def too_fast(message, **options):
        for _ in range(1000):
            stub.addOrder(message, **options)

    found = details(too_fast, order, code.RESOURCE_EXHAUSTED)
    assert found["QuotaFailure"].violations[0].subject == "all callers", found
    assert 0 < found["RetryInfo"].retry_delay.ToMilliseconds() <= 1000, found


if __name__ == "__main__":
    main(sys.argv[1])
