//! The client: the same two methods with different credentials.

use std::{error::Error as _, time::Duration};

use jwt::Tokens;
use launcher::{Error, describe, transcript};
use proto::ecommerce::{Product, product_info_client::ProductInfoClient};
use proto::workshop::{TokenRequest, token_issuer_client::TokenIssuerClient};
use tls::certs::Certs;
use tokio::time::timeout;
use tonic::transport::{Certificate, ClientTlsConfig, Endpoint};
use tonic::{Response, Status};

use crate::per_call::{Credentials, SecureChannel};
use crate::{server::CLIENT, verify::ADMIN};

/// Makes calls to the server at `target`, a `HOST:PORT`.
pub async fn run(target: String, certs: &Certs) -> Result<(), Error> {
    // Without TLS there is no channel that could carry credentials.
    if let Err(error) = SecureChannel::connect(&launcher::endpoint(&target)?).await {
        transcript!(client, "http -> {error}");
    }
    let tls = ClientTlsConfig::new().ca_certificate(Certificate::from_pem(&certs.ca));
    let endpoint = Endpoint::from_shared(format!("https://{target}"))?
        .tls_config(tls)?
        // Production: the time limit of connecting, and the deadline of each call.
        .connect_timeout(Duration::from_secs(5))
        .timeout(Duration::from_secs(10));
    let channel = SecureChannel::connect(&endpoint).await?;
    // Production: that deadline ends with the headers of a response. Its message may never follow.
    let calls = timeout(Duration::from_secs(30), calls(channel));
    calls.await.map_err(|_| "the calls took more than 30 s; is the server overloaded?")?
}

async fn calls(channel: SecureChannel) -> Result<(), Error> {
    let with = |credentials| ProductInfoClient::new(channel.with(credentials));

    let phone = Product { name: "Apple iPhone 11".into(), price: 699.0, ..Product::default() };
    let mut admin = with(Credentials::basic(ADMIN)?);
    let id = admin.add_product(phone.clone()).await?.into_inner();
    transcript!(client, "Basic: addProduct -> {}", id.value);

    // All clones of this stub share its tokens. There is one connection for all stubs: credentials
    // belong to a call and not to a connection.
    let mut shop = with(tokens(&channel, "")?);
    let id = shop.add_product(phone.clone()).await?.into_inner();
    transcript!(client, "Bearer: addProduct -> {}", id.value);
    let product = shop.get_product(id.clone()).await?.into_inner();
    transcript!(client, "Bearer: getProduct -> {:?}", product.name);

    let mut reader = with(tokens(&channel, "products.read")?);
    let product = reader.get_product(id.clone()).await?.into_inner();
    transcript!(client, "Bearer with products.read: getProduct -> {:?}", product.name);
    refused("Bearer with products.read: addProduct", reader.add_product(phone).await)?;

    let result = with(Credentials::None).get_product(id.clone()).await;
    refused("no credentials: getProduct", result)?;
    let result = with(Credentials::basic("admin:12345")?).get_product(id).await;
    refused("wrong password: getProduct", result)
}

/// Tokens from the server's issuer. The client's secret is only sent to the issuer.
fn tokens(channel: &SecureChannel, scope: &'static str) -> Result<Credentials, Error> {
    let issuer = TokenIssuerClient::new(channel.with(Credentials::basic(CLIENT)?));
    Ok(Credentials::Bearer(Tokens::new(move || {
        let mut issuer = issuer.clone();
        async move {
            let response =
                issuer.issue(TokenRequest { scope: scope.into() }).await?.into_inner();
            Ok((response.access_token, Duration::from_secs(response.expires_in.into())))
        }
    })))
}

/// Prints the outcome of a call that our server refuses. Another server may accept it.
fn refused<T>(call: &str, result: Result<Response<T>, Status>) -> Result<(), Error> {
    match result {
        Ok(_) => transcript!(client, "{call} -> accepted; our server refuses this"),
        Err(status) if status.source().is_some() => return Err(status.into()),
        Err(status) => transcript!(client, "{call} -> {}", describe(&status)),
    }
    Ok(())
}
