//! What may the caller do? A tower layer that asks the verifier who is calling, and checks the scope.

use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::future::BoxFuture;
use http::{HeaderMap, Request, Response, header::AUTHORIZATION};
use launcher::transcript;
use tonic::{Status, server::NamedService};
use tower::{Layer, Service, ServiceExt};

use crate::verify::{Caller, Verifier};

/// The scope that each method needs, by its path.
fn needed(path: &str) -> Option<&'static str> {
    match path {
        "/ecommerce.ProductInfo/addProduct" => Some("products.write"),
        "/ecommerce.ProductInfo/getProduct" => Some("products.read"),
        // A method that is added later is closed to tokens until it has a rule, whatever their scope.
        _ => None,
    }
}

async fn check(verifier: &Verifier, path: &str, headers: &HeaderMap) -> Result<Caller, Status> {
    // First who, then what. Otherwise a stranger could find out which methods exist.
    let caller = verifier.caller(headers).await.map_err(|reason| {
        transcript!(server, "refused {path}: {reason}");
        unauthenticated()
    })?;
    let needed = needed(path);
    if needed.map_or(caller.is_admin(), |scope| caller.may(scope)) {
        return Ok(caller);
    }
    let missing = needed.unwrap_or("of an administrator");
    transcript!(server, "refused {path}: {:?} lacks the scope {missing}", caller.name);
    Err(Status::permission_denied(format!("the scope {missing} is missing")))
}

/// The same status for every reason, because "wrong password" would confirm the name.
#[must_use]
pub fn unauthenticated() -> Status {
    Status::unauthenticated("credentials are missing or not valid")
}

/// The layer. It lets a call pass if its caller is known and may make it.
#[derive(Clone)]
pub struct Authenticate(pub Arc<Verifier>);

impl<S> Layer<S> for Authenticate {
    type Service = Authenticated<S>;

    fn layer(&self, inner: S) -> Authenticated<S> {
        Authenticated { inner, verifier: Arc::clone(&self.0) }
    }
}

/// A service behind [`Authenticate`].
#[derive(Clone)]
pub struct Authenticated<S> {
    inner: S,
    verifier: Arc<Verifier>,
}

impl<S, B, R> Service<Request<B>> for Authenticated<S>
where
    S: Service<Request<B>, Response = Response<R>> + Clone + Send + 'static,
    S::Future: Send,
    B: Send + 'static,
    R: Default,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = BoxFuture<'static, Result<Response<R>, S::Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        // `oneshot` below waits until the service is ready.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let (inner, verifier) = (self.inner.clone(), Arc::clone(&self.verifier));
        Box::pin(async move {
            match check(&verifier, request.uri().path(), request.headers()).await {
                Ok(caller) => {
                    // No handler needs the token from here on, so none can log it or pass it on.
                    request.headers_mut().remove(AUTHORIZATION);
                    request.extensions_mut().insert(caller);
                    inner.oneshot(request).await
                }
                Err(status) => Ok(status.into_http()),
            }
        })
    }
}

/// tonic routes by this name.
impl<S: NamedService> NamedService for Authenticated<S> {
    const NAME: &'static str = S::NAME;
}
