//! Both sides in one process: the connections that succeed, and those that are rejected.

use std::{error::Error as _, future::ready};

use hyper_util::rt::TokioIo;
use launcher::{Error, both, describe, root_cause, transcript};
use tokio::net::TcpStream;
use tonic::{Status, transport::Endpoint, transport::Identity};
use tower::service_fn;

use crate::certs::{Authority, Certs};
use crate::{client, client::endpoint as tls, server::serve};

/// Calls a server with one-way TLS, one with mutual TLS, and one without TLS.
pub async fn run() -> Result<(), Error> {
    let authority = Authority::new()?;
    let certs = authority.certs()?;
    let anonymous = client::config(&certs, false);

    transcript!(client, "one-way TLS: the client knows who the server is");
    let server = async |listener, end| serve(listener, end, &certs, false).await;
    both(server, async |addr: String| {
        client::run(addr.clone(), anonymous.clone()).await?;
        let stranger = client::config(&Certs::create()?, false);
        fails("trusting another CA", attempt(&addr, tls(&addr, stranger)?).await)?;
        let misled = anonymous.clone().domain_name("shop.example");
        fails("expecting shop.example", attempt(&addr, tls(&addr, misled)?).await)?;
        fails("without TLS", attempt(&addr, launcher::endpoint(&addr)?).await)
    })
    .await?;

    transcript!(client, "mutual TLS: the server knows who the client is, too");
    let server = async |listener, end| serve(listener, end, &certs, true).await;
    both(server, async |addr: String| {
        client::run(addr.clone(), client::config(&certs, true)).await?;
        let (cert, key) = authority.client("spiffe://productinfo.example/reader")?;
        let reader = anonymous.clone().identity(Identity::from_pem(cert, key));
        fails("as another client", attempt(&addr, tls(&addr, reader)?).await)?;
        fails("without a certificate", attempt(&addr, tls(&addr, anonymous.clone())?).await)
    })
    .await?;

    both(productinfo::server::serve, async |addr: String| {
        fails("TLS to a server without it", attempt(&addr, tls(&addr, anonymous)?).await)
    })
    .await
}

/// Makes the calls over a single connection. Otherwise tonic may connect again and be rejected again.
async fn attempt(addr: &str, endpoint: Endpoint) -> Result<(), Error> {
    let mut socket = Some(TcpStream::connect(addr).await?);
    let once = service_fn(move |_| ready(socket.take().map(TokioIo::new).ok_or("closed")));
    Ok(client::call(endpoint.connect_with_connector(once).await?).await?)
}

/// Prints how a connection or its first call failed.
fn fails(client: &str, result: Result<(), Error>) -> Result<(), Error> {
    let Err(error) = result else { return Err(format!("{client}: this must fail").into()) };
    let reason = match error.downcast_ref::<Status>() {
        Some(status) if status.source().is_none() => describe(status),
        // The status may contain the server's alert, but not if the end of the connection came first.
        Some(_) => "the server closed the connection".into(),
        None => root_cause(error.as_ref()).to_string(),
    };
    transcript!(client, "{client}: {reason}");
    Ok(())
}
