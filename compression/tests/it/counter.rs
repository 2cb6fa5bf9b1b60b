//! The figures in the transcript are the bytes that are sent.

use compression::counter::{Counter, count};
use http_body_util::BodyExt;
use order_management::orders::Orders;
use prost::Message;
use proto::ecommerce::order_management_client::OrderManagementClient;
use testing::in_memory;
use tokio::sync::mpsc;
use tonic::{body::Body, codec::CompressionEncoding};
use tower::ServiceExt;

#[tokio::test]
async fn the_counter_counts_what_arrives_at_the_other_side() {
    let (arrived, mut bytes) = mpsc::unbounded_channel();
    let service = compression::server::service(Orders::default());
    let server = tower::service_fn(move |request: http::Request<Body>| {
        let (service, arrived) = (service.clone(), arrived.clone());
        async move {
            let (head, body) = request.into_parts();
            let body = body.collect().await.unwrap().to_bytes();
            arrived.send(body.len()).unwrap();
            let body = Body::new(http_body_util::Full::new(body));
            let response = service.oneshot(http::Request::from_parts(head, body)).await?;
            let (head, body) = response.into_parts();
            let body = body.collect().await.unwrap();
            let trailers = body.trailers().cloned().unwrap_or_default();
            let body = body.to_bytes();
            arrived.send(body.len()).unwrap();
            let body =
                http_body_util::Full::new(body).with_trailers(async { Some(Ok(trailers)) });
            Ok(http::Response::from_parts(head, body))
        }
    });
    let channel = in_memory(server).await;
    let counter = Counter::default();
    let mut plain = OrderManagementClient::new(count(channel.clone(), counter.clone()));
    let mut gzip = OrderManagementClient::new(count(channel, counter.clone()))
        .send_compressed(CompressionEncoding::Gzip)
        .accept_compressed(CompressionEncoding::Gzip);
    for order in compression::client::orders() {
        plain.add_order(order.clone()).await.unwrap();
        let (sent, received) = counter.take();
        assert_eq!(sent, order.encoded_len() + 5, "the message and its prefix");
        assert_eq!(bytes.recv().await, Some(sent));
        assert_eq!(bytes.recv().await, Some(received));
        gzip.get_order(order.id).await.unwrap();
        let (sent, received) = counter.take();
        assert_eq!(bytes.recv().await, Some(sent));
        assert_eq!(bytes.recv().await, Some(received));
    }
}
