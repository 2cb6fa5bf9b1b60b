//! The issuer's half: a private key that signs claims.

use std::{
    fmt::Display,
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
    time::Duration,
};

use jsonwebtoken::{
    Algorithm, DecodingKey, EncodingKey, Header, encode, get_current_timestamp,
    jwk::{Jwk, JwkSet, ThumbprintHash},
};
use launcher::Error;
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::use_ring;

/// The private key.
pub const KEY_FILE: &str = "token.key";
/// The public keys, as a JWK set (RFC 7517).
pub const JWKS_FILE: &str = "jwks.json";

/// The claims of a token, by their registered names (RFC 7519 and RFC 8693).
///
/// `Validation` checks the first four in the token itself, where `aud` may also be a list and `exp` may be a
/// fraction. So these are not read from the token a second time. It would accept a list of issuers too, and
/// reading `iss` as a text refuses that.
#[derive(Debug, Deserialize, Serialize)]
pub struct Claims {
    /// The issuer.
    pub iss: String,
    /// The audience: the service that the token is for.
    #[serde(skip_deserializing)]
    pub aud: String,
    /// Valid from this second on, counted from 1970.
    #[serde(skip_deserializing)]
    pub nbf: u64,
    /// Valid until this second.
    #[serde(skip_deserializing)]
    pub exp: u64,
    /// The subject: who calls.
    pub sub: String,
    /// The scopes of the caller, separated by spaces.
    #[serde(default)]
    pub scope: String,
}

impl Claims {
    /// The claims of a token that is valid from now on.
    #[must_use]
    pub fn new(iss: &str, sub: &str, aud: &str, scope: &str, lifetime: Duration) -> Self {
        let [iss, sub, aud, scope] = [iss, sub, aud, scope].map(str::to_owned);
        let nbf = get_current_timestamp();
        Self { iss, sub, aud, nbf, exp: nbf.saturating_add(lifetime.as_secs()), scope }
    }
}

/// The private key of an issuer. A program that has it can claim to be any caller.
#[derive(Debug)]
pub struct SigningKey {
    key: EncodingKey,
    public: Jwk,
    /// The folder of the key, unless it is only in memory.
    dir: Option<PathBuf>,
}

impl SigningKey {
    /// A new key pair, in memory.
    ///
    /// # Errors
    ///
    /// The system has no random numbers.
    pub fn generate() -> Result<Self, Error> {
        Self::new(&KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?)
    }

    fn new(pair: &KeyPair) -> Result<Self, Error> {
        use_ring();
        let public = DecodingKey::from_ec_der(pair.public_key_raw());
        let mut public = Jwk::from_decoding_key(&public, Some(Algorithm::ES256))?;
        // The key id. A token names its key, so that a verifier with several keys knows which to use.
        public.common.key_id = Some(public.thumbprint(ThumbprintHash::SHA256)?);
        Ok(Self { key: EncodingKey::from_ec_der(&pair.serialize_der()), public, dir: None })
    }

    /// Reads the private key in `dir`, and creates it first if there is none. Adds its public key to
    /// the JWK set in `dir`, where the verifiers find it.
    ///
    /// To change the key, delete its file. The next token is signed with a new one. Tokens with the old key are
    /// valid until it is removed from the set.
    ///
    /// # Errors
    ///
    /// A file cannot be read or written, or does not contain what it should.
    pub fn in_dir(dir: &Path) -> Result<Self, Error> {
        let (path, jwks) = (dir.join(KEY_FILE), dir.join(JWKS_FILE));
        if !path.exists() {
            let pem = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?.serialize_pem();
            write(&path, &pem, 0o600, |new, path| match fs::hard_link(new, path) {
                // Another program was faster. Unlike `rename`, `hard_link` does not replace its key.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
                result => result,
            })?;
        }
        let failed = |path: &Path, error: &dyn Display| {
            format!("cannot read {}: {error}; delete it to get a new one", path.display())
        };
        let pem = fs::read_to_string(&path).map_err(|error| failed(&path, &error))?;
        let pair = KeyPair::from_pem_and_sign_algo(&pem, &PKCS_ECDSA_P256_SHA256)
            .map_err(|error| failed(&path, &error))?;
        let key = Self { dir: Some(dir.to_owned()), ..Self::new(&pair)? };
        let mut set = match fs::read_to_string(&jwks) {
            Ok(text) => serde_json::from_str(&text).map_err(|error| failed(&jwks, &error))?,
            // Only a missing file is an empty set. After another error, the set of the others would be lost.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                JwkSet { keys: Vec::new() }
            }
            Err(error) => return Err(failed(&jwks, &error).into()),
        };
        if !set.keys.contains(&key.public) {
            set.keys.push(key.public.clone());
            write(&jwks, &serde_json::to_string_pretty(&set)?, 0o644, |new, path| {
                fs::rename(new, path)
            })?;
        }
        Ok(key)
    }

    /// The public key, as the set that a verifier reads.
    #[must_use]
    pub fn public_keys(&self) -> JwkSet {
        JwkSet { keys: vec![self.public.clone()] }
    }

    /// Signs a token with these claims, usually [`Claims`].
    ///
    /// # Errors
    ///
    /// The system has no random numbers, the claims are not an object, or [`SigningKey::in_dir`] fails now.
    pub fn sign(&self, claims: &impl Serialize) -> Result<String, Error> {
        // An issuer runs for a long time. If it used the key that it has read at the start, its tokens would
        // be refused as soon as somebody has removed this key from the set.
        let current = self.dir.as_deref().map(Self::in_dir).transpose()?;
        let Self { key, public, .. } = current.as_ref().unwrap_or(self);
        let mut header = Header::new(Algorithm::ES256);
        header.kid.clone_from(&public.common.key_id);
        Ok(encode(&header, claims, key)?)
    }
}

/// Writes a file that appears with all of its content, because another program may read it at any
/// time. The content goes to a temporary file, and `publish` gives that its name.
fn write(
    path: &Path,
    content: &str,
    mode: u32,
    publish: fn(&Path, &Path) -> io::Result<()>,
) -> Result<(), Error> {
    let temporary = path.with_extension(format!("{}.tmp", Uuid::new_v4()));
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
    let written = options
        .open(&temporary)
        .and_then(|mut file| file.write_all(content.as_bytes()))
        .and_then(|()| publish(&temporary, path));
    let _ = fs::remove_file(&temporary);
    written.map_err(|error| format!("cannot write {}: {error}", path.display()).into())
}
