//! The exercises of the README, one file each. Each test fails until its exercise is solved:
//!
//! ```text
//! cargo test -p interceptors --test exercises -- --ignored exercise_1
//! ```
//!
//! They call the server as `serve` runs it, with everything around its service.

mod guests;
mod limit;
mod token;

use interceptors::server;
use proto::ecommerce::{Order, order_management_client::OrderManagementClient};
use tonic::{Request, transport::Channel};

async fn serve() -> String {
    format!("http://{}", testing::start(server::serve).await)
}

async fn client(uri: &str) -> OrderManagementClient<Channel> {
    OrderManagementClient::connect(uri.to_owned()).await.expect("the server listens")
}

fn with<T>(token: &'static str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.metadata_mut().insert("authorization", token.parse().expect("the token is ASCII"));
    request
}

fn order() -> Order {
    testing::order("101", &["a lamp"], "")
}

const TOKEN: &str = "Bearer open-sesame";
