//! The client: many calls, of which none may fail.

use std::time::Duration;

use channel::{Builder, Channel, Keepalive, Names, RoundRobin, WaitForReady, load};
use clap::{Args, ValueEnum};
use launcher::{Error, describe, transcript};
use load_balancing::least_request::LeastRequest;
use proto::echo::{EchoRequest, echo_client::EchoClient};
use tonic::{Code, Request, Status};

use crate::retries::{Retries, RetryPolicy};

pub type Stub = EchoClient<Retries>;

/// The method that is called here. It may be executed twice: an echo changes nothing.
pub const UNARY_ECHO: &str = "/grpc.examples.echo.Echo/UnaryEcho";

#[derive(Args, Debug)]
pub struct Client {
    /// The address of a backend; repeat --addr for several
    #[arg(long, value_name = "HOST:PORT", default_values = ["127.0.0.1:50051", "127.0.0.1:50052"])]
    addr: Vec<String>,
    /// The policy that picks a backend for each call
    #[arg(long, value_enum, default_value_t = Policy::PickFirst)]
    policy: Policy,
    /// How many calls to make
    #[arg(long, default_value_t = 10)]
    calls: usize,
    /// How many calls to make at the same time
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    concurrency: u16,
    /// How many attempts a call has; 1 means no retries
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=5))]
    max_attempts: u32,
    /// Let calls wait until their deadline while no backend can be reached
    #[arg(long)]
    wait_for_ready: bool,
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
}

/// A channel to these backends. `retries` is the `:authority` of its calls.
pub fn channel(addrs: &[String]) -> Result<Builder, Error> {
    let names = Names::from([("retries".to_owned(), addrs.to_owned())]);
    Channel::to("example:///retries", &names)
}

/// A stub whose calls have this many attempts.
pub fn stub(channel: Builder, max_attempts: u32) -> Stub {
    let policy = RetryPolicy { max_attempts, ..RetryPolicy::default() };
    EchoClient::new(Retries::new(channel.build()).unary(UNARY_ECHO, policy))
}

impl Client {
    /// Makes the calls. Fails if one of them fails.
    pub async fn run(self) -> Result<(), Error> {
        // Without keepalive, the calls to a backend that hangs would wait until their deadlines.
        let second = Duration::from_secs(1);
        let builder = channel(&self.addr)?;
        let builder = builder.keepalive(Keepalive { interval: second, timeout: second });
        let builder = match self.policy {
            Policy::PickFirst => builder,
            Policy::RoundRobin => builder.policy(RoundRobin::default()),
            Policy::LeastRequest => builder.policy(LeastRequest),
        };
        let stub = stub(builder, self.max_attempts);

        let all = self.calls;
        transcript!(client, "{all} calls, {} at a time", self.concurrency);
        let (mut ended, mut failed, mut last) = (0, 0, None);
        let call = || echo(stub.clone(), 5 * second, self.wait_for_ready);
        load(all, self.concurrency.into(), call, |result| {
            ended += 1;
            if let Err(status) = result {
                failed += 1;
                last = Some(status);
            }
            if ended % 1_000 == 0 && ended < all {
                transcript!(client, "{failed} of the first {ended} calls failed");
            }
        })
        .await?;
        let Some(status) = last else {
            transcript!(client, "0 of {all} calls failed");
            return Ok(());
        };
        let advice = match status.code() {
            Code::Unavailable if failed == all => "; start `cargo run -p retries -- server`",
            Code::DeadlineExceeded => "; check whether the backends hang or are overloaded",
            _ => "",
        };
        let last = describe(&status);
        Err(format!("{failed} of {all} calls failed, the last with {last}{advice}").into())
    }
}

/// Makes one call, which is wait-for-ready if it may `wait`.
pub async fn echo(mut stub: Stub, limit: Duration, wait: bool) -> Result<String, Status> {
    let mut request = Request::new(EchoRequest { message: "hello".into() });
    // The deadline is for all attempts together.
    request.set_timeout(limit);
    if wait {
        request.extensions_mut().insert(WaitForReady);
    }
    Ok(stub.unary_echo(request).await?.into_inner().message)
}
