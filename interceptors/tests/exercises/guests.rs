//! 2. Guests may read.

use testing::Process;
use tonic::{Code, Request, Status, metadata::MetadataValue};

use crate::{TOKEN, client, order, with};

#[tokio::test]
#[ignore = "an exercise"]
async fn exercise_2_a_guest_may_read() {
    // No response contains the caller, but the server prints it.
    let program = env!("CARGO_BIN_EXE_interceptors");
    let mut server = Process::start(program, &["server", "--addr", "127.0.0.1:0"]);
    let mut client = client(&format!("http://{}", server.addr().await)).await;
    client.get_order("102".to_owned()).await.expect("a guest may call getOrder");
    client.search_orders("Google".to_owned()).await.expect("a guest may call searchOrders");
    client.get_order(with(TOKEN, "102".to_owned())).await.expect("the token must be accepted");
    for caller in ["guest", "guest", "Ali Baba"] {
        let line = server.line("authenticate").await;
        assert_eq!(line, format!("server | authenticate: {caller}"));
    }

    let refused = |status: Status| assert_eq!(status.code(), Code::Unauthenticated);
    refused(client.add_order(order()).await.expect_err("a guest must not call addOrder"));
    let updates = tokio_stream::iter([order()]);
    refused(
        client.update_orders(updates).await.expect_err("a guest must not call updateOrders"),
    );
    let ids = tokio_stream::iter(["102".to_owned()]);
    refused(
        client
            .process_orders(ids)
            .await
            .map(drop)
            .expect_err("a guest must not call processOrders"),
    );
    for wrong in ["Bearer wrong", ""] {
        let status = client.get_order(with(wrong, "102".to_owned())).await;
        refused(status.expect_err("a wrong token must be refused"));
    }
    let mut binary = Request::new("102".to_owned());
    let value = MetadataValue::try_from(&b"\xff"[..]).expect("metadata may contain this byte");
    binary.metadata_mut().insert("authorization", value);
    refused(
        client.get_order(binary).await.expect_err("a token that is not text must be refused"),
    );
    let mut two = with(TOKEN, "102".to_owned());
    two.metadata_mut().append("authorization", TOKEN.parse().expect("the token is ASCII"));
    refused(client.get_order(two).await.expect_err("two tokens must be refused"));
    client
        .add_order(with(TOKEN, order()))
        .await
        .expect("with the token, everything is allowed as before");
}
