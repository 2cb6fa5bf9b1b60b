"""OrderManagement and Greeter in Python: `client ADDR` asserts the contract, `server LIMIT` prints its
port and serves up to LIMIT calls at the same time on each connection.

Needs grpcio-tools, which makes the stubs from the definitions when the program starts. It uses the
asynchronous API: with the other one, each open stream takes a thread.
"""

import asyncio
import pathlib
import sys

import grpc
from google.protobuf.wrappers_pb2 import StringValue

sys.path.append(str(pathlib.Path(__file__).parents[3] / "proto" / "proto"))
orders, order_services = grpc.protos_and_services("order_management.proto")
greetings, greeter_services = grpc.protos_and_services("helloworld.proto")


async def client(addr):
    async with grpc.aio.insecure_channel(addr) as channel:
        await contract(channel)
        await full_connection(channel)
        await other_channels(addr)


async def contract(channel):
    """Both services keep their promises."""
    stub = order_services.OrderManagementStub(channel)
    # The order is new.
    order = orders.Order(id="101", items=["iPhone XS"], destination="San Jose, CA")
    assert (await stub.addOrder(order, timeout=10)).value == "Order Added: 101"
    # The name may be empty.
    for name in ["Python", "", "grüezi"]:
        assert await hello(channel, name) == f"Hello {name}"
    # The first path has an unknown method, and the second an unknown service.
    for path in ["/helloworld.Greeter/SayGoodbye", "/helloworld.Farewell/SayGoodbye"]:
        code = await refused(channel.unary_unary(path)(b"", timeout=10))
        assert code == grpc.StatusCode.UNIMPLEMENTED, code


async def full_connection(channel):
    """The server allows 200 calls, and call 201 waits."""
    stub = order_services.OrderManagementStub(channel)
    streams = [stub.processOrders() for _ in range(200)]
    for stream in streams:
        await stream.initial_metadata()
    # It waits until its deadline.
    code = await refused(hello(channel, "201", timeout=0.5))
    assert code == grpc.StatusCode.DEADLINE_EXCEEDED, code
    # Another one waits until a stream ends.
    call = asyncio.create_task(hello(channel, "201"))
    await streams[0].write(StringValue(value="102"))
    await streams[0].done_writing()
    # The other streams are still open.
    assert [shipment.id async for shipment in streams[0]] == ["cmb - Mountain View, CA"]
    assert await call == "Hello 201"
    # They end without a shipment.
    for stream in streams[1:]:
        await stream.done_writing()
        assert [shipment async for shipment in stream] == []


async def other_channels(addr):
    """The first shares the connection of the open channel, and the second does not."""
    for options in [[], [("grpc.use_local_subchannel_pool", 1)]]:
        # Both can make calls.
        async with grpc.aio.insecure_channel(addr, options=options) as channel:
            assert await hello(channel, "other") == "Hello other"


async def refused(call):
    """Returns the code of a call that must fail."""
    try:
        answer = await call
    except grpc.RpcError as status:
        return status.code()
    raise AssertionError(f"the call was answered with {answer}")


async def hello(channel, name, timeout=10):
    greeter = greeter_services.GreeterStub(channel)
    reply = await greeter.SayHello(greetings.HelloRequest(name=name), timeout=timeout)
    return reply.message


class Orders(order_services.OrderManagementServicer):
    async def addOrder(self, order, context):
        return StringValue(value=f"Order Added: {order.id}")

    async def processOrders(self, ids, context):
        ids = [id.value async for id in ids]
        for id in ids:
            yield orders.CombinedShipment(id="cmb", ordersList=[orders.Order(id=id)])


class Greeter(greeter_services.GreeterServicer):
    async def SayHello(self, request, context):
        return greetings.HelloReply(message=f"Hello {request.name}")


async def server(limit):
    server = grpc.aio.server(options=[("grpc.max_concurrent_streams", int(limit))])
    order_services.add_OrderManagementServicer_to_server(Orders(), server)
    greeter_services.add_GreeterServicer_to_server(Greeter(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    print(f"listening on 127.0.0.1:{port}", flush=True)
    await server.wait_for_termination()


if __name__ == "__main__":
    asyncio.run({"client": client, "server": server}[sys.argv[1]](*sys.argv[2:]))
