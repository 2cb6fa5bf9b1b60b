//! 2. Guests may read.

use testing::Process;
use tonic::{Code, Request, Status, metadata::MetadataValue};

use crate::{TOKEN, client, order, with};

#[tokio::test]
#[ignore = "an exercise"]
async fn exercise_2_who_has_no_token_may_read() {
    // Who calls is in no answer, but in the server's log.
    let program = env!("CARGO_BIN_EXE_interceptors");
    let mut server = Process::start(program, &["server", "--addr", "127.0.0.1:0"]);
    let mut client = client(&format!("http://{}", server.addr().await)).await;
    client.get_order("102".to_owned()).await.expect("getOrder reads");
    client.search_orders("Google".to_owned()).await.expect("searchOrders reads");
    client.get_order(with(TOKEN, "102".to_owned())).await.expect("the token is good");
    for caller in ["guest", "guest", "Ali Baba"] {
        let line = server.line("authenticate").await;
        assert_eq!(line, format!("server | authenticate: {caller}"));
    }

    let refused = |status: Status| assert_eq!(status.code(), Code::Unauthenticated);
    refused(client.add_order(order()).await.expect_err("addOrder writes"));
    let updates = tokio_stream::iter([order()]);
    refused(client.update_orders(updates).await.expect_err("updateOrders writes"));
    let ids = tokio_stream::iter(["102".to_owned()]);
    refused(client.process_orders(ids).await.map(drop).expect_err("processOrders ships"));
    for wrong in ["Bearer wrong", ""] {
        let status = client.get_order(with(wrong, "102".to_owned())).await;
        refused(status.expect_err("a wrong token is worse than none"));
    }
    let mut binary = Request::new("102".to_owned());
    let value = MetadataValue::try_from(&b"\xff"[..]).expect("metadata may have any such byte");
    binary.metadata_mut().insert("authorization", value);
    refused(client.get_order(binary).await.expect_err("no text is no token"));
    let mut two = with(TOKEN, "102".to_owned());
    two.metadata_mut().append("authorization", TOKEN.parse().expect("it is ASCII"));
    refused(client.get_order(two).await.expect_err("two tokens"));
    client.add_order(with(TOKEN, order())).await.expect("with the token all is as it was");
}
