//! The client's credentials, which are only sent over TLS.

use base64::{Engine, prelude::BASE64_STANDARD};
use http::{HeaderValue, Request, header::AUTHORIZATION};
use jwt::Tokens;
use tonic::{
    body::Body,
    client::GrpcService,
    transport::{Channel, Endpoint},
};
use tower::{BoxError, ServiceExt, service_fn};

/// A channel over TLS, and the only one that can have credentials.
///
/// tonic does not know that `authorization` is a secret, and sends it in plaintext too. grpc-go refuses
/// that at run time (`RequireTransportSecurity`).
#[derive(Clone, Debug)]
pub struct SecureChannel(Channel);

impl SecureChannel {
    /// Connects, unless the endpoint is not `https`.
    ///
    /// It is enough to check the scheme. With `https` and without a TLS configuration, tonic's connector
    /// fails. With `http` it does not use TLS, even if there is a configuration.
    pub async fn connect(endpoint: &Endpoint) -> Result<Self, launcher::Error> {
        if endpoint.uri().scheme_str() != Some("https") {
            return Err("credentials are only sent over TLS; use https".into());
        }
        Ok(Self(endpoint.connect().await?))
    }

    /// The channel as a stub needs it, with credentials for each call.
    pub fn with(
        &self,
        credentials: Credentials,
    ) -> impl GrpcService<Body, ResponseBody = Body, Error = BoxError, Future: Send> + Clone + use<>
    {
        let channel = self.0.clone();
        // In Go this is a type with the method `GetRequestMetadata`, which may wait too.
        service_fn(move |mut request: Request<Body>| {
            let (channel, credentials) = (channel.clone(), credentials.clone());
            async move {
                let value = match credentials {
                    Credentials::None => None,
                    Credentials::Basic(value) => Some(value),
                    Credentials::Bearer(tokens) => Some(tokens.get().await?),
                };
                request.headers_mut().extend(value.map(|value| (AUTHORIZATION, value)));
                Ok(channel.oneshot(request).await?)
            }
        })
    }
}

/// The value of `authorization`.
#[derive(Clone)]
pub enum Credentials {
    None,
    Basic(HeaderValue),
    Bearer(Tokens),
}

impl Credentials {
    /// A `NAME:PASSWORD`, as in HTTP (RFC 7617).
    pub fn basic(login: &str) -> Result<Self, launcher::Error> {
        let mut value =
            HeaderValue::try_from(format!("Basic {}", BASE64_STANDARD.encode(login)))?;
        // Production: `{:?}` does not print a sensitive value, and HTTP/2's header compression does
        // not store it.
        value.set_sensitive(true);
        Ok(Self::Basic(value))
    }
}
