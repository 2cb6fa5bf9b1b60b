//! What the probe is told on its command line.

use std::time::Duration;

use clap::{Args, builder::NonEmptyStringValueParser};
use tonic::metadata::{Ascii, MetadataKey, MetadataValue};

/// What to ask, and how long to wait.
#[derive(Args, Clone, Debug)]
pub struct Probe {
    /// The server's address
    #[arg(long, value_name = "HOST:PORT", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) addr: String,
    /// The service to ask for; without it, the whole server
    #[arg(long, value_name = "NAME", default_value = "")]
    pub(crate) service: String,
    /// How long to wait for the connection
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = time)]
    pub(crate) connect_timeout: Duration,
    /// How long to wait for the answer
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = time)]
    pub(crate) rpc_timeout: Duration,
    /// Metadata to send with the request
    #[arg(long, value_name = "NAME: VALUE", value_parser = header)]
    pub(crate) rpc_header: Vec<Header>,
    /// Who asks
    #[arg(long, value_name = "NAME", default_value = "grpc_health_probe", value_parser = value)]
    pub(crate) user_agent: MetadataValue<Ascii>,
    /// Tell the steps
    #[arg(short)]
    pub(crate) verbose: bool,
}

/// No probe waits longer than this, and what gRPC can say of a time has its limits.
const MAX_TIME: Duration = Duration::from_secs(3_600);

type Header = (MetadataKey<Ascii>, MetadataValue<Ascii>);

fn time(text: &str) -> Result<Duration, String> {
    match humantime::parse_duration(text) {
        Ok(Duration::ZERO) => Err("it must be more than nothing".into()),
        Ok(time) if time > MAX_TIME => Err("it must not be more than an hour".into()),
        Ok(time) => Ok(time),
        Err(error) => Err(format!("{error}; write it as in 500ms or 1s")),
    }
}

fn header(text: &str) -> Result<Header, String> {
    let (name, text) = text.split_once(':').ok_or("write it as NAME: VALUE")?;
    let name = name.trim().to_lowercase().parse().map_err(|_| "its name is no metadata key")?;
    Ok((name, value(text.trim())?))
}

fn value(text: &str) -> Result<MetadataValue<Ascii>, String> {
    text.parse().map_err(|_| "it has characters that metadata cannot have".into())
}
