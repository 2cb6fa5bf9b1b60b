//! Authentication with two interceptors: the client's adds a token, and the server's checks it.
//!
//! An interceptor is a function that gets the request without its message. It runs before the call,
//! and returns the request or a status. It can do nothing else, and for metadata it is enough.

use launcher::transcript;
use tonic::{
    Request, Status,
    metadata::{Ascii, MetadataValue},
    service::Interceptor,
};

/// The only token that the server accepts. A real one is signed, and a library checks the signature.
/// Do not compare a real secret with `==`, because the time it takes helps an attacker to guess.
pub const TOKEN: &str = "Bearer open-sesame";

/// The caller, in the extensions of a request. A handler gets it with
/// `request.extensions().get::<Caller>()`, as the one in `tests/it/auth.rs` does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    pub name: &'static str,
}

/// The server's interceptor. It accepts a call with the right token and adds a [`Caller`] to it.
///
/// UNAUTHENTICATED: `authorization` is missing or wrong, or there is more than one.
pub fn authenticate(mut request: Request<()>) -> Result<Request<()>, Status> {
    let mut tokens = request.metadata().get_all("authorization").iter();
    let (token, second) = (tokens.next(), tokens.next());
    // Compared as bytes, because a client may send a value that is not text.
    if token.is_none_or(|token| token.as_bytes() != TOKEN.as_bytes()) || second.is_some() {
        transcript!(server, "authenticate: refused");
        return Err(Status::unauthenticated("authorization is missing or wrong"));
    }
    let caller = Caller { name: "Ali Baba" };
    transcript!(server, "authenticate: {}", caller.name);
    // Extensions are values that belong to a request inside this process, like those of Go's
    // `context.WithValue`. They are not sent.
    request.extensions_mut().insert(caller);
    Ok(request)
}

/// The client's interceptor. It adds the token to each call.
#[derive(Clone, Debug)]
pub struct Bearer(MetadataValue<Ascii>);

impl Default for Bearer {
    fn default() -> Self {
        let mut token = MetadataValue::from_static(TOKEN);
        // Production: `{:?}` does not print it, and HTTP/2's header compression does not store it.
        token.set_sensitive(true);
        Self(token)
    }
}

impl Interceptor for Bearer {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        request.metadata_mut().insert("authorization", self.0.clone());
        Ok(request)
    }
}
