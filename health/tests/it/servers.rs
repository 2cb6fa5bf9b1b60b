//! Servers of all kinds, to be probed.

use std::time::Duration;

use futures::stream;
use health::registry::{Registry, ServingStatus};
use productinfo::server::Products;
use proto::ecommerce::product_info_server::ProductInfoServer;
use testing::closed_addr;
use tokio::net::{TcpListener, TcpSocket};
use tonic::{
    Request, Response, Status,
    transport::{Server, server::TcpIncoming},
};
use tonic_health::pb::{
    HealthCheckRequest, HealthCheckResponse,
    health_server::{Health, HealthServer},
};

#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    Serving,
    NotServing,
    /// It has the service, but not its status.
    Unknown,
    /// It does not have the service.
    NotFound,
    /// The port is closed.
    Missing,
    /// The port is open, but the server does not speak.
    HangsBeforeTheHandshake,
    /// HTTP/2 works, but the health service does not answer.
    HangsAfterTheHandshake,
    /// A gRPC server without the health service.
    NoHealth,
    /// The health service fails.
    Broken,
    /// It requires the metadata `token`.
    RequiresToken,
}

impl Kind {
    /// The kinds that need no metadata.
    pub(crate) const ALL: [Self; 9] = [
        Self::Serving,
        Self::NotServing,
        Self::Unknown,
        Self::NotFound,
        Self::Missing,
        Self::HangsBeforeTheHandshake,
        Self::HangsAfterTheHandshake,
        Self::NoHealth,
        Self::Broken,
    ];

    pub(crate) fn exit_status(self) -> i32 {
        match self {
            Self::Serving | Self::RequiresToken => 0,
            Self::Missing | Self::HangsBeforeTheHandshake => 2,
            Self::NotFound | Self::HangsAfterTheHandshake | Self::NoHealth | Self::Broken => 3,
            Self::NotServing | Self::Unknown => 4,
        }
    }

    pub(crate) fn line(self) -> &'static str {
        match self {
            Self::Serving | Self::RequiresToken => "status: SERVING",
            Self::NotServing => "status: NOT_SERVING",
            Self::Unknown => "status: UNKNOWN",
            Self::Missing | Self::HangsBeforeTheHandshake => "cannot connect to 127.0.0.1:",
            Self::HangsAfterTheHandshake => "Check(\"shop\") failed: no answer within 500ms",
            Self::NoHealth => "Check(\"shop\") failed: the server has no health service",
            Self::NotFound => "Check(\"shop\") failed: NOT_FOUND: unknown service \"shop\"",
            Self::Broken => "Check(\"shop\") failed: INTERNAL: broken",
        }
    }
}

/// A server that runs until the test ends.
pub(crate) struct Running {
    kind: Kind,
    pub(crate) addr: String,
    /// Sockets that must stay bound.
    _bound: (Option<TcpSocket>, Option<TcpListener>),
}

impl Running {
    /// The probe's arguments. A server that answers gets plenty of time.
    pub(crate) fn args(&self) -> [&str; 8] {
        let (connect, rpc) = match self.kind {
            Kind::Missing => ("5s", "30s"),
            Kind::HangsBeforeTheHandshake => ("500ms", "30s"),
            Kind::HangsAfterTheHandshake => ("30s", "500ms"),
            _ => ("30s", "30s"),
        };
        let (addr, timeouts) = (&self.addr, ["--connect-timeout", "--rpc-timeout"]);
        ["--addr", addr, "--service", "shop", timeouts[0], connect, timeouts[1], rpc]
    }
}

/// A health service that does not work as it should.
struct Odd(Kind);

#[tonic::async_trait]
impl Health for Odd {
    async fn check(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<HealthCheckResponse>, Status> {
        match (self.0, request.metadata().get("token")) {
            (Kind::HangsAfterTheHandshake, _) => std::future::pending().await,
            (Kind::RequiresToken, Some(token)) if token == "open-sesame" => {
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
    let registry = Registry::default();
    let server = Server::builder()
        .timeout(Duration::from_secs(60))
        .add_service(ProductInfoServer::new(Products::default()));
    let server = match kind {
        Kind::Missing => {
            let (socket, addr) = closed_addr();
            return Running { kind, addr, _bound: (Some(socket), None) };
        }
        Kind::HangsBeforeTheHandshake => {
            return Running { kind, addr, _bound: (None, Some(listener)) };
        }
        Kind::NoHealth => server,
        Kind::HangsAfterTheHandshake | Kind::Broken | Kind::RequiresToken => {
            server.add_service(HealthServer::new(Odd(kind)))
        }
        Kind::Serving | Kind::NotServing | Kind::Unknown | Kind::NotFound => {
            match kind {
                Kind::Serving => registry.set("shop", ServingStatus::Serving),
                Kind::NotServing => registry.set("shop", ServingStatus::NotServing),
                Kind::Unknown => registry.set("shop", ServingStatus::Unknown),
                _ => {}
            }
            server.add_service(registry.service())
        }
    };
    tokio::spawn(server.serve_with_incoming(TcpIncoming::from(listener)));
    Running { kind, addr, _bound: (None, None) }
}
