//! 1. How long may it take?

use std::time::Duration;

use proto::ecommerce::{ProductId, product_info_client::ProductInfoClient};
use tonic::Request;

#[tokio::test]
#[ignore = "an exercise"]
async fn exercise_1_the_transcript_says_how_much_time_a_call_has() {
    let (mut server, channel) = crate::server().await;
    let mut client = ProductInfoClient::new(channel);
    for (timeout, expected) in [
        (Some(Duration::from_millis(2_500)), "getProduct within 2.5s"),
        (Some(Duration::from_secs(9)), "getProduct within 9s"),
        (None, "getProduct"),
    ] {
        let mut request = Request::new(ProductId { value: "watch".into() });
        if let Some(timeout) = timeout {
            request.set_timeout(timeout);
        }
        client.get_product(request).await.expect("it is answered as before");
        let line = server.line("getProduct").await;
        assert!(
            line.ends_with(expected),
            "a call with a timeout of {timeout:?} should be shown as {expected:?}, not as {line:?}"
        );
    }
}
