//! Signing and verifying with ring.

use jwt::{
    SigningKey,
    jsonwebtoken::{
        Algorithm, DecodingKey, EncodingKey, Header, Validation,
        crypto::{sign, verify},
        decode, encode,
        errors::ErrorKind,
        jwk::{Jwk, ThumbprintHash},
    },
    use_ring,
};
use serde_json::{Value, json};

/// The key of RFC 7515, appendix A.3.
const X: &str = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU";
const Y: &str = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0";

#[test]
fn the_signature_of_rfc_7515_is_valid_and_a_modified_one_is_not() {
    use_ring();
    let key = DecodingKey::from_ec_components(X, Y).unwrap();
    let message = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6\
                   Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
    let signature = "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3\
                     -Kg6NU1Q";
    let verify = |signature: &str, message: &str| {
        verify(signature, message.as_bytes(), &key, Algorithm::ES256).unwrap()
    };
    assert!(verify(signature, message));
    assert!(!verify(signature, &message.replace("eyJpc3", "eyJpc4")));
    assert!(!verify(&signature.replace("DtEh", "DtEi"), message));
    assert!(!verify("", message));
}

#[test]
fn the_key_id_is_the_thumbprint_of_rfc_7638() {
    let set = SigningKey::generate().unwrap().public_keys();
    let key = &set.keys[0];
    assert_eq!(key.common.key_id, Some(key.thumbprint(ThumbprintHash::SHA256).unwrap()));
    // Calculated with Python's hashlib from the members that RFC 7638 names.
    let jwk: Jwk =
        serde_json::from_value(json!({"kty": "EC", "crv": "P-256", "x": X, "y": Y})).unwrap();
    let thumbprint = jwk.thumbprint(ThumbprintHash::SHA256).unwrap();
    assert_eq!(thumbprint, "oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U");
}

#[test]
fn a_signed_token_is_valid_with_its_public_key_only() {
    let [key, other] = [(); 2].map(|()| SigningKey::generate().unwrap());
    let token = key.sign(&json!({ "exp": 4_000_000_000_u64 })).unwrap();
    let decode = |key: &SigningKey| {
        let key = DecodingKey::from_jwk(&key.public_keys().keys[0]).unwrap();
        decode::<Value>(&token, &key, &Validation::new(Algorithm::ES256))
    };
    assert_eq!(decode(&key).unwrap().claims["exp"], 4_000_000_000_u64);
    assert_eq!(*decode(&other).unwrap_err().kind(), ErrorKind::InvalidSignature);
}

#[test]
fn other_algorithms_do_not_exist_even_for_code_that_forgets_to_check() {
    use_ring();
    let secret = EncodingKey::from_secret(b"secret");
    let signed = encode(&Header::new(Algorithm::HS256), &json!({}), &secret);
    assert_eq!(*signed.unwrap_err().kind(), ErrorKind::UnsupportedAlgorithm);
    for algorithm in [Algorithm::HS256, Algorithm::RS256, Algorithm::ES384, Algorithm::EdDSA] {
        assert!(sign(b"message", &secret, algorithm).is_err(), "{algorithm:?}");
        let key = DecodingKey::from_secret(b"secret");
        assert!(verify("", b"message", &key, algorithm).is_err(), "{algorithm:?}");
    }
}

#[test]
fn a_key_is_not_printed() {
    let key = SigningKey::generate().unwrap();
    assert!(format!("{key:?}").contains("[redacted]"));
}
