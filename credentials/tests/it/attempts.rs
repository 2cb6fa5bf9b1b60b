//! Attempts that must fail, each with its status, and variants that must not.

use base64::{Engine, prelude::BASE64_STANDARD};
use jwt::jsonwebtoken::{DecodingKey, get_current_timestamp};
use proto::ecommerce::{ProductId, product_info_client::ProductInfoClient};
use serde_json::{Value, json};
use tonic::{
    Code::{self, NotFound, PermissionDenied, Unauthenticated},
    Request, Status,
    metadata::{Ascii, MetadataValue},
    transport::Channel,
};

use crate::{
    forge::{Attacker, claims, except, hs256, key_id, token, with_claims},
    server::Server,
};

/// Calls getProduct with these values of `authorization`, for a product that does not exist.
pub(crate) async fn get(channel: &Channel, authorization: &[Vec<u8>]) -> Status {
    let mut request = Request::new(ProductId { value: "no-such-id".into() });
    for value in authorization {
        let value = MetadataValue::<Ascii>::try_from(value.as_slice()).unwrap();
        request.metadata_mut().append("authorization", value);
    }
    ProductInfoClient::new(channel.clone()).get_product(request).await.unwrap_err()
}

fn basic(login: impl AsRef<[u8]>) -> Vec<u8> {
    format!("Basic {}", BASE64_STANDARD.encode(login)).into_bytes()
}

fn bearer(token: &str) -> Vec<u8> {
    format!("Bearer {token}").into_bytes()
}

