//! Target URIs, as gRPC writes them (grpc/grpc, `doc/naming.md`).

use std::{collections::HashMap, net::SocketAddr, time::Duration};

use http::uri::Authority;

use crate::resolver::{Dns, Fixed, Resolver};

/// The least time between two lookups of a name, as in grpc-go.
const INTERVAL: Duration = Duration::from_secs(30);

/// The names of the scheme `example`, each with the `HOST:PORT` of its backends. The book's
/// example has a resolver with such a table.
pub type Names = HashMap<String, Vec<String>>;

/// A target URI after parsing.
pub(crate) struct Target {
    pub(crate) resolver: Box<dyn Resolver>,
    /// The `:authority` of all calls: the name in the target, whatever it resolves to. A list of
    /// addresses has no name, and each call carries the address of its backend.
    pub(crate) authority: Option<Authority>,
}

impl Target {
    /// Parses `dns:///HOST:PORT`, `ipv4:ADDRESS:PORT,...` or `example:///NAME`. Anything without a
    /// known scheme is a name for DNS.
    pub(crate) fn parse(target: &str, names: &Names) -> Result<Self, launcher::Error> {
        let refuse =
            |why: &str| launcher::Error::from(format!("invalid target {target}: {why}"));
        match target.split_once(':') {
            Some(("ipv4", list)) => {
                let addresses = list.split(',').map(|address| match address.parse() {
                    Ok(address @ SocketAddr::V4(_)) => Ok(address),
                    _ => {
                        Err(refuse(&format!("{address:?} is not an IPv4 address with a port")))
                    }
                });
                let addresses = addresses.collect::<Result<_, _>>()?;
                Ok(Self { resolver: Box::new(Fixed(Some(addresses))), authority: None })
            }
            Some(("example", name)) => {
                let name = endpoint(name).map_err(refuse)?;
                let backends = names.get(name).ok_or_else(|| refuse("unknown name"))?;
                Self::dns(name, backends.clone())
            }
            Some(("dns", name)) => {
                let name = endpoint(name).map_err(refuse)?;
                Self::dns(name, vec![name.to_owned()])
            }
            Some((_, rest)) if rest.starts_with('/') => {
                Err(refuse("the scheme is none of dns, ipv4 and example"))
            }
            _ => Self::dns(target, vec![target.to_owned()]),
        }
    }

    /// All addresses that DNS has for the backends, each a `HOST:PORT`.
    fn dns(name: &str, backends: Vec<String>) -> Result<Self, launcher::Error> {
        // Without a port, gRPC uses 443. That is for TLS, which this channel does not speak by
        // itself, so the port is required.
        backends.iter().try_for_each(|backend| launcher::check_addr(backend))?;
        let resolver = Box::new(Dns::new(backends, INTERVAL));
        Ok(Self { resolver, authority: Some(name.parse()?) })
    }
}

/// The name in the part of a target after the scheme: `///NAME` or `NAME`.
fn endpoint(rest: &str) -> Result<&str, &'static str> {
    match rest.strip_prefix("//").map(|rest| rest.split_once('/')) {
        None => Ok(rest),
        Some(Some(("", name))) => Ok(name),
        // Such as the DNS server to ask.
        Some(Some(_)) => Err("an authority between // and / is not supported"),
        Some(None) => Err("write three slashes after the scheme, or none"),
    }
}
