"""ProductInfo over TLS in Python: `client ADDR DIR [mutual]` makes calls, `server DIR [mutual]` serves.

DIR has the certificates. Needs grpcio-tools, which makes the stubs from the definitions.
"""

import pathlib
import sys
import uuid
from concurrent import futures

import grpc

sys.path.append(str(pathlib.Path(__file__).parents[3] / "proto" / "proto"))
messages, services = grpc.protos_and_services("product_info.proto")


def client(addr, read, mutual):
    certs = [read("ca.pem")] + ([read("client.key"), read("client.pem")] if mutual else [])
    with grpc.secure_channel(addr, grpc.ssl_channel_credentials(*certs)) as channel:
        stub = services.ProductInfoStub(channel)
        added = stub.addProduct(messages.Product(name="a lamp"), timeout=10)
        assert stub.getProduct(added, timeout=10).name == "a lamp"


class Products(services.ProductInfoServicer):
    def __init__(self):
        self.products = {}

    def addProduct(self, product, context):
        auth = context.auth_context()
        assert auth["transport_security_type"] == [b"ssl"], auth
        product.id = str(uuid.uuid4())
        self.products[product.id] = product
        print("peer", *auth.get("peer_spiffe_id", auth.get("x509_subject_alternative_name", [])))
        return messages.ProductID(value=product.id)

    def getProduct(self, id, context):
        return self.products[id.value]


def server(read, mutual):
    credentials = grpc.ssl_server_credentials(
        [(read("server.key"), read("server.pem"))], read("ca.pem") if mutual else None, mutual
    )
    server = grpc.server(futures.ThreadPoolExecutor(4))
    services.add_ProductInfoServicer_to_server(Products(), server)
    port = server.add_secure_port("127.0.0.1:0", credentials)
    server.start()
    print(f"listening on 127.0.0.1:{port}", flush=True)
    server.wait_for_termination()


if __name__ == "__main__":
    mode, *args = sys.argv[1:]
    mutual = args[-1] == "mutual"
    if mutual:
        args.pop()
    dir = pathlib.Path(args.pop())
    read = lambda name: (dir / name).read_bytes()
    client(*args, read, mutual) if mode == "client" else server(read, mutual)
