//! The two streams that the server returns: orders that match a text, and shipments.
//!
//! Both are *pulled*. tonic asks for the next message only when there is room to send it, and nothing
//! here runs until then. So there is no task and no channel, and a slow client costs no memory.

use std::{collections::BTreeMap, sync::Arc};

use futures::stream::{self, Stream, StreamExt};
use launcher::transcript;
use proto::ecommerce::{CombinedShipment, Order};
use tonic::Status;

use crate::orders::Orders;

/// How many orders are combined before they are shipped.
const BATCH: usize = 3;

/// The response of `searchOrders`: the orders that have an item with `text` in its name, in the order
/// of their ids.
///
/// Each step looks up one order, the first after the previous one. Collecting all of them first would
/// copy orders that a client never takes, and keep them in memory while a slow client reads.
pub fn search(
    orders: Arc<Orders>,
    text: String,
) -> impl Stream<Item = Result<Order, Status>> + Send {
    // An iterator is enough here, because looking up an order does not wait for anything.
    stream::iter(Search { orders, text, last: String::new(), complete: false }).map(Ok)
}

struct Search {
    orders: Arc<Orders>,
    text: String,
    /// The id of the order that was found last.
    last: String,
    complete: bool,
}

impl Iterator for Search {
    type Item = Order;

    fn next(&mut self) -> Option<Order> {
        let order = self.orders.first_match_after(&self.last, &self.text);
        match &order {
            Some(order) => self.last.clone_from(&order.id),
            None => self.complete = true,
        }
        order
    }
}

/// A server in Go checks `ctx.Done()` to see that its client has cancelled the call. Here tonic drops
/// the stream. A `drop` method is the place for code that must know.
impl Drop for Search {
    fn drop(&mut self) {
        if !self.complete {
            transcript!(server, "searchOrders({:?}): cancelled", self.text);
        }
    }
}

/// The response of `processOrders`: the shipments of the orders whose ids arrive in `ids`. Each batch
/// of three ids makes one shipment per destination, and so do the ids that are left at the end.
///
/// An unknown id ends the stream with NOT_FOUND, and an error of `ids` ends it with that error. In both
/// cases everything before it is shipped first.
pub fn shipments<S>(
    orders: Arc<Orders>,
    ids: S,
) -> impl Stream<Item = Result<CombinedShipment, Status>> + Send
where
    S: Stream<Item = Result<String, Status>> + Send + Unpin,
{
    let shipping = Shipping { orders, ids, batch: BTreeMap::new(), end: None };
    // `try_unfold` makes a stream of a state and an async function. Whenever the next item is wanted,
    // it calls the function with the state. The function returns the item and the state for the next
    // call. `Ok(None)` ends the stream, and `Err(status)` ends it with this status.
    stream::try_unfold(shipping, async |mut shipping| {
        let shipment = shipping.next().await?;
        Ok(shipment.map(|shipment| (shipment, shipping)))
    })
}

struct Shipping<S> {
    orders: Arc<Orders>,
    ids: S,
    /// The shipments that have not been sent yet, by destination.
    batch: BTreeMap<String, CombinedShipment>,
    /// How the ids ended, as soon as they have.
    end: Option<Result<(), Status>>,
}

impl<S: Stream<Item = Result<String, Status>> + Unpin> Shipping<S> {
    async fn next(&mut self) -> Result<Option<CombinedShipment>, Status> {
        loop {
            if let Some((_, shipment)) = self.batch.pop_first() {
                transcript!(server, "processOrders: shipping {:?}", shipment.id);
                return Ok(Some(shipment));
            }
            if let Some(end) = &self.end {
                return end.clone().map(|()| None);
            }
            self.read_batch().await;
        }
    }

    /// Reads ids until the batch is full or the ids end.
    async fn read_batch(&mut self) {
        for _ in 0..BATCH {
            match self.next_order().await {
                Ok(Some(order)) => self.add(order),
                Ok(None) => return self.end = Some(Ok(())),
                Err(status) => return self.end = Some(Err(status)),
            }
        }
    }

    /// The order of the next id, or `None` if the client has half-closed.
    async fn next_order(&mut self) -> Result<Option<Order>, Status> {
        match self.ids.next().await.transpose()? {
            Some(id) => self.orders.get(&id).map(Some).ok_or_else(|| not_found(&id)),
            None => Ok(None),
        }
    }

    fn add(&mut self, order: Order) {
        self.batch
            .entry(order.destination.clone())
            .or_insert_with(|| CombinedShipment {
                id: format!("cmb - {}", order.destination),
                status: "Processed!".into(),
                orders_list: Vec::new(),
            })
            .orders_list
            .push(order);
    }
}

/// The status for an id that no order has.
pub(crate) fn not_found(id: &str) -> Status {
    // Production: the message travels in a header, and some peers accept only 8 KiB of headers. So it
    // contains at most 100 characters of the id.
    Status::not_found(format!("order \"{id:.100}\" does not exist"))
}
