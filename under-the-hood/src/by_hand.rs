//! A server over the `h2` crate alone. What it answers is in `answer.rs`.

use std::{collections::HashMap, sync::Arc, time::Duration};

use bytes::Bytes;
use h2::server::Builder;
use proto::ecommerce::Product;
use tokio::{
    net::{TcpListener, TcpStream},
    pin, select,
    sync::watch,
    task::JoinSet,
    time::{Instant, sleep, timeout},
};
use tracing::debug;

use crate::answer::answer;
pub use crate::answer::{GET_PRODUCT, TIMEOUT};

/// So many connections are served at a time. Others wait to be accepted.
const MAX_CONNECTIONS: usize = 1_000;

/// What is served: products by their ids.
pub type Products = HashMap<String, Product>;

/// The product that there is if nobody brings others.
#[must_use]
pub fn sample() -> Products {
    let watch = Product {
        id: "watch".into(),
        name: "Apple Watch S4".into(),
        description: "Fall detection and an electrical heart sensor".into(),
        price: 400.0,
    };
    Products::from([(watch.id.clone(), watch)])
}

/// Serves the [`sample`] on `listener` until `shutdown` ends and the last call is answered.
pub async fn serve(
    listener: TcpListener,
    shutdown: impl Future<Output = ()>,
) -> Result<(), launcher::Error> {
    serve_products(listener, shutdown, sample()).await
}

/// As [`serve`], with products of your own.
pub async fn serve_products(
    listener: TcpListener,
    shutdown: impl Future<Output = ()>,
    products: Products,
) -> Result<(), launcher::Error> {
    let products = Arc::new(products);
    let (stop, stopping) = watch::channel(());
    let mut connections = JoinSet::new();
    pin!(shutdown);
    loop {
        select! {
            () = &mut shutdown => break,
            accepted = listener.accept(), if connections.len() < MAX_CONNECTIONS => match accepted {
                Ok((stream, _)) => {
                    let (products, mut stopping) = (Arc::clone(&products), stopping.clone());
                    connections.spawn(async move {
                        let stop = async { drop(stopping.changed().await) };
                        if let Err(error) = connection(stream, stop, products).await {
                            debug!(%error, "a connection has ended");
                        }
                    });
                }
                // Too many open files, perhaps; it passes.
                Err(error) => {
                    debug!(%error, "cannot accept");
                    sleep(Duration::from_millis(100)).await;
                }
            },
            Some(_) = connections.join_next() => {}
        }
    }
    drop((listener, stop));
    while connections.join_next().await.is_some() {}
    Ok(())
}

/// Serves one connection until it ends, or until `stop` and the last call.
async fn connection(
    stream: TcpStream,
    stop: impl Future<Output = ()>,
    products: Arc<Products>,
) -> Result<(), launcher::Error> {
    stream.set_nodelay(true)?;
    pin!(stop);
    let mut settings = Builder::new();
    settings.max_concurrent_streams(100).max_header_list_size(16 * 1024);
    let handshake = settings.handshake::<_, Bytes>(stream);
    let mut connection = select! {
        connection = timeout(Duration::from_secs(10), handshake) => connection??,
        () = &mut stop => return Ok(()),
    };
    let mut calls = JoinSet::new();
    let mut stopping = false;
    // No call takes longer. This is for a client that has vanished, and takes no leave.
    let end = sleep(Duration::MAX);
    pin!(end);
    loop {
        select! {
            () = &mut stop, if !stopping => {
                stopping = true;
                end.as_mut().reset(Instant::now() + TIMEOUT);
                // GOAWAY: no more calls on this connection. `accept` ends after the last.
                connection.graceful_shutdown();
            }
            // Not only for new calls: this is what reads and writes for all of them.
            accepted = connection.accept() => match accepted {
                Some(call) => {
                    let (request, respond) = call?;
                    calls.spawn(answer(request, respond, Arc::clone(&products)));
                }
                None => return Ok(()),
            },
            Some(_) = calls.join_next() => {}
            () = &mut end => return Ok(()),
        }
    }
}
