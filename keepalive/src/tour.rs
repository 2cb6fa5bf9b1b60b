//! Both sides in one process, with a network between them that goes silent.

use std::{
    future::pending,
    io,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use launcher::{Error, describe, print_line, transcript};
use proto::echo::echo_client::EchoClient;
use tokio::{
    io::{AsyncRead, AsyncWrite, copy, copy_bidirectional, sink},
    join,
    net::{TcpListener, TcpStream},
    select,
    sync::Notify,
    time::{Instant, timeout},
};
use tokio_util::io::InspectReader;
use watch::{Side, View, Watcher};

use crate::client::{self, echo, end, open};

/// Calls the server at `target` without keepalive, and then with it.
pub async fn run(target: String) -> Result<(), Error> {
    let second = Duration::from_secs(1);
    for keepalive in [None, Some([second; 2])] {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let (silence, answered) = (Notify::new(), Notify::new());
        let network = async {
            let (client, _) = listener.accept().await?;
            forward(client, TcpStream::connect(&target).await?, &silence, &answered).await
        };
        let calls = async {
            let deadline = 4 * second;
            let endpoint = client::keepalive(&listener.local_addr()?.to_string(), keepalive)?;
            let mut client = EchoClient::new(endpoint.connect().await?);
            let mut stream = open(&mut client, deadline).await?;
            let with = if keepalive.is_some() { "with" } else { "without" };
            transcript!(client, "a stream is open, {with} keepalive");
            if keepalive.is_some() {
                answered.notified().await;
            }
            silence.notify_one();
            print_line("network | silent from here on");
            let start = Instant::now();
            let report = |what: &str| {
                transcript!(client, "{what}, after {:.1}s", start.elapsed().as_secs_f64());
            };
            if let Err(status) = echo(&mut client, deadline).await {
                report(&format!("a call -> {}", describe(&status)));
            }
            match timeout(second, end(&mut stream)).await {
                Ok(Ok(())) => report("the stream -> OK"),
                Ok(Err(status)) => report(&format!("the stream -> {}", describe(&status))),
                Err(_) => report("the stream is still open"),
            }
            Ok::<_, Error>(())
        };
        // When the calls are done, `select!` drops the network, which closes both connections.
        select! {
            result = calls => result?,
            ended = network => return Err(format!("the network failed: {ended:?}").into()),
        }
    }
    Ok(())
}

/// Forwards one connection until `silence` is notified. From then on, all that is sent is lost, as if a
/// cable were cut: neither side gets a FIN or an RST. Notifies `answered` when the server answers a PING.
pub async fn forward(
    client: impl AsyncRead + AsyncWrite + Unpin,
    server: impl AsyncRead + AsyncWrite + Unpin,
    silence: &Notify,
    answered: &Notify,
) -> io::Result<()> {
    let watcher = Mutex::new(Watcher::new(View::Frames));
    let show = |side, bytes: &[u8]| {
        let lines = watcher.lock().unwrap_or_else(PoisonError::into_inner).see(side, bytes);
        for line in lines.iter().filter(|line| line.text.starts_with("PING")) {
            match side {
                Side::Client => transcript!(client, "{}", line.text),
                Side::Server => transcript!(server, "{}", line.text),
            }
            if side == Side::Server && line.text.contains("ACK") {
                answered.notify_one();
            }
        }
    };
    let mut client = InspectReader::new(client, |bytes: &[u8]| show(Side::Client, bytes));
    let mut server = InspectReader::new(server, |bytes: &[u8]| show(Side::Server, bytes));
    select! {
        // In this order, so that nothing is forwarded after the notification.
        biased;
        () = silence.notified() => {}
        ended = copy_bidirectional(&mut client, &mut server) => return ended.map(drop),
    }
    // The bytes are still read, so that the PINGs are shown, but they go nowhere. A FIN or RST is lost too.
    let (mut to_server, mut to_client) = (sink(), sink());
    let _ = join!(copy(&mut client, &mut to_server), copy(&mut server, &mut to_client));
    pending().await
}
