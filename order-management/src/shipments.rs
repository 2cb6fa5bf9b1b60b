//! The answer of `processOrders`: ids in, shipments out, at the client's pace.

use std::{collections::BTreeMap, sync::Arc};

use futures::stream::{self, Stream, StreamExt};
use launcher::transcript;
use proto::ecommerce::{CombinedShipment, Order};
use tonic::Status;

use crate::{orders::Orders, server::not_found};

/// This many orders are put together before they are shipped.
const BATCH: usize = 3;

/// The shipments of the orders whose ids come from `ids`: for each batch of three, and for what
/// is left when `ids` ends, one shipment per destination.
///
/// Ends with NOT_FOUND at an id that no order has, and with the error of `ids` where that has
/// one, in both cases after everything before it has been shipped.
///
/// There is no task and no channel here. The stream works only while it is polled, and while the
/// client does not read its shipments it is not: then no id is taken either, and at most one batch
/// waits here.
pub fn combined<S>(
    orders: Arc<Orders>,
    ids: S,
) -> impl Stream<Item = Result<CombinedShipment, Status>> + Send
where
    S: Stream<Item = Result<String, Status>> + Send + Unpin,
{
    let shipments = Shipments { orders, ids, batch: BTreeMap::new(), end: None };
    // The state goes into each turn and comes out of it, with a shipment or with the end.
    stream::try_unfold(shipments, async |mut shipments| {
        let shipment = shipments.next().await?;
        Ok(shipment.map(|shipment| (shipment, shipments)))
    })
}

struct Shipments<S> {
    orders: Arc<Orders>,
    ids: S,
    /// What waits to be shipped, by destination.
    batch: BTreeMap<String, CombinedShipment>,
    /// How the ids ended, once they have.
    end: Option<Result<(), Status>>,
}

impl<S: Stream<Item = Result<String, Status>> + Unpin> Shipments<S> {
    async fn next(&mut self) -> Result<Option<CombinedShipment>, Status> {
        loop {
            if let Some((_, shipment)) = self.batch.pop_first() {
                transcript!(server, "processOrders: shipping {:?}", shipment.id);
                return Ok(Some(shipment));
            }
            if let Some(end) = &self.end {
                return end.clone().map(|()| None);
            }
            self.fill().await;
        }
    }

    /// Takes ids until the batch is full or they have ended.
    async fn fill(&mut self) {
        for _ in 0..BATCH {
            match self.take().await {
                Ok(Some(order)) => self.pack(order),
                Ok(None) => return self.end = Some(Ok(())),
                Err(status) => return self.end = Some(Err(status)),
            }
        }
    }

    /// The order of the next id; `None` at the client's half-close.
    async fn take(&mut self) -> Result<Option<Order>, Status> {
        let Some(id) = self.ids.next().await.transpose()? else {
            return Ok(None);
        };
        self.orders.get(&id).map(Some).ok_or_else(|| not_found(&id))
    }

    fn pack(&mut self, order: Order) {
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
