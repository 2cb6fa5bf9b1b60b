//! Target URIs, as gRPC writes them (grpc/grpc, `doc/naming.md`).

use std::{collections::HashMap, net::SocketAddrV4, time::Duration};

use http::uri::Authority;

use crate::resolver::Dns;

/// The least time between two lookups of a name, as in grpc-go.
const INTERVAL: Duration = Duration::from_secs(30);

/// The names of the scheme `example`, as in the book, each with the `HOST:PORT` of its backends.
pub type Names = HashMap<String, Vec<String>>;

/// Parses `dns:///HOST:PORT`, `ipv4:ADDRESS:PORT,...` or `example:///NAME`. Anything without a
/// known scheme is a name for DNS.
///
/// Returns a resolver, and the `:authority` of all calls: the name in the target, whatever it
/// resolves to. It is `None` for a list of addresses, because that has no name.
pub(crate) fn parse(
    target: &str,
    names: &Names,
) -> Result<(Dns, Option<Authority>), launcher::Error> {
    let refuse = |why: &str| launcher::Error::from(format!("invalid target {target}: {why}"));
    let name = match target.split_once(':') {
        Some(("ipv4", list)) => {
            for address in list.split(',') {
                let refused = format!("{address:?} is not an IPv4 address with a port");
                address.parse::<SocketAddrV4>().map_err(|_| refuse(&refused))?;
            }
            let addresses = list.split(',').map(str::to_owned).collect();
            return Ok((Dns::new(addresses, INTERVAL, Dns::system), None));
        }
        Some(("dns" | "example", name)) => endpoint(name).map_err(refuse)?,
        Some((_, rest)) if rest.starts_with('/') => {
            return Err(refuse("the scheme is none of dns, ipv4 and example"));
        }
        _ => target,
    };
    let backends = if target.starts_with("example:") {
        names.get(name).ok_or_else(|| refuse("unknown name"))?.clone()
    } else {
        vec![name.to_owned()]
    };
    // Elsewhere in gRPC, a missing port means 443, for TLS. Here the default is plain TCP.
    backends.iter().try_for_each(|backend| launcher::check_addr(backend))?;
    Ok((Dns::new(backends, INTERVAL, Dns::system), Some(name.parse()?)))
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
