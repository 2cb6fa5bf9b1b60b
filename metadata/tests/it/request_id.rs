//! The id of a call: taken from the request if it is safe, and otherwise made.

use uuid::Uuid;

use crate::raw::{call, client, string, values};

/// The ids in the headers of a response to a request with these ids.
async fn returned(ids: &[&str]) -> Vec<String> {
    let ids = ids.iter().map(|id| ("x-request-id", *id)).collect::<Vec<_>>();
    let answer = call("getOrder", &ids, &string("106")).await;
    values(&answer.headers, "x-request-id").into_iter().map(str::to_owned).collect()
}

#[track_caller]
fn assert_new(ids: &[String]) {
    let [id] = ids else { panic!("one id, and not {ids:?}") };
    assert_eq!(Uuid::parse_str(id).unwrap().get_version_num(), 4);
}

#[tokio::test]
async fn the_id_of_the_request_is_returned() {
    let longest = "~".repeat(64);
    for id in ["order-101", "!", &longest] {
        assert_eq!(returned(&[id]).await, [id]);
    }
}

#[tokio::test]
async fn a_request_without_an_id_gets_a_new_one() {
    let (one, two) = (returned(&[]).await, returned(&[]).await);
    assert_new(&one);
    assert_new(&two);
    assert_ne!(one, two);
}

#[tokio::test]
async fn an_id_that_is_empty_too_long_or_not_printable_is_replaced() {
    let long = "x".repeat(65);
    for id in ["", &long, "two words", "tab\there", "caf\u{e9}"] {
        assert_new(&returned(&[id]).await);
    }
}

#[tokio::test]
async fn the_first_of_several_ids_is_used() {
    assert_eq!(returned(&["one", "two"]).await, ["one"]);
}

#[tokio::test]
async fn the_status_of_a_failed_call_has_the_id() {
    let mut request = tonic::Request::new("999".to_owned());
    request.metadata_mut().insert("x-request-id", "order-999".parse().unwrap());
    let status = client().await.get_order(request).await.unwrap_err();
    assert_eq!(status.metadata().get("x-request-id").unwrap(), "order-999");
}
