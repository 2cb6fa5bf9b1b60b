//! Authentication with interceptors: one puts a token on each call, the other asks for it.
//!
//! An interceptor is a function of the request without its message. It runs before the call, it
//! returns the request or a status, and that is all that it can do. It fits metadata.

use launcher::transcript;
use tonic::{
    Request, Status,
    metadata::{Ascii, MetadataValue},
    service::Interceptor,
};

/// The only token that opens this server. A real one would be signed, and a library would check
/// that; a comparison like the one below also tells by its time how much of a guess is right.
pub const TOKEN: &str = "Bearer open-sesame";

/// Who calls. A handler finds it with `request.extensions().get::<Caller>()`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The name that belongs to the token.
    pub name: &'static str,
}

/// The server's interceptor: lets a call with the right token pass, and notes whose it is.
///
/// UNAUTHENTICATED: `authorization` is missing, wrong, or there more than once.
pub fn authenticate(mut request: Request<()>) -> Result<Request<()>, Status> {
    let mut tokens = request.metadata().get_all("authorization").iter();
    // As bytes: what a client sends need not be text.
    let known = match (tokens.next(), tokens.next()) {
        (Some(token), None) => token.as_bytes() == TOKEN.as_bytes(),
        _ => false,
    };
    if !known {
        transcript!(server, "authenticate: refused");
        return Err(Status::unauthenticated("authorization is missing or wrong"));
    }
    let caller = Caller { name: "Ali Baba" };
    transcript!(server, "authenticate: {}", caller.name);
    // Extensions go with the request through this process. They are not sent.
    request.extensions_mut().insert(caller);
    Ok(request)
}

/// The client's interceptor: puts a token on each call.
#[derive(Clone, Debug)]
pub struct Bearer(MetadataValue<Ascii>);

impl Default for Bearer {
    fn default() -> Self {
        let mut token = MetadataValue::from_static(TOKEN);
        // Keeps it out of HPACK's table and out of what `{:?}` prints.
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
