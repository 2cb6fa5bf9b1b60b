//! An order for the tests of the services that take orders.

use proto::ecommerce::Order;

/// An order with this id, these items and this destination, and no description. It is free.
#[must_use]
pub fn order(id: &str, items: &[&str], destination: &str) -> Order {
    Order {
        id: id.into(),
        items: items.iter().map(|item| (*item).into()).collect(),
        destination: destination.into(),
        ..Order::default()
    }
}
