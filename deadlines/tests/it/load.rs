//! 1,000 calls at the same time, with deadlines between zero and twice the work.

use std::{sync::atomic::Ordering::SeqCst, time::Duration};

use deadlines::{inventory::Stock, layers::with_deadlines};
use futures::future::join_all;
use proto::ecommerce::order_management_client::OrderManagementClient;
use tokio::time::{Instant, sleep};
use tonic::Code;

use crate::helper::{Client, Mock, SECOND, client, order};

const WORK: Duration = Duration::from_millis(300);

/// The timeout of a call, its code, and how late it ended.
type Ended = (Duration, Code, Duration);

/// Makes the calls, with random timeouts.
async fn results(client: &Client, seed: u64, longest: Duration) -> Vec<Ended> {
    let mut random = fastrand::Rng::with_seed(seed);
    let calls = (0..1_000).map(|number: u32| {
        let timeout = longest.mul_f64(random.f64());
        let mut client = client.clone();
        tokio::spawn(async move {
            let deadline = Instant::now() + timeout;
            let result = client.add_order(order(&number.to_string(), timeout)).await;
            let late = Instant::now().saturating_duration_since(deadline);
            (timeout, result.map_or_else(|status| status.code(), |_| Code::Ok), late)
        })
    });
    let results = join_all(calls.collect::<Vec<_>>()).await;
    results.into_iter().map(|result| result.expect("it does not panic")).collect()
}

/// The number of calls that ended with OK. All others must have ended with DEADLINE_EXCEEDED.
fn count(results: &[Ended]) -> usize {
    let ok = results.iter().filter(|(_, code, _)| *code == Code::Ok).count();
    for (timeout, code, _) in results {
        assert!(matches!(code, Code::Ok | Code::DeadlineExceeded), "{timeout:?}: {code:?}");
    }
    ok
}

/// Makes the calls, and returns how many ended with OK. Checks how and when each ended.
async fn call(client: &Client, seed: u64) -> usize {
    let results = results(client, seed, 2 * WORK).await;
    for (timeout, _, late) in &results {
        assert!(*late <= Duration::from_millis(100), "{timeout:?} ended {late:?} late");
    }
    count(&results)
}

#[tokio::test(start_paused = true)]
async fn each_of_1000_calls_ends_in_time_and_no_work_goes_on() {
    for seed in 0..5 {
        let inventory = Mock::new(WORK);
        let client = client(inventory.clone(), Duration::ZERO).await;
        let ok = call(&client, seed).await;
        // The work takes 350 ms in all, and the longest deadline is 600 ms.
        assert!((300..500).contains(&ok), "{ok} of 1000 were OK");
        let called = inventory.timeouts.lock().unwrap().len();
        assert!((800..1_000).contains(&called), "{called} calls of the inventory");
        sleep(Duration::from_millis(1)).await;
        assert_eq!(inventory.running.load(SeqCst), 0, "calls of the inventory go on");
    }
}

#[tokio::test(start_paused = true)]
async fn each_of_1000_calls_is_reserved_in_full_or_not_at_all() {
    let stock = Stock { work: WORK, ..Stock::default() };
    // This front does not know how long a reservation takes. So deadlines pass in each phase of the work.
    let client = client(stock.clone(), Duration::ZERO).await;
    let ok = call(&client, 7).await;
    stock.writes.close();
    let start = Instant::now();
    stock.writes.wait().await;
    // The last writes ended before their deadlines.
    assert!(start.elapsed() <= Duration::from_millis(100), "{:?}", start.elapsed());
    let reservations = stock.reservations.lock().unwrap();
    assert!(reservations.values().all(Option::is_some), "a write has stopped halfway");
    assert!(reservations.len() >= ok, "{} reservations for {ok} orders", reservations.len());
}

#[tokio::test(start_paused = true)]
async fn a_front_that_knows_the_work_starts_only_what_can_finish() {
    let inventory = Mock::new(WORK);
    let client = client(inventory.clone(), WORK).await;
    let ok = call(&client, 11).await;
    let called = inventory.timeouts.lock().unwrap().len();
    // Some were started in time, and needed a millisecond more than the work takes.
    assert!(called < ok + 100, "{called} calls of the inventory for {ok} orders");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deadline_that_passes_costs_no_other_call_on_the_connection() {
    let front = testing::start(|listener, shutdown| async move {
        deadlines::server::serve(listener, shutdown, None, WORK).await
    });
    // The limits of HTTP/2 are those of `serve`. The other tests need no network, and have none.
    let channel = launcher::endpoint(&front.await).expect("it is an address");
    let channel = channel.connect().await.expect("it runs");
    let client = OrderManagementClient::new(with_deadlines(channel, 10 * SECOND));
    for (seed, longest) in (0..10).zip([2 * WORK, WORK / 5].into_iter().cycle()) {
        count(&results(&client, seed, longest).await);
    }
}
