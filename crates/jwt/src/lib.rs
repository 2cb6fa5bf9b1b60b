//! Signed tokens (JWT, RFC 7519): an issuer's key pair, a verifier's public keys, and a client's token.
//!
//! A token is three base64 texts with dots between them: a header, the claims, and a signature over both.
//! Anyone can read the claims. Only the owner of the private key can sign them, and the public key is
//! sufficient to verify the signature.

mod es256;
mod keys;
mod signing;
mod tokens;

pub use es256::use_ring;
pub use jsonwebtoken;
pub use keys::Keys;
pub use signing::{Claims, JWKS_FILE, KEY_FILE, SigningKey};
pub use tokens::Tokens;
