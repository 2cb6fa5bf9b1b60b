//! The exercises of the README, one file each. Each test fails until its exercise is solved:
//!
//! ```text
//! cargo test -p productinfo --test exercises -- --ignored exercise_1
//! ```

mod idempotency;
mod name_limit;
mod remove_product;

use productinfo::server::serve;
use proto::ecommerce::{Product, product_info_client::ProductInfoClient};
use tonic::transport::{Channel, Endpoint};

/// A channel to a server that runs `serve`.
async fn channel() -> Channel {
    let target = testing::start(serve).await;
    Endpoint::from_shared(format!("http://{target}")).unwrap().connect_lazy()
}

async fn client() -> ProductInfoClient<Channel> {
    ProductInfoClient::new(channel().await)
}

fn product(name: &str) -> Product {
    Product { name: name.into(), price: 1.0, ..Product::default() }
}
