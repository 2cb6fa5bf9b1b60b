//! Lets `jsonwebtoken` sign and verify with ring.
//!
//! Its own backends are `aws_lc_rs` and `rust_crypto`, and each would add a second crypto library next to
//! the one of TLS. The provider here implements ES256 and nothing else. So the classic attacks
//! (`alg: none`, or HS256 with the public key as its secret) fail even if some code forgets to check the
//! algorithm.

use jsonwebtoken::{
    Algorithm,
    crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils},
    errors::ErrorKind,
    signature::{Error, Signer, Verifier},
};
use ring::{
    digest::{SHA256, digest},
    rand::SystemRandom,
    signature::{
        ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair,
        UnparsedPublicKey,
    },
};

/// Makes ring the cryptography of `jsonwebtoken` in this process. Call it before any other function of
/// that crate, which panics without a provider. Later calls have no effect.
pub fn use_ring() {
    static RING: CryptoProvider = CryptoProvider {
        signer_factory: |algorithm, key| match algorithm {
            Algorithm::ES256 => Ok(Box::new(Es256(key.as_bytes().to_vec()))),
            _ => Err(ErrorKind::UnsupportedAlgorithm.into()),
        },
        verifier_factory: |algorithm, key| match algorithm {
            Algorithm::ES256 => Ok(Box::new(Es256(key.try_get_as_bytes()?.to_vec()))),
            _ => Err(ErrorKind::UnsupportedAlgorithm.into()),
        },
        key_utils: KeyUtils {
            // For the key id. The other functions are for keys of other kinds.
            compute_digest: |data, _| Ok(digest(&SHA256, data).as_ref().to_vec()),
            ..KeyUtils::new_unimplemented()
        },
    };
    let _ = RING.install_default();
}

/// The private key as PKCS #8, or the public key as a point.
struct Es256(Vec<u8>);

impl Signer<Vec<u8>> for Es256 {
    fn try_sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        let random = SystemRandom::new();
        EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &self.0, &random)
            .map_err(|_| Error::new())?
            .sign(&random, message)
            .map(|signature| signature.as_ref().to_vec())
            .map_err(|_| Error::new())
    }
}

impl Verifier<Vec<u8>> for Es256 {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), Error> {
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, &self.0)
            .verify(message, signature)
            .map_err(|_| Error::new())
    }
}

impl JwtSigner for Es256 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::ES256
    }
}

impl JwtVerifier for Es256 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::ES256
    }
}
