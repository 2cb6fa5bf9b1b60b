//! 2. A request id.

use interceptors::server::serve;
use testing::start;
use tonic::{Request, metadata::MetadataMap};

use crate::{TOKEN, client, with};

fn with_id(mut request: Request<String>) -> Request<String> {
    request.metadata_mut().insert("x-request-id", "4711".parse().expect("it is ASCII"));
    request
}

fn id(metadata: &MetadataMap) -> Option<&str> {
    metadata.get("x-request-id").map(|id| id.to_str().expect("it is ASCII"))
}

#[tokio::test]
#[ignore = "an exercise"]
async fn exercise_2_a_response_has_the_request_id_of_its_request() {
    let mut client = client(&start(serve).await).await;
    let request = with_id(with(TOKEN, "102".to_owned()));
    let response = client.get_order(request).await.expect("the call succeeds");
    assert_eq!(id(response.metadata()), Some("4711"), "the response has no x-request-id");
    assert!(response.metadata().contains_key("served-by"), "the response has no served-by");

    let refused = client.get_order(with_id(Request::new("102".to_owned()))).await;
    let status = refused.expect_err("a call without a token is refused");
    assert_eq!(id(status.metadata()), Some("4711"), "a refused call has no x-request-id");

    let without = client.get_order(with(TOKEN, "102".to_owned())).await.expect("it succeeds");
    let id = id(without.metadata());
    assert_eq!(id, None, "without an x-request-id in the request the response must have none");
}
