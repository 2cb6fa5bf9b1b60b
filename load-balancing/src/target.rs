//! Target URIs, as gRPC writes them (grpc/grpc, `doc/naming.md`).

use std::{collections::HashMap, net::SocketAddr, time::Duration};

use http::uri::Authority;

use crate::resolver::{Dns, Fixed, Resolver};

/// The least time between two lookups of a name, as in grpc-go.
const INTERVAL: Duration = Duration::from_secs(30);

/// The table behind the scheme `example`: for each name, the `HOST:PORT` of its backends. (The book
/// has it in a resolver of its own.)
pub type Names = HashMap<String, Vec<String>>;

/// What a target URI comes to.
pub(crate) struct Target {
    pub(crate) resolver: Box<dyn Resolver>,
    /// What the calls carry as `:authority`: the name that was asked for, whatever it resolves to.
    /// For a list of addresses it is `None`, and each call carries the address that it goes to.
    pub(crate) authority: Option<Authority>,
}

impl Target {
    /// Reads `dns:///HOST:PORT`, `ipv4:ADDRESS:PORT,...` or `example:///NAME`; what has no scheme that
    /// is known is a name for DNS.
    pub(crate) fn parse(target: &str, names: &Names) -> Result<Self, launcher::Error> {
        let refuse = |why: &str| format!("{target} is not a target: {why}");
        match target.split_once(':') {
            Some(("ipv4", list)) => {
                let addresses = list.split(',').map(|address| match address.parse() {
                    Ok(address @ SocketAddr::V4(_)) => Ok(address),
                    _ => Err(refuse(&format!("\"{address}\" is no IPv4 address with a port"))),
                });
                let addresses = addresses.collect::<Result<_, _>>()?;
                Ok(Self { resolver: Box::new(Fixed(Some(addresses))), authority: None })
            }
            Some(("example", name)) => {
                let name = endpoint(name).map_err(refuse)?;
                let backends =
                    names.get(name).ok_or_else(|| refuse("no such name is known"))?;
                for backend in backends {
                    host_and_port(backend).map_err(|why| format!("{backend}: {why}"))?;
                }
                Ok(Self {
                    resolver: Box::new(Dns::new(backends.clone(), INTERVAL)),
                    authority: Some(name.parse().map_err(|_| refuse("it is not a name"))?),
                })
            }
            Some(("dns", name)) => Self::dns(endpoint(name).map_err(refuse)?),
            _ => Self::dns(target),
        }
    }

    fn dns(name: &str) -> Result<Self, launcher::Error> {
        let authority = host_and_port(name).map_err(|why| format!("{name}: {why}"))?;
        let resolver = Box::new(Dns::new(vec![name.to_owned()], INTERVAL));
        Ok(Self { resolver, authority: Some(authority) })
    }
}

fn host_and_port(name: &str) -> Result<Authority, &'static str> {
    let authority = name.parse::<Authority>().map_err(|_| "this is no HOST:PORT")?;
    // gRPC takes 443 where there is none. Without TLS that would never be right.
    authority.port_u16().map(|_| authority.clone()).ok_or("it has no port")
}

/// The endpoint of what follows a scheme: of `///NAME`, or of `NAME` alone.
fn endpoint(rest: &str) -> Result<&str, &'static str> {
    match rest.strip_prefix("//") {
        None => Ok(rest),
        // Between two slashes and the third stands whom to ask, such as a DNS server.
        Some(rest) => match rest.split_once('/') {
            Some(("", name)) => Ok(name),
            Some(_) => Err("an authority, as between // and /, is not supported"),
            None => Err("it needs three slashes, or none"),
        },
    }
}
