//! Chapter 5: interceptors and layers. Interceptors, and metadata.

use futures::future::BoxFuture;
use interceptors::{
    auth::{Bearer, Caller, authenticate},
    call_log::CallLog,
    served_by::ServedBy,
};
use proto::ecommerce::{
    Order,
    order_management_client::OrderManagementClient,
    order_management_server::{OrderManagement, OrderManagementServer},
};
use std::task::{Context, Poll};
use tonic::{
    Code, Extensions, GrpcMethod, Request, Response, Status, Streaming,
    metadata::{MetadataMap, MetadataValue},
    service::interceptor::InterceptedService,
    transport::{Channel, Server},
};
use tower::{Layer, Service};

pub(crate) const TEXT: &str = include_str!("ch5_around.rs");

fn server(service: impl OrderManagement) {
    let service = InterceptedService::new(OrderManagementServer::new(service), authenticate);
    let router = Server::builder().layer(ServedBy::new("server-1")).add_service(service);
    drop(router);
}

fn client(channel: Channel) {
    let channel = CallLog::client(|line| println!("{line}")).layer(channel);
    let client = OrderManagementClient::with_interceptor(channel, Bearer::default());
    drop(client);
}

fn chained<A, B>(a: A, b: B) {
    let server = Server::builder().layer(a).layer(b);
    drop(server);
}

fn interceptor(mut request: Request<()>) -> Result<Request<()>, Status> {
    let Some(token) = request.metadata().get("authorization") else {
        return Err(Status::unauthenticated("authorization is missing"));
    };
    tracing::debug!("a token of {} bytes", token.len());
    request.extensions_mut().insert(Caller { name: "Ali Baba" });
    Ok(request)
}

#[derive(Clone)]
struct Timed<S> {
    inner: S,
}

impl<S, A, B> Service<http::Request<A>> for Timed<S>
where
    S: Service<http::Request<A>, Response = http::Response<B>, Future: Send + 'static>,
{
    type Response = http::Response<B>;
    type Error = S::Error;
    type Future = BoxFuture<'static, Result<http::Response<B>, S::Error>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: http::Request<A>) -> Self::Future {
        let method = request.uri().path().to_owned();
        let started = std::time::Instant::now();
        let response = self.inner.call(request);
        Box::pin(async move {
            let response = response.await?;
            tracing::info!("{method} after {:?}", started.elapsed());
            Ok(response)
        })
    }
}

async fn sent(
    mut client: OrderManagementClient<Channel>,
    order: Order,
) -> Result<(), Box<dyn std::error::Error>> {
    let mut metadata = MetadataMap::new();
    metadata.append("kn", "vn".parse()?);
    let mut request = Request::from_parts(metadata, Extensions::default(), order);
    request.metadata_mut().insert("k0", MetadataValue::from_static("v0"));
    request.metadata_mut().append("k1", MetadataValue::from_static("v1"));
    request.metadata_mut().insert_bin("trace-bin", MetadataValue::from_bytes(&[0, 255]));

    let response = client.add_order(request).await?;
    println!("{:?}", response.metadata().get("location"));
    let mut orders = client.search_orders("Google".to_owned()).await?.into_inner();
    while orders.message().await?.is_some() {}
    println!("{:?}", orders.trailers().await?);
    Ok(())
}

fn received(request: &Request<Order>) -> Response<String> {
    let timestamp = request.metadata().get("timestamp");
    println!("{timestamp:?}, {:?}", request.metadata().get_all("k1").iter().count());
    println!("{:?}", request.extensions().get::<Caller>());
    println!("{:?}", request.remote_addr());
    let mut response = Response::new("Order Added: 101".to_owned());
    response.metadata_mut().insert("location", MetadataValue::from_static("San Jose"));
    response
}

fn failed(metadata: MetadataMap) -> Status {
    Status::with_metadata(Code::NotFound, "no such order", metadata)
}

fn in_a_client(request: &Request<()>) {
    println!("{:?}", request.extensions().get::<GrpcMethod<'static>>().map(GrpcMethod::method));
}

fn of_a_failed_call(status: &Status) {
    println!("{:?}", status.metadata());
}

fn at_the_end_of_a_stream(metadata: MetadataMap) -> Result<Order, Status> {
    Err(Status::with_metadata(Code::Ok, "", metadata))
}

fn streamed(request: Request<Streaming<Order>>) -> (MetadataMap, Streaming<Order>) {
    let (metadata, _, orders) = request.into_parts();
    (metadata, orders)
}