type Row = (&'static str, Vec<Vec<u8>>, Code);

fn without_token() -> Vec<Row> {
    let refused = |name, values: &[&[u8]]| {
        (name, values.iter().map(|value| value.to_vec()).collect(), Unauthenticated)
    };
    vec![
        refused("no credentials", &[]),
        refused("empty", &[b""]),
        refused("only a scheme", &[b"Bearer"]),
        refused("an empty token", &[b"Bearer "]),
        refused("twice", &[&basic("admin:admin"), &basic("admin:admin")]),
        refused("twice in one value", &[b"Basic YWRtaW46YWRtaW4=, Basic YWRtaW46YWRtaW4="]),
        refused("another scheme", &[b"Digest YWRtaW46YWRtaW4="]),
        refused("no scheme", &[b"YWRtaW46YWRtaW4="]),
        refused("not base64", &[b"Basic admin:admin"]),
        refused("not text", &[b"Basic \xff\xfe"]),
        refused("no colon", &[&basic("adminadmin")]),
        refused("not UTF-8", &[&basic(b"admin:\xff\xfe")]),
        refused("wrong password", &[&basic("admin:12345")]),
        refused("no password", &[&basic("admin:")]),
        refused("the start of the password", &[&basic("admin:admi")]),
        refused("more than the password", &[&basic("admin:admin1")]),
        refused("wrong name", &[&basic("root:admin")]),
        refused("a name in capital letters", &[&basic("ADMIN:admin")]),
        refused("the login of the issuer's client", &[&basic("shop:open-sesame")]),
        refused("a token of 100 kB", &[&bearer(&"x".repeat(100_000))]),
        refused("a token of 100 kB with dots", &[&bearer(&"eyJ.".repeat(25_000))]),
        refused("a password of 100 kB", &[&basic("a".repeat(70_000))]),
    ]
}

fn with_wrong_token(server: &Server) -> Vec<Row> {
    let now = get_current_timestamp();
    let key = &server.key;
    let signed = |claims: &Value| key.sign(claims).unwrap();
    let valid = signed(&claims());
    let id = key_id(key);
    let es256 = json!({ "alg": "ES256", "kid": id });
    let attacker = Attacker::new();
    let public = &key.public_keys().keys[0];
    let point = DecodingKey::from_jwk(public).unwrap().try_get_as_bytes().unwrap().to_vec();
    let jwk = serde_json::to_vec(public).unwrap();
    let with = |header: Value| token(&header, &claims(), |message| attacker.sign(message));
    let hs256_with =
        |secret: &[u8]| token(&json!({ "alg": "HS256", "kid": id }), &claims(), hs256(secret));
    let none = |name| token(&json!({ "alg": name, "kid": id }), &claims(), |_| Vec::new());
    let forged = [
        ("expired", signed(&except("exp", (now - 10).into()))),
        ("longer than 8 KiB", signed(&except("email", "x".repeat(9_000).into()))),
        ("not yet valid", signed(&except("nbf", (now + 60).into()))),
        ("no expiry", signed(&except("exp", Value::Null))),
        ("an expiry that is text", signed(&except("exp", "tomorrow".into()))),
        ("an expiry that is a number as text", signed(&except("exp", "99999999999".into()))),
        ("a start that is a number as text", signed(&except("nbf", "99999999999".into()))),
        ("a negative expiry", signed(&except("exp", json!(-1)))),
        ("another audience", signed(&except("aud", "orders".into()))),
        ("other audiences", signed(&except("aud", json!(["orders", "echo"])))),
        ("an audience that is a number", signed(&except("aud", 1.into()))),
        ("no audience", signed(&except("aud", Value::Null))),
        ("another issuer", signed(&except("iss", "elsewhere".into()))),
        ("an issuer that is a list", signed(&except("iss", json!(["workshop"])))),
        ("no issuer", signed(&except("iss", Value::Null))),
        ("no subject", signed(&except("sub", Value::Null))),
        ("an empty subject", signed(&except("sub", "".into()))),
        ("a subject that is a list", signed(&except("sub", json!(["shop"])))),
        ("a scope that is a list", signed(&except("scope", json!(["products.read"])))),
        ("claims that are a list", signed(&json!([]))),
        ("another key", with(json!({ "alg": "ES256", "kid": "another" }))),
        ("another key with the right id", with(es256.clone())),
        ("a key in its header", with(json!({ "alg": "ES256", "jwk": attacker.jwk() }))),
        (
            "a key in its header with the right id",
            with(json!({ "alg": "ES256", "kid": id, "jwk": attacker.jwk() })),
        ),
        ("no key id", with(json!({ "alg": "ES256" }))),
        ("a key id that is a path", with(json!({ "alg": "ES256", "kid": "../token.key" }))),
        ("ES384", with(json!({ "alg": "ES384", "kid": id }))),
        ("RS256", with(json!({ "alg": "RS256", "kid": id }))),
        ("alg: none", none("none")),
        ("alg: NONE", none("NONE")),
        ("alg: ES256 without a signature", none("ES256")),
        ("a signature of zeros", token(&es256, &claims(), |_| vec![0; 64])),
        ("HS256 with the public key as secret", hs256_with(&point)),
        ("HS256 with the JWK as secret", hs256_with(&jwk)),
        ("HS256 with an empty secret", hs256_with(b"")),
        ("a modified payload", with_claims(&valid, &except("sub", "admin".into()))),
        ("a modified scope", with_claims(&valid, &except("scope", "products.admin".into()))),
        ("no header", valid.split_once('.').unwrap().1.to_owned()),
        ("a part too many", format!("{valid}.{valid}")),
        ("a space in front", format!(" {valid}")),
    ];
    forged
        .into_iter()
        .map(|(name, token)| (name, vec![bearer(&token)], Unauthenticated))
        .collect()
}

fn without_scope(server: &Server) -> Vec<Row> {
    let scopes = [
        ("no scope", Value::Null),
        ("an empty scope", "".into()),
        ("another scope", "products.write".into()),
        ("a longer scope", "products.reader".into()),
        ("the start of the scope", "products".into()),
        ("a star", "*".into()),
        ("a scope in capital letters", "PRODUCTS.READ".into()),
        ("scopes with a comma", "products.read,products.write".into()),
    ];
    let row = |(name, scope)| {
        let token = server.key.sign(&except("scope", scope)).unwrap();
        (name, vec![bearer(&token)], PermissionDenied)
    };
    scopes.into_iter().map(row).collect()
}

#[tokio::test]
async fn each_attempt_gets_its_status_and_the_connection_works_afterwards() {
    let server = Server::start().await;
    let channel = server.channel().await;
    let good = [bearer(&server.key.sign(&claims()).unwrap())];
    assert_eq!(get(&channel, &good).await.code(), NotFound, "the valid token");
    for (name, authorization, code) in
        [without_token(), with_wrong_token(&server), without_scope(&server)].concat()
    {
        let status = get(&channel, &authorization).await;
        assert_eq!(status.code(), code, "{name}: {status:?}");
        assert_eq!(get(&channel, &good).await.code(), NotFound, "after {name}");
    }
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn all_callers_without_valid_credentials_get_the_same_message() {
    let server = Server::start().await;
    let channel = server.channel().await;
    for (name, authorization, _) in [without_token(), with_wrong_token(&server)].concat() {
        let status = get(&channel, &authorization).await;
        assert_eq!(status.message(), "credentials are missing or not valid", "{name}");
        assert!(status.metadata().get("authorization").is_none(), "{name}");
    }
}

#[tokio::test]
async fn correct_variants_are_accepted() {
    let server = Server::start().await;
    let channel = server.channel().await;
    let now = get_current_timestamp();
    let signed = |claims: &Value| server.key.sign(claims).unwrap();
    for (name, authorization) in [
        ("admin", basic("admin:admin")),
        ("a scheme in small letters", b"basic YWRtaW46YWRtaW4=".to_vec()),
        ("a token's scheme in capitals", format!("BEARER {}", signed(&claims())).into_bytes()),
        ("a list of audiences", bearer(&signed(&except("aud", json!(["a", "productinfo"]))))),
        ("without a start", bearer(&signed(&except("nbf", Value::Null)))),
        ("an expiry that is a fraction", bearer(&signed(&except("exp", json!(4e9 + 0.5))))),
        ("a clock that is late", bearer(&signed(&except("exp", (now - 1).into())))),
        ("a clock that is early", bearer(&signed(&except("nbf", (now + 3).into())))),
        ("another claim", bearer(&signed(&except("email", "a@example.org".into())))),
        ("a scope among others", bearer(&signed(&except("scope", "a products.read b".into())))),
    ] {
        assert_eq!(get(&channel, &[authorization]).await.code(), NotFound, "{name}");
    }
}
