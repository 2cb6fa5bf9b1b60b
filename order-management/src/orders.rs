//! The store: orders in memory, by id. Nothing here depends on gRPC.

use std::{
    collections::BTreeMap,
    ops::Bound,
    sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
};

use proto::ecommerce::Order;

/// The orders, shared by all calls. A real service would have a database here.
///
/// Every method locks the map, does its work and unlocks the map before it returns. Methods return
/// copies, so no caller can hold the lock, and no lock is held across an `.await`.
#[derive(Debug, Default)]
pub struct Orders {
    // Sorted, so that a search can continue after the order that it returned last.
    by_id: RwLock<BTreeMap<String, Order>>,
}

impl Orders {
    /// A store with the five orders of the book.
    #[must_use]
    pub fn sample() -> Self {
        const MOUNTAIN_VIEW: &str = "Mountain View, CA";
        const SAN_JOSE: &str = "San Jose, CA";
        let orders = Self::default();
        for (id, items, destination, price) in [
            ("102", &["Google Pixel 3A", "Mac Book Pro"][..], MOUNTAIN_VIEW, 1800.0),
            ("103", &["Apple Watch S4"], SAN_JOSE, 400.0),
            ("104", &["Google Home Mini", "Google Nest Hub"], MOUNTAIN_VIEW, 400.0),
            ("105", &["Amazon Echo"], SAN_JOSE, 30.0),
            ("106", &["Amazon Echo", "Apple iPhone XS"], MOUNTAIN_VIEW, 300.0),
        ] {
            orders.put(Order {
                id: id.into(),
                items: items.iter().map(|&item| item.into()).collect(),
                description: String::new(),
                price,
                destination: destination.into(),
            });
        }
        orders
    }

    /// Stores an order. It replaces the order with the same id, if there is one.
    pub fn put(&self, order: Order) {
        self.write().insert(order.id.clone(), order);
    }

    /// Whether there is an order with this id. Orders are never removed, so `true` stays true.
    #[must_use]
    pub fn contains(&self, id: &str) -> bool {
        self.read().contains_key(id)
    }

    /// Returns a copy of the order with this id.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<Order> {
        self.read().get(id).cloned()
    }

    /// Returns a copy of the first order after the id `after` that has an item with `text` in its name.
    #[must_use]
    pub fn first_match_after(&self, after: &str, text: &str) -> Option<Order> {
        self.read()
            .range::<str, _>((Bound::Excluded(after), Bound::Unbounded))
            .map(|(_, order)| order)
            .find(|order| order.items.iter().any(|item| item.contains(text)))
            .cloned()
    }

    // Locking fails if a thread panicked while it held the lock. The map is complete between two calls
    // of its methods, so it can still be used.
    fn read(&self) -> RwLockReadGuard<'_, BTreeMap<String, Order>> {
        self.by_id.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, BTreeMap<String, Order>> {
        self.by_id.write().unwrap_or_else(PoisonError::into_inner)
    }
}
