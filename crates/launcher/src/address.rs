//! Checks an address, with a clearer error than a resolver or a URI parser has.

use std::net::Ipv6Addr;

use crate::status::Error;

/// Checks that `addr` is a `HOST:PORT`, before anything tries to use it. An IPv6 address has
/// brackets, as in a URI. The error is the reason why it is not, and how to write one.
pub fn check_addr(addr: &str) -> Result<(), Error> {
    let refuse = |why: &str| {
        Err(format!("invalid address {addr:?}: {why}; write HOST:PORT, as in 127.0.0.1:50051")
            .into())
    };
    if addr.contains("://") {
        return refuse("it must not have a scheme");
    }
    let Some((host, port)) = addr.rsplit_once(':') else {
        return refuse("missing port");
    };
    // `parse` alone would accept a `+`.
    if port.starts_with('+') || port.parse::<u16>().is_err() {
        return refuse("the port must be a number from 0 to 65535");
    }
    if host.is_empty() {
        return refuse("missing host (0.0.0.0 means all addresses of this machine)");
    }
    if let Some(ip) = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        if ip.parse::<Ipv6Addr>().is_err() {
            return refuse("the brackets do not contain an IPv6 address");
        }
    } else if host.contains(':') {
        return refuse("an IPv6 address needs brackets, as in [::1]:50051");
    } else if !host.chars().all(|c| c.is_ascii_alphanumeric() || "-._".contains(c)) {
        return refuse("the host is neither a name nor an IP address");
    }
    Ok(())
}
