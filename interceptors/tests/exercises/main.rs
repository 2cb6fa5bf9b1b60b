//! The exercises of the README, a file for each. Its tests fail until it is solved:
//!
//! ```text
//! cargo test -p interceptors --test exercises -- --ignored exercise_1
//! ```
//!
//! They call the server as it is served, whatever stands around its service.

mod guests;
mod limit;
mod token;

use interceptors::server;
use proto::ecommerce::{Order, order_management_client::OrderManagementClient};
use tokio::net::TcpListener;
use tonic::{Request, transport::Channel};

async fn serve() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("there is a free port");
    let addr = listener.local_addr().expect("it is bound");
    tokio::spawn(server::serve(listener, std::future::pending()));
    format!("http://{addr}")
}

async fn client(uri: &str) -> OrderManagementClient<Channel> {
    OrderManagementClient::connect(uri.to_owned()).await.expect("it listens")
}

fn with<T>(token: &'static str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.metadata_mut().insert("authorization", token.parse().expect("it is ASCII"));
    request
}

fn order() -> Order {
    Order { id: "101".into(), items: vec!["a lamp".into()], ..Order::default() }
}

const TOKEN: &str = "Bearer open-sesame";
