//! A small layer: it adds metadata to a response, which an interceptor cannot do.

use std::task::{Context, Poll};

use futures::future::BoxFuture;
use http::{HeaderValue, Request, Response};
use launcher::transcript;
use tower::{Layer, Service};

/// The layer: the settings, and how to wrap a service.
#[derive(Clone, Debug)]
pub struct ServedBy {
    name: HeaderValue,
}

impl ServedBy {
    /// A layer that adds `served-by: NAME` to the metadata of each response.
    #[must_use]
    pub fn new(name: &'static str) -> Self {
        Self { name: HeaderValue::from_static(name) }
    }
}

impl<S> Layer<S> for ServedBy {
    type Service = Named<S>;

    fn layer(&self, inner: S) -> Named<S> {
        Named { inner, name: self.name.clone() }
    }
}

/// A service with the layer around it, which its caller uses like the inner service.
#[derive(Clone, Debug)]
pub struct Named<S> {
    inner: S,
    name: HeaderValue,
}

// `Service` is tower's interface for anything that turns a request into a response: a server, a layer
// around it, a client's channel. It does what `handler(ctx, req)` does in a Go interceptor, in two steps:
// the caller asks with `poll_ready` whether the service can take a call now, and then uses `call`.
impl<S, A, B> Service<Request<A>> for Named<S>
where
    S: Service<Request<A>, Response = Response<B>, Future: Send + 'static>,
{
    type Response = Response<B>;
    type Error = S::Error;
    // `call` is not an `async fn`. It returns its future as a value, whose type needs a name, and the
    // future of an `async` block has none. `BoxFuture` is a pointer to any future: a small allocation.
    type Future = BoxFuture<'static, Result<Response<B>, S::Error>>;

    // A service that limits its calls returns `Poll::Pending` here, and wakes the caller when there is
    // room. This layer has no limit, so it must ask the inner service, which may have one.
    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<A>) -> Self::Future {
        transcript!(server, "served-by: in");
        // The future may outlive this borrow of `self`, so it gets its own copy of the name.
        let name = self.name.clone();
        let response = self.inner.call(request);
        Box::pin(async move {
            let mut response = response.await?;
            // The headers of the response are here, and its messages follow later.
            response.headers_mut().insert("served-by", name);
            transcript!(server, "served-by: out");
            Ok(response)
        })
    }
}
