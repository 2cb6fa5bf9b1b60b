//! The store of `order-management`, behind a database that is not quite there.

use std::{fmt, sync::Arc};

use order_management::orders::Orders;
use proto::ecommerce::Order;

/// The orders, as a database would hold them.
///
/// The database is played, and one thing that real ones do is played with it: texts with a NUL
/// in them are good protobuf and good Rust, and `PostgreSQL`, for one, does not take them.
#[derive(Debug)]
pub struct Store {
    orders: Arc<Orders>,
}

/// Why the database failed, as its driver says it: nothing that a caller may see.
#[derive(Debug)]
pub struct StoreError(String);

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for StoreError {}

impl Store {
    /// The store over `orders`.
    #[must_use]
    pub fn new(orders: Arc<Orders>) -> Self {
        Self { orders }
    }

    /// Stores an order.
    pub fn put(&self, order: Order) -> Result<(), StoreError> {
        accept(&order.id)?;
        self.orders.put(order);
        Ok(())
    }

    /// Finds an order.
    pub fn get(&self, id: &str) -> Result<Option<Order>, StoreError> {
        accept(id)?;
        Ok(self.orders.get(id))
    }
}

fn accept(id: &str) -> Result<(), StoreError> {
    if id.contains('\0') {
        let cause = "invalid byte sequence 0x00 for table orders on db-3.internal:5432";
        return Err(StoreError(cause.into()));
    }
    Ok(())
}
