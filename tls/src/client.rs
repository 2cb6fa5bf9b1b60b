//! The client: which server it trusts, who it is, and two calls.

use std::{error::Error as _, time::Duration};

use launcher::{Error, describe, root_cause, transcript};
use proto::ecommerce::{Product, product_info_client::ProductInfoClient};
use tokio::time::timeout;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity};
use tonic::{Status, TimeoutExpired};

use crate::certs::Certs;

/// The client's TLS settings: it trusts the CA, and with `mutual`, it has a certificate too.
#[must_use]
pub fn config(certs: &Certs, mutual: bool) -> ClientTlsConfig {
    // The client trusts this CA and no other. `with_native_roots()` trusts the CAs of the system, for a
    // server with a public certificate. It needs tonic's feature `tls-native-roots`.
    let config = ClientTlsConfig::new().ca_certificate(Certificate::from_pem(&certs.ca));
    if !mutual {
        return config;
    }
    // tonic calls a certificate with its key an `Identity`.
    config.identity(Identity::from_pem(&certs.client, &certs.client_key))
}

/// Connects to the server at `target`, a `HOST:PORT`, and makes the calls of [`call`].
pub async fn run(target: String, config: ClientTlsConfig) -> Result<(), Error> {
    let channel = endpoint(&target, config)?.connect().await?;
    // Production: tonic's `timeout` ends with the headers of a response. Its message may never follow.
    let calls = timeout(Duration::from_secs(30), call(channel)).await;
    let calls =
        calls.map_err(|_| "the calls took more than 30 s; is the server overloaded?")?;
    calls.map_err(|status| match status.source() {
        // Not a timeout: the connection is lost. With TLS 1.3, that is also how a client learns that its
        // certificate was rejected. At that time `connect` has already succeeded.
        Some(error) if !root_cause(error).is::<TimeoutExpired>() => format!(
            "the connection to {target} is lost: {}; does the server require a certificate?",
            describe(&status)
        )
        .into(),
        _ => status.into(),
    })
}

/// The server at `target`. Its certificate must contain the host, a name or an IP address.
pub fn endpoint(target: &str, config: ClientTlsConfig) -> Result<Endpoint, Error> {
    // With `http` instead of `https`, tonic would ignore `config` and send everything in plaintext.
    Ok(Endpoint::from_shared(format!("https://{target}"))?
        .tls_config(config)?
        // Production: the time limit for TCP and TLS together, and the deadline of each call.
        .connect_timeout(Duration::from_secs(5))
        .timeout(Duration::from_secs(10)))
}

/// Adds a product and gets it back. A call over TLS is like any other.
pub async fn call(channel: Channel) -> Result<(), Status> {
    let mut client = ProductInfoClient::new(channel);
    let product = Product { name: "Apple iPhone 11".into(), ..Product::default() };
    let id = client.add_product(product).await?.into_inner();
    transcript!(client, "addProduct(\"Apple iPhone 11\") -> {}", id.value);
    let product = client.get_product(id).await?.into_inner();
    transcript!(client, "getProduct(\"{}\") -> {:?}", product.id, product.name);
    Ok(())
}
