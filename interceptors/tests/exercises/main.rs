//! The exercises of the README, one file each. Each test fails until its exercise is solved:
//!
//! ```text
//! cargo test -p interceptors --test exercises -- --ignored exercise_1
//! ```
//!
//! They call the server as `serve` runs it, with everything around its service.

mod guests;
mod request_id;
mod token;

use proto::ecommerce::order_management_client::OrderManagementClient;
use tonic::{Request, transport::Channel};

async fn client(target: &str) -> OrderManagementClient<Channel> {
    OrderManagementClient::connect(format!("http://{target}"))
        .await
        .expect("the server listens")
}

fn with<T>(token: &'static str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.metadata_mut().insert("authorization", token.parse().expect("the token is ASCII"));
    request
}

const TOKEN: &str = "Bearer open-sesame";
