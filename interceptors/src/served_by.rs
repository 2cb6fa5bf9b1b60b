//! A small layer: it adds metadata to an answer, which no interceptor can.

use std::task::{Context, Poll};

use futures::future::BoxFuture;
use http::{HeaderValue, Request, Response};
use launcher::transcript;
use tower::{Layer, Service};

/// The layer: it knows what to do, and wraps a service so that it is done.
#[derive(Clone, Debug)]
pub struct ServedBy {
    name: HeaderValue,
}

impl ServedBy {
    /// A layer that adds `served-by: NAME` to the metadata of each answer that comes from within.
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

/// The service with the layer around it. To its caller it is a service like the inner one.
#[derive(Clone, Debug)]
pub struct Named<S> {
    inner: S,
    name: HeaderValue,
}

impl<S, A, B> Service<Request<A>> for Named<S>
where
    S: Service<Request<A>, Response = Response<B>, Future: Send + 'static>,
{
    type Response = Response<B>;
    type Error = S::Error;
    type Future = BoxFuture<'static, Result<Response<B>, S::Error>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<A>) -> Self::Future {
        transcript!(server, "served-by: in");
        let name = self.name.clone();
        let response = self.inner.call(request);
        Box::pin(async move {
            let mut response = response.await?;
            response.headers_mut().insert("served-by", name);
            transcript!(server, "served-by: out");
            Ok(response)
        })
    }
}
