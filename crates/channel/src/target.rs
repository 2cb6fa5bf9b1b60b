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
        let refuse =
            |why: &str| launcher::Error::from(format!("{target} is not a target: {why}"));
        match target.split_once(':') {
            Some(("ipv4", list)) => {
                let addresses = list.split(',').map(|address| match address.parse() {
                    Ok(address @ SocketAddr::V4(_)) => Ok(address),
                    _ => Err(refuse(&format!("{address:?} is no IPv4 address with a port"))),
                });
                let addresses = addresses.collect::<Result<_, _>>()?;
                Ok(Self { resolver: Box::new(Fixed(Some(addresses))), authority: None })
            }
            Some(("example", name)) => {
                let name = endpoint(name).map_err(refuse)?;
                let backends =
                    names.get(name).ok_or_else(|| refuse("no such name is known"))?;
                Self::dns(name, backends.clone())
            }
            Some(("dns", name)) => {
                let name = endpoint(name).map_err(refuse)?;
                Self::dns(name, vec![name.to_owned()])
            }
            Some((_, rest)) if rest.starts_with('/') => {
                Err(refuse("its scheme is none of dns, ipv4 and example"))
            }
            _ => Self::dns(target, vec![target.to_owned()]),
        }
    }

    /// What DNS knows of the backends, each a `HOST:PORT`.
    fn dns(name: &str, backends: Vec<String>) -> Result<Self, launcher::Error> {
        // gRPC takes port 443 where there is none. Here there is no TLS, and it would be wrong.
        backends.iter().try_for_each(|backend| launcher::check_addr(backend))?;
        let resolver = Box::new(Dns::new(backends, INTERVAL));
        Ok(Self { resolver, authority: Some(name.parse()?) })
    }
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
