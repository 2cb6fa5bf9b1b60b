//! The answer of `searchOrders`: one order after the other, each looked up when it is asked for.

use std::sync::Arc;

use launcher::transcript;
use proto::ecommerce::Order;

use crate::orders::Orders;

/// The orders that have an item with `text` in its name, in the order of their ids.
///
/// Each turn looks the next one up, behind the one before it. To collect them first would copy
/// orders that a client that cancels never takes, and hold them all while it takes its time.
pub fn matching(orders: Arc<Orders>, text: String) -> impl Iterator<Item = Order> + Send {
    Search { orders, text, last: String::new(), ended: false }
}

struct Search {
    orders: Arc<Orders>,
    text: String,
    /// The id of the order that was found last.
    last: String,
    ended: bool,
}

impl Iterator for Search {
    type Item = Order;

    fn next(&mut self) -> Option<Order> {
        let order = self.orders.first_match_after(&self.last, &self.text);
        match &order {
            Some(order) => self.last.clone_from(&order.id),
            None => self.ended = true,
        }
        order
    }
}

/// That a client cancels its call is no error that a method could catch: what it was to get is
/// dropped. Code that has to know stands here, where Go would watch `ctx.Done()`.
impl Drop for Search {
    fn drop(&mut self) {
        if !self.ended {
            transcript!(server, "searchOrders({:?}): cancelled", self.text);
        }
    }
}
