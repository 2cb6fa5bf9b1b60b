//! The client's side: some calls, and who answered them.

use std::time::Duration;

use clap::{Args, ValueEnum};
use launcher::{Error, describe, transcript};
use tokio::time::timeout;

use crate::{
    least_request::LeastRequest,
    load::load,
    stub::{Stub, balance_list, repeating},
    tally::Tally,
};
use channel::{Channel, Names, RoundRobin};

/// The name of the backends, and the target that it makes, as in the book.
const NAME: &str = "lb.example.grpc.io";
/// The target that stands for the addresses of the command line.
pub const TARGET: &str = "example:///lb.example.grpc.io";

/// So many answers are shown one by one.
const SHOWN: usize = 20;

/// `client`, and its flags.
#[derive(Args, Debug)]
pub struct Client {
    /// The backends' addresses, one for each --addr, behind the name lb.example.grpc.io
    #[arg(long, value_name = "HOST:PORT", default_values = ["127.0.0.1:50051", "127.0.0.1:50052"])]
    addr: Vec<String>,
    /// What to call in place of --addr: dns:///HOST:PORT or ipv4:ADDRESS:PORT,...
    #[arg(long, value_name = "URI", default_value = TARGET)]
    target: String,
    /// Which backend each call goes to
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
    /// The one of two that has fewer calls in flight
    LeastRequest,
    /// As tonic's own channel does it, with the addresses of --addr
    BalanceList,
}

/// The table of names, with the addresses behind the only one.
#[must_use]
pub fn names(addrs: &[String]) -> Names {
    Names::from([(NAME.to_owned(), addrs.to_owned())])
}

impl Client {
    /// Makes the calls. Fails if one of them does.
    pub async fn run(self) -> Result<(), Error> {
        let stub = self.stub().await?;
        let mut tally = Tally::default();
        load(&stub, self.calls, self.concurrency.into(), async |answer| {
            if self.calls <= SHOWN {
                match &answer {
                    Ok(message) => transcript!(client, "{message}"),
                    Err(status) => transcript!(client, "{}", describe(status)),
                }
            }
            tally.add(answer);
        })
        .await;
        tally.bars().iter().for_each(|bar| transcript!(client, "{bar}"));
        let Some(status) = &tally.last_failure else { return Ok(()) };
        let mut why = format!(
            "{} of {} calls failed, the last with {}",
            tally.failed,
            self.calls,
            describe(status)
        );
        if tally.failed == self.calls && self.target == TARGET {
            why.push_str(
                "; start backends with `cargo run -p load-balancing -- server`, or name where \
                 they are with --addr",
            );
        }
        Err(why.into())
    }

    async fn stub(&self) -> Result<Stub, Error> {
        let builder = Channel::to(&self.target, &names(&self.addr))?;
        let channel = match self.policy {
            Policy::PickFirst => builder.build(),
            Policy::RoundRobin => builder.policy(RoundRobin::default()).build(),
            Policy::LeastRequest => builder.policy(LeastRequest).build(),
            Policy::BalanceList if self.target == TARGET => {
                return Ok(balance_list(&self.addr)?);
            }
            Policy::BalanceList => {
                return Err("balance_list knows no --target: use --addr".into());
            }
        };
        // So that the turns begin with all backends. One that does not answer is not waited for.
        let _ = timeout(Duration::from_secs(5), channel.connected()).await;
        Ok(repeating(channel))
    }
}
