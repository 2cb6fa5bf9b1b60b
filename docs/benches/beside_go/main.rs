//! Our servers and our balancing client, beside the same ones with grpc-go.
//!
//! ```text
//! cargo bench -p docs --bench beside_go
//! ```
//!
//! This needs Linux, Go, and `h2load`, which makes the load for the servers. Without one of them it says
//! so and measures nothing. Both sides take turns, and the table shows medians.

mod go;
mod load;
mod process;

use std::{env, error::Error, fs, path::Path, process::Command};

use load::{Load, Measured};
use process::Server;
use proto::ecommerce::{Order, Product};

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// How many messages a stream has.
const MESSAGES: usize = 5_000;

/// A comparison, and the folder for its files.
struct Comparison<'a> {
    folder: &'a Path,
    /// How often each side does each work.
    turns: usize,
    /// Whether this only checks that everything runs, with less work.
    trial: bool,
}

fn main() -> Outcome {
    let missing = |tool: &&str| {
        let version = if *tool == "go" { "version" } else { "--version" };
        Command::new(tool).arg(version).output().is_err()
    };
    if let Some(tool) = ["go", "h2load"].into_iter().find(missing) {
        println!("skipped: there is no `{tool}` on this machine");
        return Ok(());
    }
    if !cfg!(target_os = "linux") {
        println!("skipped: the processor time of a program is read from Linux's /proc");
        return Ok(());
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("beside-go");
    fs::create_dir_all(&folder)?;
    let trial = env::args().any(|argument| argument == "--test");
    let comparison = Comparison { folder: &folder, turns: if trial { 1 } else { 5 }, trial };
    let (ours, theirs) = (process::build()?, go::build(&folder)?);
    println!("\n| relative to grpc-go | rate | processor time | p50 | p99 | memory |");
    println!("| --- | --- | --- | --- | --- | --- |");
    comparison.unary(&ours, &theirs)?;
    comparison.streams(&ours, &theirs)?;
    comparison.client(&ours, &theirs)
}

impl Comparison<'_> {
    fn amount(&self, amount: usize) -> usize {
        if self.trial { amount.div_ceil(100) } else { amount }
    }

    /// Starts a server on each side.
    fn servers(&self, ours: &Path, name: &str, theirs: &Path) -> Outcome<[Server; 2]> {
        let ours = Server::start(&ours.join(name), &["server", "--addr"], self.folder)?;
        Ok([ours, Server::start(theirs, &["server"], self.folder)?])
    }

    fn compare(&self, name: &str, [ours, theirs]: &[Server; 2], load: &Load) -> Outcome {
        let turn = |_| Ok((load.run(ours, self.folder)?, load.run(theirs, self.folder)?));
        let turns = (0..self.turns).map(turn).collect::<Outcome<Vec<_>>>()?;
        println!("{}", row(name, &turns));
        Ok(())
    }

    fn unary(&self, ours: &Path, theirs: &Path) -> Outcome {
        let requests = self.amount(100_000);
        let servers = self.servers(ours, "load-balancing", theirs)?;
        let path = "/grpc.examples.echo.Echo/UnaryEcho";
        self.compare("echo", &servers, &Load { path, body: text("hello"), requests })?;
        drop(servers);
        let servers = self.servers(ours, "load-balancing", theirs)?;
        let streams = if self.trial { 100 } else { 10_000 };
        let [here, there] = load::open_streams(&servers, streams)?;
        let name = format!("{streams} open streams, {here:.1} and {there:.1} kB each");
        println!("| {name} | | | | | {:.2} |", here / there);

        drop(servers);

        let servers = self.servers(ours, "productinfo", theirs)?;
        let product = Product {
            name: "Apple iPhone 11".into(),
            description: "Meet Apple iPhone 11.".into(),
            price: 699.0,
            ..Product::default()
        };
        let (path, body) = ("/ecommerce.ProductInfo/addProduct", frame(&product));
        self.compare("addProduct", &servers, &Load { path, body, requests })
    }

    fn streams(&self, ours: &Path, theirs: &Path) -> Outcome {
        let requests = self.amount(200);
        let servers = self.servers(ours, "order-management", theirs)?;
        let orders = (0..MESSAGES).map(|number| Order {
            id: format!("{number:05}"),
            items: vec!["lamp".into()],
            price: 30.0,
            destination: "San Jose, CA".into(),
            ..Order::default()
        });
        let orders = orders.collect::<Vec<_>>();
        load::store(&servers, &orders)?;
        let (path, body) = ("/ecommerce.OrderManagement/searchOrders", text("lamp"));
        self.compare("searchOrders", &servers, &Load { path, body, requests })?;
        let path = "/ecommerce.OrderManagement/updateOrders";
        let body = orders.iter().flat_map(frame).collect();
        self.compare("updateOrders", &servers, &Load { path, body, requests })?;
        let path = "/ecommerce.OrderManagement/processOrders";
        let body = orders.iter().flat_map(|order| text(&order.id)).collect();
        self.compare("processOrders", &servers, &Load { path, body, requests })
    }

    /// Both clients call the same three servers, which are Go's.
    fn client(&self, ours: &Path, theirs: &Path) -> Outcome {
        let start = |_| Server::start(theirs, &["server"], self.folder);
        let backends = (0..3).map(start).collect::<Outcome<Vec<_>>>()?;
        let calls = self.amount(100_000).to_string();
        let turn = |_| {
            let (mut here, mut there) =
                (Command::new(ours.join("load-balancing")), Command::new(theirs));
            here.args(["client", "--policy", "round_robin"]);
            here.args(["--calls", &calls, "--concurrency", "64"]);
            there.args(["client", &calls, "64"]);
            for backend in &backends {
                here.args(["--addr", &backend.addr]);
                there.arg(&backend.addr);
            }
            Ok((process::run(here)?, process::run(there)?))
        };
        let turns = (0..self.turns).map(turn).collect::<Outcome<Vec<_>>>()?;
        println!("{}", row("the balancing client", &turns));
        Ok(())
    }
}

/// An `EchoRequest`, or a `StringValue`: the text is in field 1 of both.
fn text(text: &str) -> Vec<u8> {
    frame(&text.to_owned())
}

/// The message with its length prefix.
fn frame(message: &impl prost::Message) -> Vec<u8> {
    let message = message.encode_to_vec();
    let length = u32::try_from(message.len()).expect("it is small");
    [&[0][..], &length.to_be_bytes(), &message].concat()
}

/// A row of the table: the median of each figure's ratio.
fn row(name: &str, turns: &[(Measured, Measured)]) -> String {
    let figures = [
        |measured: &Measured| 1.0 / measured.seconds,
        |measured: &Measured| measured.cpu,
        |measured: &Measured| measured.p50,
        |measured: &Measured| measured.p99,
        |measured: &Measured| measured.memory,
    ];
    let cells = figures.map(|figure| {
        let ratio = |(ours, theirs): &(Measured, Measured)| figure(ours) / figure(theirs);
        let mut ratios = turns.iter().map(ratio).collect::<Vec<_>>();
        ratios.sort_by(f64::total_cmp);
        let median = ratios[ratios.len() / 2];
        // Not every figure is measured for each row.
        if median.is_nan() { String::new() } else { format!("{median:.2}") }
    });
    format!("| {name} | {} |", cells.join(" | "))
}
