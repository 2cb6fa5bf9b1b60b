//! The load for a server, and what comes of it.

use std::{fs, path::Path, process::Command};

use futures::{StreamExt as _, stream};
use proto::{
    echo::{EchoRequest, echo_client::EchoClient},
    ecommerce::{Order, order_management_client::OrderManagementClient},
};
use tokio::runtime::Runtime;
use tonic::transport::Endpoint;

use crate::{Outcome, process::Server};

/// How a side did its work.
#[derive(Default)]
pub(crate) struct Measured {
    pub(crate) seconds: f64,
    /// Processor time, in seconds.
    pub(crate) cpu: f64,
    /// Half of the calls took at most this long.
    pub(crate) p50: f64,
    /// 99 of 100 calls took at most this long.
    pub(crate) p99: f64,
    pub(crate) memory: f64,
}

/// The same request again and again, from ten connections with ten calls each at the same time.
pub(crate) struct Load {
    pub(crate) path: &'static str,
    pub(crate) body: Vec<u8>,
    pub(crate) requests: usize,
}

impl Load {
    pub(crate) fn run(&self, server: &Server, folder: &Path) -> Outcome<Measured> {
        let (body, log) = (folder.join("body"), folder.join("requests.log"));
        fs::write(&body, &self.body)?;
        let _ = fs::remove_file(&log);
        let before = server.cpu()?;
        let output = Command::new("h2load")
            .args(["-n", &self.requests.to_string(), "-m", "10"])
            .args(["-c", &self.requests.min(10).to_string()])
            .args(["-H", "content-type: application/grpc", "-H", "te: trailers"])
            .arg("-d")
            .arg(&body)
            .arg(format!("--log-file={}", log.display()))
            .arg(format!("http://{}{}", server.addr, self.path))
            .output()?;
        let text = String::from_utf8(output.stdout)?;
        let all = format!("{0} 2xx", self.requests);
        // A status other than OK is a 200, too, but without data.
        if !text.contains(&all) || text.contains("(0) data") {
            return Err(format!("not all calls of {} were answered: {text}", self.path).into());
        }
        // "finished in 1.23s, ..." or "456.78ms".
        let time = text.split_once("finished in ").and_then(|(_, rest)| rest.split_once(','));
        let (time, _) = time.ok_or("h2load does not say how long it took")?;
        let seconds = match time.strip_suffix("ms") {
            Some(ms) => ms.parse::<f64>()? / 1000.0,
            None => time.trim_end_matches('s').parse()?,
        };
        // Each line is: start, HTTP status, microseconds.
        let mut times = fs::read_to_string(&log)?
            .lines()
            .filter_map(|line| line.rsplit('\t').next()?.parse::<f64>().ok())
            .collect::<Vec<_>>();
        times.sort_by(f64::total_cmp);
        let at = |hundredths: usize| times.get(times.len() * hundredths / 100).copied();
        Ok(Measured {
            seconds,
            cpu: server.cpu()? - before,
            p50: at(50).ok_or("no times")?,
            p99: at(99).ok_or("no times")?,
            memory: server.memory()?,
        })
    }
}

/// Stores the orders on both servers.
pub(crate) fn store(servers: &[Server; 2], orders: &[Order]) -> Outcome {
    Runtime::new()?.block_on(async {
        for server in servers {
            let addr = format!("http://{}", server.addr);
            let mut client = OrderManagementClient::connect(addr).await?;
            for order in orders {
                client.add_order(order.clone()).await?;
            }
        }
        Ok(())
    })
}

/// How much memory each of so many open streams takes on our server and on the other one, in kB. Each stream
/// has echoed one message, and 200 of them share a connection.
pub(crate) fn open_streams(servers: &[Server; 2], streams: u32) -> Outcome<[f64; 2]> {
    let mut growth = [0.0; 2];
    for (server, growth) in servers.iter().zip(&mut growth) {
        let before = server.memory()?;
        let after = Runtime::new()?.block_on(async {
            let mut open = Vec::new();
            let mut clients = Vec::new();
            for number in 0..streams {
                if number % 200 == 0 {
                    let endpoint = Endpoint::from_shared(format!("http://{}", server.addr))?;
                    clients.push(EchoClient::new(endpoint.connect().await?));
                }
                let client = clients.last_mut().ok_or("the first stream makes a client")?;
                let request = EchoRequest { message: "hello".into() };
                let requests = stream::iter([request]).chain(stream::pending());
                let mut answers =
                    client.bidirectional_streaming_echo(requests).await?.into_inner();
                answers.message().await?;
                open.push(answers);
            }
            server.memory()
        })?;
        *growth = (after - before) / f64::from(streams);
    }
    Ok(growth)
}
