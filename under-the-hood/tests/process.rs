//! The command line.

use testing::{Process, closed_addr};
use tokio::net::TcpListener;

const PROGRAM: &str = env!("CARGO_BIN_EXE_under-the-hood");

#[tokio::test]
async fn with_frames_two_calls_are_seen_to_share_a_connection() {
    let ended = Process::start(PROGRAM, &["--frames"]).end().await;
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    let two = ended.stdout.split("4. two calls").nth(1).expect("there is a fourth part");
    let frames =
        two.lines().filter(|line| line.contains(" HEADERS ") || line.contains(" DATA "));
    let streams = frames.map(|line| {
        let mut words = line.split_whitespace();
        let side = words.next().expect("a line has a head");
        format!("{side} {}", words.nth(3).expect("a frame has a stream"))
    });
    let mut streams = streams.collect::<Vec<_>>();
    streams.dedup();
    // The second is begun and ended while the first waits.
    assert_eq!(streams, ["client 7", "client 9", "server 9", "client 7", "server 7"], "{two}");
    for frame in ["the connection preface", "SETTINGS      stream 0 ACK", "GOAWAY"] {
        assert!(ended.stdout.contains(frame), "{frame}");
    }
}

#[tokio::test]
async fn the_proxy_shows_the_calls_of_another_program() {
    let mut server = Process::start(PROGRAM, &["server", "--addr", "127.0.0.1:0"]);
    let to = server.addr().await;
    let mut watch = Process::start(PROGRAM, &["watch", "--addr", "127.0.0.1:0", "--to", &to]);
    let addr = watch.addr().await;
    let client = Process::start(PROGRAM, &["client", "--addr", &addr]).end().await;
    assert_eq!(client.status, Some(0), "{}", client.stderr);
    watch.line(":path: /ecommerce.ProductInfo/addProduct").await;
    watch.line("2: \"Apple Watch S4\"").await;
    watch.line("grpc-status: 0").await;
    // The client's second connection.
    watch.line("client 2 |   :path: /ecommerce.OrderManagement/searchOrders").await;
}

#[cfg(unix)]
#[tokio::test]
async fn streams_have_colours_where_colours_are_wanted() {
    let ended = Process::start("env", &["CLICOLOR_FORCE=1", PROGRAM, "--frames"]).end().await;
    let colour = |stream: &str| {
        let line =
            ended.stdout.lines().find(|line| line.contains(stream)).expect("it is there");
        line.split("\x1b[0m ")
            .nth(1)
            .expect("it has a head")
            .split('H')
            .next()
            .map(str::to_owned)
    };
    assert_ne!(colour("HEADERS       stream 7"), colour("HEADERS       stream 9"));
}

#[tokio::test]
async fn a_client_that_finds_no_server_says_so_in_one_line() {
    let (_held, addr) = closed_addr();
    let ended = Process::start(PROGRAM, &["client", "--addr", &addr]).end().await;
    assert_eq!(ended.status, Some(1));
    assert!(
        ended.stderr.starts_with(&format!("cannot connect to {addr}: ")),
        "{}",
        ended.stderr
    );
    assert_eq!(ended.stderr.lines().count(), 1);
}

#[tokio::test]
async fn the_place_to_pass_on_to_has_to_be_an_address() {
    let args = ["watch", "--addr", "127.0.0.1:0", "--to", "localhost"];
    let ended = Process::start(PROGRAM, &args).end().await;
    assert_eq!(ended.status, Some(1));
    assert!(ended.stderr.contains("it has no port"), "{}", ended.stderr);
}

#[tokio::test]
async fn the_generated_stub_is_answered_by_the_server_by_hand() {
    let args = ["server", "--by-hand", "--addr", "127.0.0.1:0"];
    let mut server = Process::start(PROGRAM, &args);
    let addr = server.addr().await;
    let ended = Process::start(PROGRAM, &["client", "--stub", "--addr", &addr]).end().await;
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    assert!(ended.stdout.contains("getProduct(\"watch\") -> \"Apple Watch S4\", 400"));
}

#[tokio::test]
async fn nothing_is_passed_on_to_itself() {
    let args = ["watch", "--addr", "127.0.0.1:50051", "--to", "127.0.0.1:50051"];
    let ended = Process::start(PROGRAM, &args).end().await;
    assert_eq!(ended.status, Some(1));
    assert!(ended.stderr.contains("to itself"), "{}", ended.stderr);
}

#[tokio::test]
async fn a_status_that_the_layers_by_hand_read_ends_the_client_as_any_status_does() {
    // A server with the products alone: parts 1 and 2 go well, and the search of part 3 does not.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap().to_string();
    tokio::spawn(productinfo::server::serve(listener, std::future::pending()));
    let ended = Process::start(PROGRAM, &["client", "--addr", &addr]).end().await;
    assert_eq!(ended.status, Some(1), "{ended:?}");
    let reason = format!("a call to {addr} failed: UNIMPLEMENTED; ");
    assert!(ended.stderr.starts_with(&reason), "{}", ended.stderr);
}
