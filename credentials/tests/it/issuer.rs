//! The issuer: who gets a token, and which.

use credentials::per_call::{Credentials, SecureChannel};
use jwt::jsonwebtoken::dangerous::insecure_decode_claims;
use proto::workshop::{TokenRequest, token_issuer_client::TokenIssuerClient};
use serde_json::Value;
use tonic::{Code, Status};

use crate::server::Server;

async fn issue(server: &Server, login: &str, scope: &str) -> Result<(Value, u32), Status> {
    let channel = SecureChannel::connect(&server.endpoint()).await.unwrap();
    let credentials = Credentials::basic(login).unwrap();
    let request = TokenRequest { scope: scope.into() };
    let response = TokenIssuerClient::new(channel.with(credentials)).issue(request).await?;
    let response = response.into_inner();
    Ok((insecure_decode_claims(&response.access_token).unwrap(), response.expires_in))
}

#[tokio::test]
async fn the_token_says_who_may_do_what_and_until_when() {
    let server = Server::start().await;
    let (claims, expires_in) = issue(&server, "shop:open-sesame", "").await.unwrap();
    assert_eq!(claims["sub"], "shop");
    assert_eq!(claims["iss"], "workshop");
    assert_eq!(claims["aud"], "productinfo");
    assert_eq!(claims["scope"], "products.read products.write");
    let (from, until) = (claims["nbf"].as_u64().unwrap(), claims["exp"].as_u64().unwrap());
    assert_eq!(until - from, u64::from(expires_in));
}

#[tokio::test]
async fn a_client_may_ask_for_less_and_gets_no_more_than_it_may_have() {
    let server = Server::start().await;
    for (wish, granted) in [
        ("products.read", "products.read"),
        ("products.write products.read", "products.read products.write"),
        ("products.read products.admin", "products.read"),
        ("products.admin", ""),
        ("products", ""),
    ] {
        let (claims, _) = issue(&server, "shop:open-sesame", wish).await.unwrap();
        assert_eq!(claims["scope"], granted, "{wish}");
    }
}

#[tokio::test]
async fn only_the_client_with_its_secret_gets_a_token() {
    let server = Server::start().await;
    for login in ["shop:12345", "shop:", "kiosk:open-sesame", "admin:admin"] {
        let status = issue(&server, login, "").await.unwrap_err();
        assert_eq!(status.code(), Code::Unauthenticated, "{login}");
    }
}
