//! The client: many calls, of which none may fail.

use std::time::Duration;

use channel::{Builder, Channel, Keepalive, Names, RoundRobin, WaitForReady, load};
use clap::{Args, ValueEnum};
use launcher::{Error, describe, transcript};
use load_balancing::least_request::LeastRequest;
use proto::echo::{EchoRequest, echo_client::EchoClient};
use tonic::{Code, Request, Status};

use crate::retries::{Retries, RetryPolicy};

/// A stub whose calls are repeated.
pub type Stub = EchoClient<Retries>;

/// The method that is called here. It may be executed twice: an echo changes nothing.
pub const UNARY_ECHO: &str = "/grpc.examples.echo.Echo/UnaryEcho";

/// After this many calls, the client prints how many have failed.
const PROGRESS: usize = 5_000;

/// `client`, and its flags.
#[derive(Args, Debug)]
pub struct Client {
    /// The address of a backend; repeat --addr for several
    #[arg(long, value_name = "HOST:PORT", default_values = ["127.0.0.1:50051", "127.0.0.1:50052"])]
    addr: Vec<String>,
    /// Which backend each call goes to
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

impl Client {
    /// Makes the calls. Fails if one of them fails.
    pub async fn run(self) -> Result<(), Error> {
        // Without keepalive, the calls to a backend that hangs would wait until their deadlines.
        let second = Duration::from_secs(1);
        let keepalive = Keepalive { interval: second, timeout: second };
        let builder = channel(&self.addr)?.keepalive(keepalive);
        let channel = match self.policy {
            Policy::PickFirst => builder.build(),
            Policy::RoundRobin => builder.policy(RoundRobin::default()).build(),
            Policy::LeastRequest => builder.policy(LeastRequest).build(),
        };
        let policy = RetryPolicy { max_attempts: self.max_attempts, ..RetryPolicy::default() };
        let stub = EchoClient::new(Retries::new(channel).unary(UNARY_ECHO, policy));

        transcript!(client, "{} calls, {} at a time", self.calls, self.concurrency);
        let (mut ended, mut failed, mut last) = (0, 0, None);
        let call = || echo(stub.clone(), 5 * second, self.wait_for_ready);
        load(self.calls, self.concurrency.into(), call, |result| {
            ended += 1;
            if let Err(status) = result {
                failed += 1;
                last = Some(status);
            }
            if ended % PROGRESS == 0 && ended < self.calls {
                transcript!(client, "{failed} of the first {ended} calls failed");
            }
        })
        .await?;
        let Some(status) = last else {
            transcript!(client, "0 of {} calls failed", self.calls);
            return Ok(());
        };
        let advice = match status.code() {
            Code::Unavailable if failed == self.calls => {
                "; start backends with `cargo run -p retries -- server`, or pass their --addr"
            }
            Code::DeadlineExceeded => "; check whether the backends hang or are overloaded",
            _ => "",
        };
        let last = describe(&status);
        Err(format!("{failed} of {} calls failed, the last with {last}{advice}", self.calls)
            .into())
    }
}

/// Makes one call.
pub async fn echo(
    mut stub: Stub,
    timeout: Duration,
    wait_for_ready: bool,
) -> Result<String, Status> {
    let mut request = Request::new(EchoRequest { message: "hello".into() });
    // The deadline is for all attempts together.
    request.set_timeout(timeout);
    if wait_for_ready {
        request.extensions_mut().insert(WaitForReady);
    }
    Ok(stub.unary_echo(request).await?.into_inner().message)
}
