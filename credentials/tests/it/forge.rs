//! Tokens as an attacker makes them.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use jwt::{SigningKey, jsonwebtoken::get_current_timestamp};
use ring::{
    hmac,
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _},
};
use serde_json::{Value, json};

/// The claims of a token that the server accepts.
pub(crate) fn claims() -> Value {
    let now = get_current_timestamp();
    json!({
        "iss": "workshop", "aud": "productinfo", "sub": "shop",
        "nbf": now, "exp": now + 60, "scope": "products.read products.write",
    })
}

/// The claims of a valid token, except this one. `null` removes it.
pub(crate) fn except(claim: &str, value: Value) -> Value {
    let mut claims = claims();
    let map = claims.as_object_mut().unwrap();
    if value.is_null() {
        map.remove(claim);
    } else {
        map.insert(claim.into(), value);
    }
    claims
}

/// The id of the issuer's key.
pub(crate) fn key_id(key: &SigningKey) -> String {
    key.public_keys().keys[0].common.key_id.clone().unwrap()
}

fn part(bytes: impl AsRef<[u8]>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

/// A token with any header, claims and signature.
pub(crate) fn token(header: &Value, claims: &Value, sign: impl Fn(&[u8]) -> Vec<u8>) -> String {
    let message = format!("{}.{}", part(header.to_string()), part(claims.to_string()));
    let signature = part(sign(message.as_bytes()));
    format!("{message}.{signature}")
}

/// The same signature under other claims.
pub(crate) fn with_claims(token: &str, claims: &Value) -> String {
    let parts = token.split('.').collect::<Vec<_>>();
    format!("{}.{}.{}", parts[0], part(claims.to_string()), parts[2])
}

pub(crate) fn hs256(secret: &[u8]) -> impl Fn(&[u8]) -> Vec<u8> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    move |message| hmac::sign(&key, message).as_ref().to_vec()
}

/// A key pair of the attacker.
pub(crate) struct Attacker(EcdsaKeyPair);

impl Attacker {
    pub(crate) fn new() -> Self {
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let random = SystemRandom::new();
        let key = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
        Self(EcdsaKeyPair::from_pkcs8(algorithm, key.as_ref(), &random).unwrap())
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.0.sign(&SystemRandom::new(), message).unwrap().as_ref().to_vec()
    }

    /// The public key, as a token may carry it in its header.
    pub(crate) fn jwk(&self) -> Value {
        let point = self.0.public_key().as_ref();
        json!({ "kty": "EC", "crv": "P-256", "x": part(&point[1..33]), "y": part(&point[33..]) })
    }
}
