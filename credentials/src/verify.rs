//! Who is calling? Reads `authorization` and verifies a password or a token.

use base64::{Engine, prelude::BASE64_STANDARD};
use http::{HeaderMap, header::AUTHORIZATION};
use jwt::jsonwebtoken::errors::{Error, ErrorKind};
use jwt::jsonwebtoken::{Algorithm, Validation, decode, decode_header};
use jwt::{Claims, Keys, use_ring};
use subtle::ConstantTimeEq;

/// The name of the only issuer that this service trusts.
pub const ISSUER: &str = "workshop";
/// The name of this service. A token for another service is of no use here.
pub const AUDIENCE: &str = "productinfo";

/// The book's administrator. Production: passwords are in a database and never in the code.
pub const ADMIN: &str = "admin:admin";

/// Production: the longest `authorization` that is verified, because that costs time for every byte. A
/// token has about 1 KB.
const MAX_LENGTH: usize = 8 * 1024;

/// The identity of the caller. A handler finds it in the extensions of its request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    pub name: String,
    /// Its scopes, separated by spaces. `None` means all of them.
    scope: Option<String>,
}

impl Caller {
    /// The administrator may do everything. No scope in a token gives that right.
    #[must_use]
    pub fn is_admin(&self) -> bool {
        self.scope.is_none()
    }

    #[must_use]
    pub fn may(&self, scope: &str) -> bool {
        let granted = self.scope.as_deref();
        granted.is_none_or(|granted| granted.split(' ').any(|one| one == scope))
    }
}

/// Why a call is refused, for the transcript. A constant text cannot contain a part of a token.
pub type Reason = &'static str;

/// Reads the scheme in `authorization` and the text behind it.
pub fn authorization(headers: &HeaderMap) -> Result<(&str, &str), Reason> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let value = values.next().ok_or("no authorization")?;
    if values.next().is_some() {
        // A proxy might check one of them, and this server the other.
        return Err("more than one authorization");
    }
    if value.len() > MAX_LENGTH {
        return Err("authorization is too long");
    }
    let value = value.to_str().map_err(|_| "authorization is not text")?;
    value.split_once(' ').ok_or("authorization has no scheme")
}

/// Whether this is `Basic` and the base64 of this `NAME:PASSWORD`.
///
/// Production: store passwords as hashes that are slow to compute (Argon2), and limit the attempts.
#[must_use]
pub fn is_login((scheme, login): (&str, &str), expected: &str) -> bool {
    // `ct_eq` takes the same time for each login of the right length. `==` stops at the first
    // difference, so its time shows an attacker how many bytes are right.
    let is_expected = |login: Vec<u8>| login.ct_eq(expected.as_bytes()).into();
    scheme.eq_ignore_ascii_case("basic") && BASE64_STANDARD.decode(login).is_ok_and(is_expected)
}

/// Verifies credentials.
pub struct Verifier {
    keys: Keys,
    validation: Validation,
}

impl Verifier {
    #[must_use]
    pub fn new(keys: Keys) -> Self {
        use_ring();
        // The token's header names its algorithm, and the attacker writes the header. So the verifier
        // decides which algorithm it accepts.
        let mut validation = Validation::new(Algorithm::ES256);
        validation.set_issuer(&[ISSUER]);
        validation.set_audience(&[AUDIENCE]);
        // Without this line, a token without these claims would be valid.
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        validation.validate_nbf = true;
        // In seconds: the clocks of issuer and verifier differ.
        validation.leeway = 5;
        Self { keys, validation }
    }

    /// Verifies `authorization`.
    pub async fn caller(&self, headers: &HeaderMap) -> Result<Caller, Reason> {
        match authorization(headers)? {
            (scheme, jwt) if scheme.eq_ignore_ascii_case("bearer") => self.bearer(jwt).await,
            basic if is_login(basic, ADMIN) => Ok(Caller { name: "admin".into(), scope: None }),
            _ => Err("wrong name or password, or another scheme"),
        }
    }

    async fn bearer(&self, token: &str) -> Result<Caller, Reason> {
        let header = decode_header(token).map_err(|error| reason(&error))?;
        let id = header.kid.ok_or("the token names no key")?;
        let key = self.keys.find(&id).await.ok_or("the token names an unknown key")?;
        // This verifies the signature and validates the claims. Never use claims before.
        let Claims { sub, scope, .. } =
            decode(token, &key, &self.validation).map_err(|error| reason(&error))?.claims;
        if sub.is_empty() {
            return Err("the token names no caller");
        }
        Ok(Caller { name: sub, scope: Some(scope) })
    }
}

/// The messages of `jsonwebtoken` may quote the token, and these do not.
fn reason(error: &Error) -> Reason {
    match error.kind() {
        ErrorKind::ExpiredSignature => "the token has expired",
        ErrorKind::ImmatureSignature => "the token is not valid yet",
        ErrorKind::InvalidAudience => "the token is for another audience",
        ErrorKind::InvalidIssuer => "the token is from another issuer",
        ErrorKind::InvalidSignature => "the signature of the token is wrong",
        ErrorKind::InvalidAlgorithm => "the token is not signed with ES256",
        ErrorKind::MissingRequiredClaim(_) => "the token lacks a claim",
        _ => "this is no token",
    }
}
