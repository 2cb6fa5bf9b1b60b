//! The server: `ProductInfo` behind the layer, and the issuer that hands out tokens for it.

use std::{sync::Arc, time::Duration};

use jwt::{Claims, Keys, SigningKey};
use launcher::transcript;
use productinfo::server::Products;
use proto::ecommerce::product_info_server::{ProductInfo, ProductInfoServer};
use proto::ecommerce::{Product, ProductId};
use proto::workshop::token_issuer_server::{TokenIssuer, TokenIssuerServer};
use proto::workshop::{TokenRequest, TokenResponse};
use tls::certs::Certs;
use tls::server::{config, incoming};
use tokio::net::TcpListener;
use tonic::{Request, Response, Status};
use tower::Layer;

use crate::layer::{Authenticate, unauthenticated};
use crate::verify::{AUDIENCE, Caller, ISSUER, Verifier, authorization, is_login};

/// The only client that the issuer knows: its name, its secret, and what it may do at most.
///
/// Production: the secret comes from a secret store. With mutual TLS there is none, because the issuer
/// knows the client by its certificate (RFC 8705).
pub const CLIENT: &str = "shop:open-sesame";
const CLIENT_SCOPE: [&str; 2] = ["products.read", "products.write"];

/// How many seconds a token is valid. A token cannot be taken back, so its life is short.
const LIFETIME: u32 = 60;

/// The service of `productinfo`, with the caller in its transcript.
#[derive(Debug, Default)]
pub struct Audited(Products);

impl Audited {
    fn log<T>(request: &Request<T>, method: &str) -> Result<(), Status> {
        // The layer has put the identity here. No client can: extensions are not sent. They are like
        // the values of Go's `context.WithValue`.
        let caller = request.extensions().get::<Caller>();
        // The service must not run without the layer by mistake.
        let caller = caller.ok_or_else(|| Status::internal("the layer is missing"))?;
        transcript!(server, "{method} by {:?}", caller.name);
        Ok(())
    }
}

#[tonic::async_trait]
impl ProductInfo for Audited {
    async fn add_product(
        &self,
        request: Request<Product>,
    ) -> Result<Response<ProductId>, Status> {
        Self::log(&request, "addProduct")?;
        self.0.add_product(request).await
    }

    async fn get_product(
        &self,
        request: Request<ProductId>,
    ) -> Result<Response<Product>, Status> {
        Self::log(&request, "getProduct")?;
        self.0.get_product(request).await
    }
}

/// The issuer. In production it is another service, such as Keycloak or the one of your cloud.
struct Issuer(Arc<SigningKey>);

#[tonic::async_trait]
impl TokenIssuer for Issuer {
    async fn issue(
        &self,
        request: Request<TokenRequest>,
    ) -> Result<Response<TokenResponse>, Status> {
        let (metadata, _, TokenRequest { scope }) = request.into_parts();
        if !authorization(&metadata.into_headers()).is_ok_and(|basic| is_login(basic, CLIENT)) {
            transcript!(server, "the issuer refused a client");
            return Err(unauthenticated());
        }
        // A client gets no more than it may have, whatever it asks for.
        let wanted = |one: &&str| scope.is_empty() || scope.split(' ').any(|it| it == *one);
        let scope = CLIENT_SCOPE.into_iter().filter(wanted).collect::<Vec<_>>().join(" ");
        let life = Duration::from_secs(LIFETIME.into());
        let claims = Claims::new(ISSUER, "shop", AUDIENCE, &scope, life);
        let access_token =
            self.0.sign(&claims).map_err(|error| Status::internal(error.to_string()))?;
        transcript!(server, "a token for \"shop\": {scope}");
        Ok(Response::new(TokenResponse { access_token, expires_in: LIFETIME }))
    }
}

/// Serves both on `listener`, over TLS. Returns when `shutdown` has ended and the last call has been
/// answered.
pub async fn serve(
    listener: TcpListener,
    shutdown: impl Future<Output = ()>,
    certs: &Certs,
    key: Arc<SigningKey>,
    keys: Keys,
) -> Result<(), launcher::Error> {
    let authenticate = Authenticate(Arc::new(Verifier::new(keys)));
    launcher::builder()
        // Production: ends a call that takes longer. This includes the time for its credentials.
        .timeout(Duration::from_secs(30))
        // Production: with the default of 16 KiB, `h2` itself refuses a token of 100 kB, with HTTP's 431
        // instead of a status, or it closes the connection. With this limit the layer refuses it.
        .http2_max_header_list_size(128 * 1024)
        // The layer is around one service. The issuer's clients do not have a token yet.
        .add_service(authenticate.layer(ProductInfoServer::new(Audited::default())))
        .add_service(TokenIssuerServer::new(Issuer(key)))
        .serve_with_incoming_shutdown(incoming(listener, config(certs, false)?), shutdown)
        .await?;
    Ok(())
}
