//! A resolver that a test controls, and calls that say which backend answers.

use std::{
    future::{Ready, ready},
    io,
    net::SocketAddr,
};

use channel::{Channel, Resolver};
use proto::echo::{EchoRequest, echo_client::EchoClient};
use tokio::{
    io::DuplexStream,
    sync::{Notify, watch},
};
use tonic::Status;

pub(crate) use testing::network::{Network, addr, settle};

/// The connector of a channel on this network.
pub(crate) fn connect(
    network: &Network,
) -> impl Fn(SocketAddr) -> Ready<io::Result<DuplexStream>> + Send + Sync + 'static {
    let network = network.clone();
    move |to| ready(network.connect(to))
}

type Answer = Result<Vec<SocketAddr>, String>;

/// Changes what the resolver answers.
pub(crate) struct Answers(watch::Sender<Answer>);

impl Answers {
    pub(crate) fn say(&self, numbers: &[u8]) {
        drop(self.0.send_replace(Ok(addrs(numbers))));
    }

    pub(crate) fn fail(&self, why: &str) {
        drop(self.0.send_replace(Err(why.into())));
    }
}

/// A resolver whose answers a test decides.
pub(crate) struct Told {
    answers: watch::Receiver<Answer>,
    has_answered: bool,
}

/// A resolver that answers with these backends, until the test changes that.
pub(crate) fn told(numbers: &[u8]) -> (Answers, Told) {
    let (sender, answers) = watch::channel(Ok(addrs(numbers)));
    (Answers(sender), Told { answers, has_answered: false })
}

pub(crate) fn addrs(numbers: &[u8]) -> Vec<SocketAddr> {
    numbers.iter().copied().map(addr).collect()
}

#[tonic::async_trait]
impl Resolver for Told {
    async fn resolve(&mut self, _: &Notify) -> Result<Vec<SocketAddr>, launcher::Error> {
        if self.has_answered && self.answers.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
        self.has_answered = true;
        Ok(self.answers.borrow_and_update().clone()?)
    }
}

/// Makes a call. Returns which backend answered.
pub(crate) async fn echo(channel: &Channel) -> Result<u8, Status> {
    echo_with(channel, tonic::Request::new(EchoRequest { message: "hi".into() })).await
}

pub(crate) async fn echo_with(
    channel: &Channel,
    request: tonic::Request<EchoRequest>,
) -> Result<u8, Status> {
    let answer = EchoClient::new(channel.clone()).unary_echo(request).await?;
    Ok(from(&answer.into_inner().message))
}

/// The number of the backend that this answer is from.
pub(crate) fn from(message: &str) -> u8 {
    let number = message.rsplit_once("(from 10.0.0.").expect("it says where it is from").1;
    number.split_once(':').expect("an address has a port").0.parse().expect("it is a number")
}
