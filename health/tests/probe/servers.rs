//! Servers of all kinds, to be probed.

use std::{any::Any, time::Duration};

use futures::stream;
use health::registry::{Registry, SERVER, ServingStatus};
use productinfo::server::Products;
use proto::ecommerce::product_info_server::ProductInfoServer;
use testing::closed_addr;
use tokio::{net::TcpListener, task::JoinHandle};
use tonic::{
    Request, Response, Status,
    transport::{Server, server::TcpIncoming},
};
use tonic_health::pb::{
    HealthCheckRequest, HealthCheckResponse,
    health_server::{Health, HealthServer},
};

use crate::kind::Kind;

/// A server that runs until it is dropped.
pub(crate) struct Running {
    kind: Kind,
    pub(crate) addr: String,
    serving: Option<JoinHandle<()>>,
    /// A socket that nobody serves.
    held: Option<Box<dyn Any>>,
}

impl Running {
    /// The probe's arguments. Those who answer get all the time that they need.
    pub(crate) fn args(&self) -> [&str; 8] {
        let (connect, rpc) = match self.kind {
            Kind::Missing => ("5s", "30s"),
            Kind::HangsBeforeTheHandshake => ("500ms", "30s"),
            Kind::HangsAfterTheHandshake => ("30s", "500ms"),
            _ => ("30s", "30s"),
        };
        let addr = &self.addr;
        [
            "--addr",
            addr,
            "--service",
            "shop",
            "--connect-timeout",
            connect,
            "--rpc-timeout",
            rpc,
        ]
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(serving) = &self.serving {
            serving.abort();
        }
        self.held.take();
    }
}

/// A health service that is not well itself.
struct Odd(Kind);

#[tonic::async_trait]
impl Health for Odd {
    async fn check(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<HealthCheckResponse>, Status> {
        let header = |name| request.metadata().get(name).map(|value| value.as_bytes().to_vec());
        match self.0 {
            Kind::HangsAfterTheHandshake => std::future::pending().await,
            Kind::AsksForAHeader
                if header("token").is_some_and(|token| token == b"open-sesame")
                    && header("user-agent")
                        .is_some_and(|name| name.starts_with(b"ali-baba")) =>
            {
                Ok(Response::new(HealthCheckResponse { status: ServingStatus::Serving.into() }))
            }
            _ => Err(Status::internal("broken")),
        }
    }

    type WatchStream = stream::Empty<Result<HealthCheckResponse, Status>>;

    async fn watch(
        &self,
        _: Request<HealthCheckRequest>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        Ok(Response::new(stream::empty()))
    }
}

pub(crate) async fn start(kind: Kind) -> Running {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap().to_string();
    let mut running = Running { kind, addr, serving: None, held: None };
    let status = match kind {
        Kind::Missing => {
            let (socket, addr) = closed_addr();
            running.addr = addr;
            running.held = Some(Box::new(socket));
            return running;
        }
        Kind::HangsBeforeTheHandshake => {
            running.held = Some(Box::new(listener));
            return running;
        }
        Kind::Serving => Some(ServingStatus::Serving),
        Kind::NotServing => Some(ServingStatus::NotServing),
        Kind::Unknown => Some(ServingStatus::Unknown),
        _ => None,
    };
    let registry = Registry::default();
    registry.set(SERVER, ServingStatus::Serving);
    if let Some(status) = status {
        registry.set("shop", status);
    }
    let products = ProductInfoServer::new(Products::default());
    let server = Server::builder().timeout(Duration::from_secs(60)).add_service(products);
    let server = match kind {
        Kind::NoHealth => server,
        Kind::HangsAfterTheHandshake | Kind::Broken | Kind::AsksForAHeader => {
            server.add_service(HealthServer::new(Odd(kind)))
        }
        _ => server.add_service(registry.service()),
    };
    running.serving = Some(tokio::spawn(async {
        server.serve_with_incoming(TcpIncoming::from(listener)).await.unwrap();
    }));
    running
}
