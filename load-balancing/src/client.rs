//! The client: makes some calls, and shows which backend answered them.

use std::time::Duration;

use channel::{Channel, Names, RoundRobin, load};
use clap::{Args, ValueEnum};
use launcher::{Error, describe, transcript};
use tokio::time::timeout;
use tonic::{Code, Status};

use crate::{
    least_request::LeastRequest,
    stub::{Stub, balance_list, echo, stub},
    tally::Tally,
};

/// The target, as in the book. Its name resolves to the addresses on the command line.
pub(crate) const TARGET: &str = "example:///lb.example.grpc.io";
/// Up to this many answers are printed one by one.
const SHOWN: usize = 20;

/// `client`, and its flags.
#[derive(Args, Debug)]
pub struct Client {
    /// The address of a backend; repeat --addr for several
    #[arg(long, value_name = "HOST:PORT", default_values = ["127.0.0.1:50051", "127.0.0.1:50052"])]
    addr: Vec<String>,
    /// The target to call in place of --addr: dns:///HOST:PORT or ipv4:ADDRESS:PORT,...
    #[arg(long, value_name = "URI", default_value = TARGET)]
    target: String,
    /// The policy that picks a backend for each call
    #[arg(long, value_enum, default_value_t = Policy::PickFirst)]
    policy: Policy,
    /// How many calls to make
    #[arg(long, default_value_t = 10)]
    calls: usize,
    /// How many calls to make at the same time
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    concurrency: u16,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
#[value(rename_all = "snake_case")]
enum Policy {
    /// The first that answers
    PickFirst,
    /// Each in turn
    RoundRobin,
    /// Of two at random, the one with fewer calls in flight
    LeastRequest,
    /// tonic's own channel, with the addresses of --addr
    BalanceList,
}

/// The table behind the scheme `example`, with one name.
pub(crate) fn names(addrs: &[String]) -> Names {
    Names::from([("lb.example.grpc.io".to_owned(), addrs.to_owned())])
}

impl Client {
    /// Makes the calls. Fails if one of them fails.
    pub async fn run(self) -> Result<(), Error> {
        let stub = self.stub().await?;
        let mut tally = Tally::default();
        let call = || echo(stub.clone());
        load(self.calls, self.concurrency.into(), call, |result| {
            if self.calls <= SHOWN {
                let line = result.clone().unwrap_or_else(|status| describe(&status));
                transcript!(client, "{line}");
            }
            tally.add(result);
        })
        .await?;
        tally.print();
        let Some(status) = &tally.last_failure else { return Ok(()) };
        let failed = format!("{} of {} calls failed", tally.failed, self.calls);
        let advice = self.advice(status, tally.failed == self.calls);
        Err(format!("{failed}, the last with {}{advice}", describe(status)).into())
    }

    /// Advice for the user after a failure.
    fn advice(&self, status: &Status, all_failed: bool) -> &'static str {
        match status.code() {
            Code::Unavailable if all_failed && self.target == TARGET => {
                "; start backends with `cargo run -p load-balancing -- server`, or pass their --addr"
            }
            Code::DeadlineExceeded => "; check whether the backends hang or are overloaded",
            Code::Unimplemented => "; is it the server of another example?",
            _ => "",
        }
    }

    async fn stub(&self) -> Result<Stub, Error> {
        // A channel resolves its target and connects by itself, as long as it exists.
        let builder = Channel::to(&self.target, &names(&self.addr))?;
        let channel = match self.policy {
            Policy::PickFirst => builder.build(),
            Policy::RoundRobin => builder.policy(RoundRobin::default()).build(),
            Policy::LeastRequest => builder.policy(LeastRequest).build(),
            Policy::BalanceList if self.target != TARGET => {
                return Err("--target cannot be used with balance_list; use --addr".into());
            }
            Policy::BalanceList => return Ok(balance_list(&self.addr)?),
        };
        // Calls may start at once. But then the first all go to the backend that answers first,
        // and the turns of round_robin would look wrong. A backend that hangs is not waited for.
        let _ = timeout(Duration::from_secs(1), channel.connected()).await;
        Ok(stub(channel))
    }
}
