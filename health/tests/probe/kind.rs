//! The kinds of servers that a probe can meet, and what it makes of each.

#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    Serving,
    NotServing,
    /// It knows the service, but not how it is.
    Unknown,
    /// It has no such service.
    NotFound,
    /// Nobody listens.
    Missing,
    /// The port is open, and nobody answers.
    HangsBeforeTheHandshake,
    /// HTTP/2 works, and the health service does not answer.
    HangsAfterTheHandshake,
    /// A gRPC server without the health service.
    NoHealth,
    /// The health service fails.
    Broken,
    /// It wants the metadata `token` and a certain user agent.
    AsksForAHeader,
}

impl Kind {
    /// The nine that need nothing but an address and a service.
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
            Self::Serving | Self::AsksForAHeader => 0,
            Self::Missing | Self::HangsBeforeTheHandshake => 2,
            Self::NotFound | Self::HangsAfterTheHandshake | Self::NoHealth | Self::Broken => 3,
            Self::NotServing | Self::Unknown => 4,
        }
    }

    pub(crate) fn line(self) -> &'static str {
        match self {
            Self::Serving | Self::AsksForAHeader => "status: SERVING",
            Self::NotServing => "service unhealthy (responded with \"NOT_SERVING\")",
            Self::Unknown => "service unhealthy (responded with \"UNKNOWN\")",
            Self::Missing => "error: failed to connect service at",
            Self::HangsBeforeTheHandshake => "timeout: failed to connect service",
            Self::HangsAfterTheHandshake => "timeout: health rpc did not complete within",
            Self::NoHealth => "error: this server does not implement the grpc health protocol",
            Self::NotFound => "error: health rpc failed: NOT_FOUND",
            Self::Broken => "error: health rpc failed: INTERNAL",
        }
    }
}
