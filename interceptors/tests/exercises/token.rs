//! 1. A second token.

use interceptors::auth::{Caller, authenticate};
use tonic::Code;

use crate::{TOKEN, client, serve, with};

#[tokio::test]
#[ignore = "an exercise"]
async fn exercise_1_a_second_token_is_accepted() {
    let mut client = client(&serve().await).await;
    for good in [TOKEN, "Bearer open-barley"] {
        client
            .get_order(with(good, "102".to_owned()))
            .await
            .expect("both tokens must be accepted");
    }
    for good in [TOKEN, "Bearer open-barley"] {
        let request = authenticate(with(good, ())).expect("both tokens must be accepted");
        let caller =
            request.extensions().get::<Caller>().expect("the request must contain the caller");
        assert_eq!(caller.name, "Ali Baba", "both tokens must have the same caller");
    }
    for bad in ["Bearer ", "Bearer open-", "Bearer open-door", "Bearer open-barleycorn"] {
        let status = client.get_order(with(bad, "102".to_owned())).await.unwrap_err();
        assert_eq!(status.code(), Code::Unauthenticated, "{bad}");
    }
    let mut both = with(TOKEN, ());
    both.metadata_mut().append("authorization", "Bearer open-barley".parse().expect("ASCII"));
    authenticate(both).expect_err("two tokens in one call must be refused");
}
