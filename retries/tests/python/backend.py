"""A backend of the Echo service, on the port that is given, or on a free one.

Needs grpcio-tools, which makes the stubs from the definitions when the program starts.
"""

import pathlib
import sys
from concurrent import futures

import grpc

sys.path.append(str(pathlib.Path(__file__).parents[3] / "proto" / "proto"))
messages, services = grpc.protos_and_services("echo.proto")


class Backend(services.EchoServicer):
    def UnaryEcho(self, request, context):
        return messages.EchoResponse(message=f"{request.message} (from {self.addr})")


def main(port):
    backend = Backend()
    # Without SO_REUSEPORT, so that a port is one backend's alone.
    options = [("grpc.so_reuseport", 0)]
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=8), options=options)
    services.add_EchoServicer_to_server(backend, server)
    backend.addr = f"127.0.0.1:{server.add_insecure_port(f'127.0.0.1:{port}')}"
    server.start()
    print(f"listening on {backend.addr}", flush=True)
    server.wait_for_termination()


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "0")
