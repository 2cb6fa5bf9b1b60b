//! The exercises of the README, one file each. Each test fails until its exercise is solved:
//!
//! ```text
//! cargo test -p productinfo --test exercises -- --ignored exercise_1
//! ```

mod idempotency;
mod name_limit;
mod remove_product;

use proto::ecommerce::Product;

fn product(name: &str) -> Product {
    Product { name: name.into(), price: 1.0, ..Product::default() }
}
