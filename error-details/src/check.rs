//! The checks that an order has to pass: on its fields, and on the number of orders.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use proto::ecommerce::Order;
// tokio's clock, because a test can stop it.
use tokio::time::Instant;
use tonic_types::FieldViolation;

/// Production: a client gets the violations in a header, whose size is limited. An order with
/// 100,000 blank items would fill it, so only the first ones are listed.
const MAX_BLANK_ITEMS: usize = 20;

/// All faults of `order`, each with the path of its field. Empty if the order is valid.
///
/// A form that reports one fault at a time takes as many attempts as there are faults.
#[must_use]
pub fn violations(order: &Order) -> Vec<FieldViolation> {
    let mut all = Vec::new();
    let mut wrong = |field: &str, must: &str| all.push(FieldViolation::new(field, must));

    if order.id.trim().is_empty() {
        wrong("id", "must not be blank");
    } else if order.id == "-1" {
        // The book's example of an invalid id.
        wrong("id", "must not be -1");
    }
    if order.items.is_empty() {
        wrong("items", "must not be empty");
    }
    // A float from the network may also be NaN or infinite.
    if !order.price.is_finite() {
        wrong("price", "must be a number");
    } else if order.price < 0.0 {
        wrong("price", "must not be negative");
    }
    if order.destination.trim().is_empty() {
        wrong("destination", "must not be blank");
    }
    let blank = |(_, item): &(usize, &String)| item.trim().is_empty();
    for (index, _) in order.items.iter().enumerate().filter(blank).take(MAX_BLANK_ITEMS) {
        wrong(&format!("items[{index}]"), "must not be blank");
    }
    all
}

/// How many orders all callers together may add...
pub const LIMIT: usize = 3;
/// ...in this time.
pub const WINDOW: Duration = Duration::from_secs(1);

/// The times of the latest orders, [`LIMIT`] at most.
///
/// A real service counts for each caller, by the name in a token that it has checked.
#[derive(Debug, Default)]
pub struct Quota(Mutex<Vec<Instant>>);

impl Quota {
    /// Counts one more order. If there are too many, fails with the time until the next one may come.
    pub fn take(&self) -> Result<(), Duration> {
        let now = Instant::now();
        let mut orders = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        orders.retain(|at| now < *at + WINDOW);
        if let Some(&first) = orders.first()
            && orders.len() == LIMIT
        {
            return Err(first + WINDOW - now);
        }
        orders.push(now);
        Ok(())
    }
}
