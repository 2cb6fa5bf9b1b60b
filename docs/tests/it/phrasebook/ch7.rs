//! Chapter 7: tests and observability.

use productinfo::server::{Products, serve};
use proto::ecommerce::{Product, product_info_server::ProductInfoServer};
use testing::{Process, in_memory};
use tokio::net::TcpListener;
use tonic::transport::{Channel, Server};

pub(crate) const TEXT: &str = include_str!("ch7.rs");

async fn without_a_port() -> Channel {
    in_memory(ProductInfoServer::new(Products::default())).await
}

async fn with_a_port(
    shutdown: impl Future<Output = ()>,
) -> Result<(), Box<dyn std::error::Error>> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?);
    serve(listener, shutdown).await?;
    Ok(())
}

async fn through_a_process(program: &str) {
    let mut server = Process::start(program, &["server", "--addr", "127.0.0.1:0"]);
    println!("{}", server.addr().await);
}

fn the_same(sent: &Product, got: &Product) -> bool {
    sent == got
}

fn traced() -> Server {
    Server::builder()
        .trace_fn(|request| tracing::info_span!("call", path = request.uri().path()))
}
