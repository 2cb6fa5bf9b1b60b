//! 3. Project: guests may read.

use testing::{Process, order};
use tonic::Code;

use crate::{TOKEN, client, with};

#[tokio::test]
#[ignore = "an exercise"]
async fn exercise_3_a_guest_may_read() {
    // No response contains the caller, but the server prints it.
    let program = env!("CARGO_BIN_EXE_interceptors");
    let mut server = Process::start(program, &["server", "--addr", "127.0.0.1:0"]);
    let mut client = client(&server.addr().await).await;
    let get = client.get_order("102".to_owned()).await;
    assert!(get.is_ok(), "a guest must be allowed to call getOrder");
    let search = client.search_orders("Google".to_owned()).await;
    assert!(search.is_ok(), "a guest must be allowed to call searchOrders");
    let known = client.get_order(with(TOKEN, "102".to_owned())).await;
    assert!(known.is_ok(), "the token must still be accepted");
    for caller in ["guest", "guest", "Ali Baba"] {
        let line = server.line("authenticate").await;
        assert_eq!(line, format!("server | authenticate: {caller}"), "the caller is wrong");
    }

    let order = order("101", &["a lamp"], "");
    let add = client.add_order(order.clone()).await.map_err(|status| status.code());
    assert_eq!(add.err(), Some(Code::Unauthenticated), "a guest must not call addOrder");
    let updates = tokio_stream::iter([order.clone()]);
    let update = client.update_orders(updates).await;
    assert!(update.is_err(), "a guest must not call updateOrders");
    let process = client.process_orders(tokio_stream::iter(["102".to_owned()])).await;
    assert!(process.is_err(), "a guest must not call processOrders");
    for wrong in ["Bearer wrong", ""] {
        let get = client.get_order(with(wrong, "102".to_owned())).await;
        assert!(get.is_err(), "a wrong token must be refused, even for getOrder");
    }
    let mut two = with(TOKEN, "102".to_owned());
    two.metadata_mut().append("authorization", TOKEN.parse().expect("the token is ASCII"));
    assert!(client.get_order(two).await.is_err(), "two tokens must be refused");
    let add = client.add_order(with(TOKEN, order)).await;
    assert!(add.is_ok(), "with the token, addOrder must still be allowed");
}
