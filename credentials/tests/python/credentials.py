"""ProductInfo with credentials in Python: `client ADDR CA TOKEN READER` asserts the contract, and
`server DIR` prints its port and serves.

Needs grpcio-tools, which makes the stubs from the definitions when the program starts.
"""

import base64
import pathlib
import sys
import time
import uuid
from concurrent import futures

import grpc

sys.path.append(str(pathlib.Path(__file__).parents[3] / "proto" / "proto"))
messages, services = grpc.protos_and_services("product_info.proto")
token_messages, token_services = grpc.protos_and_services("token.proto")

Code = grpc.StatusCode


class Basic(grpc.AuthMetadataPlugin):
    """Call credentials that grpcio has no function for."""

    def __init__(self, login):
        self.login = login

    def __call__(self, context, callback):
        login = base64.b64encode(self.login.encode()).decode()
        callback((("authorization", f"Basic {login}"),), None)


def client(addr, ca, token, reader):
    tls = grpc.ssl_channel_credentials(pathlib.Path(ca).read_bytes())

    def stub(call_credentials):
        # Channel credentials and call credentials together are composite credentials.
        composite = grpc.composite_channel_credentials(tls, call_credentials)
        return services.ProductInfoStub(grpc.secure_channel(addr, composite))

    def bearer(token):
        return stub(grpc.access_token_call_credentials(token))

    def basic(login):
        return stub(grpc.metadata_call_credentials(Basic(login)))

    product = messages.Product(name="Apple iPhone 11", price=699)
    for allowed in bearer(token), basic("admin:admin"):
        added = allowed.addProduct(product, timeout=10)
        assert uuid.UUID(added.value).version == 4, added
        assert allowed.getProduct(added, timeout=10).name == product.name
    assert bearer(reader).getProduct(added, timeout=10).name == product.name

    for wanted, denied in [
        (Code.PERMISSION_DENIED, bearer(reader)),
        (Code.UNAUTHENTICATED, bearer("eyJ.eyJ.eyJ")),
        (Code.UNAUTHENTICATED, bearer(token + "x")),
        (Code.UNAUTHENTICATED, basic("admin:12345")),
        (Code.UNAUTHENTICATED, services.ProductInfoStub(grpc.secure_channel(addr, tls))),
        (Code.UNAUTHENTICATED, bearer("x" * 100_000)),
    ]:
        status = refused(denied.addProduct, product)
        assert status.code() == wanted, (wanted, status)

    # A token for each call, like the password of a form: the channel has none.
    plain = services.ProductInfoStub(grpc.secure_channel(addr, tls))
    per_call = grpc.access_token_call_credentials(token)
    assert plain.getProduct(added, timeout=10, credentials=per_call).name == product.name

    # The issuer: client credentials for a token.
    issuer = grpc.composite_channel_credentials(tls, grpc.metadata_call_credentials(Basic("shop:open-sesame")))
    issuer = token_services.TokenIssuerStub(grpc.secure_channel(addr, issuer))
    response = issuer.issue(token_messages.TokenRequest(scope="products.read"), timeout=10)
    assert bearer(response.access_token).getProduct(added, timeout=10).name == product.name


def refused(call, message):
    try:
        answer = call(message, timeout=10)
    except grpc.RpcError as status:
        return status
    raise AssertionError(f"{message} was answered with {answer}")


class Server(services.ProductInfoServicer, token_services.TokenIssuerServicer):
    """Its tokens are random and short, so that a client that keeps one for too long is noticed."""

    def __init__(self):
        self.products = {}
        self.tokens = {}

    def allow(self, context, scope):
        values = [value for key, value in context.invocation_metadata() if key == "authorization"]
        if len(values) != 1:
            context.abort(Code.UNAUTHENTICATED, "one authorization is needed")
        scheme, _, rest = values[0].partition(" ")
        if scheme == "Basic" and base64.b64decode(rest) == b"admin:admin":
            return
        scopes, end = self.tokens.get(rest, ("", 0))
        if scheme != "Bearer" or time.monotonic() > end:
            context.abort(Code.UNAUTHENTICATED, "no such token")
        if scope not in scopes.split():
            context.abort(Code.PERMISSION_DENIED, scope)

    def issue(self, request, context):
        values = [value for key, value in context.invocation_metadata() if key == "authorization"]
        if values != ["Basic " + base64.b64encode(b"shop:open-sesame").decode()]:
            context.abort(Code.UNAUTHENTICATED, "who are you?")
        token = str(uuid.uuid4())
        self.tokens[token] = (request.scope or "products.read products.write", time.monotonic() + 3)
        return token_messages.TokenResponse(access_token=token, expires_in=3)

    def addProduct(self, product, context):
        self.allow(context, "products.write")
        product.id = str(uuid.uuid4())
        self.products[product.id] = product
        return messages.ProductID(value=product.id)

    def getProduct(self, product_id, context):
        self.allow(context, "products.read")
        if product_id.value not in self.products:
            context.abort(Code.NOT_FOUND, "no product")
        return self.products[product_id.value]


def server(folder):
    folder = pathlib.Path(folder)
    server = grpc.server(futures.ThreadPoolExecutor())
    implementation = Server()
    services.add_ProductInfoServicer_to_server(implementation, server)
    token_services.add_TokenIssuerServicer_to_server(implementation, server)
    pair = (folder / "server.key").read_bytes(), (folder / "server.pem").read_bytes()
    port = server.add_secure_port("127.0.0.1:0", grpc.ssl_server_credentials([pair]))
    server.start()
    print(f"listening on 127.0.0.1:{port}", flush=True)
    server.wait_for_termination()


if __name__ == "__main__":
    {"client": client, "server": server}[sys.argv[1]](*sys.argv[2:])
