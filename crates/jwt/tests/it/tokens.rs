//! A token that is renewed before it expires.

use std::{
    future::pending,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
    },
    time::Duration,
};

use jwt::Tokens;
use tokio::time::{Instant, advance, sleep};
use tonic::{Code, Status};

const LIFE: Duration = Duration::from_secs(60);

/// An issuer whose tokens are numbered, and that can be down or hang.
#[derive(Clone, Default)]
struct Issuer {
    asked: Arc<AtomicU64>,
    issued: Arc<AtomicU64>,
    down: Arc<AtomicBool>,
    hangs: Arc<AtomicBool>,
}

impl Issuer {
    fn tokens(&self) -> Tokens {
        let issuer = self.clone();
        Tokens::new(move || {
            let issuer = issuer.clone();
            async move {
                issuer.asked.fetch_add(1, SeqCst);
                sleep(Duration::from_millis(10)).await;
                if issuer.hangs.load(SeqCst) {
                    pending::<()>().await;
                }
                if issuer.down.load(SeqCst) {
                    return Err(Status::permission_denied("no"));
                }
                let number = issuer.issued.fetch_add(1, SeqCst);
                Ok((format!("token-{number}"), LIFE))
            }
        })
    }
}

async fn value(tokens: &Tokens) -> String {
    tokens.get().await.expect("there is a token").to_str().unwrap().to_owned()
}

#[tokio::test(start_paused = true)]
async fn calls_share_the_first_token_and_wait_for_it() {
    let issuer = Issuer::default();
    let tokens = issuer.tokens();
    let (one, two) = tokio::join!(value(&tokens), value(&tokens));
    assert_eq!([one.as_str(), two.as_str()], ["Bearer token-0"; 2]);
    assert_eq!(issuer.issued.load(SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn the_token_is_renewed_at_four_fifths_of_its_life_and_no_call_waits() {
    let issuer = Issuer::default();
    let tokens = issuer.tokens();
    assert_eq!(value(&tokens).await, "Bearer token-0");
    sleep(LIFE * 3 / 4).await;
    assert_eq!(issuer.issued.load(SeqCst), 1);
    for _ in 0..1_000 {
        sleep(LIFE / 100).await;
        let start = Instant::now();
        value(&tokens).await;
        assert_eq!(start.elapsed(), Duration::ZERO);
    }
    // 645 s, and a token every 48 s.
    assert_eq!(issuer.issued.load(SeqCst), 14);
}

#[tokio::test(start_paused = true)]
async fn an_issuer_that_is_down_for_a_moment_costs_no_call() {
    for hangs in [false, true] {
        let issuer = Issuer::default();
        let failure = if hangs { &issuer.hangs } else { &issuer.down };
        let tokens = issuer.tokens();
        value(&tokens).await;
        failure.store(true, SeqCst);
        sleep(LIFE * 9 / 10).await;
        assert_eq!(value(&tokens).await, "Bearer token-0", "it is still valid");
        failure.store(false, SeqCst);
        sleep(LIFE / 2).await;
        assert_eq!(value(&tokens).await, "Bearer token-1");
    }
}

#[tokio::test(start_paused = true)]
async fn without_a_valid_token_a_call_gets_the_status_of_the_issuer() {
    let issuer = Issuer::default();
    issuer.down.store(true, SeqCst);
    let tokens = issuer.tokens();
    let status = tokens.get().await.unwrap_err();
    assert_eq!(status.code(), Code::PermissionDenied);
    assert_eq!(status.message(), "no token from the issuer: PERMISSION_DENIED: no");
    issuer.down.store(false, SeqCst);
    sleep(Duration::from_secs(2)).await;
    assert_eq!(value(&tokens).await, "Bearer token-0", "it has been asked again");
}

#[tokio::test(start_paused = true)]
async fn an_issuer_that_fails_is_asked_again_after_a_second() {
    let issuer = Issuer::default();
    issuer.down.store(true, SeqCst);
    let _tokens = issuer.tokens();
    sleep(Duration::from_millis(10_500)).await;
    // Each answer takes 10 ms.
    assert_eq!(issuer.asked.load(SeqCst), 11);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_finds_an_expired_token_waits_for_the_next_one() {
    let issuer = Issuer::default();
    let tokens = issuer.tokens();
    assert_eq!(value(&tokens).await, "Bearer token-0");
    // As after a laptop was suspended: the token has expired before the task could run.
    advance(LIFE * 2).await;
    assert_eq!(value(&tokens).await, "Bearer token-1");
}

#[tokio::test(start_paused = true)]
async fn an_expired_token_is_never_returned() {
    let issuer = Issuer::default();
    let tokens = issuer.tokens();
    value(&tokens).await;
    issuer.hangs.store(true, SeqCst);
    sleep(LIFE).await;
    let status = tokens.get().await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable, "{status}");
}

#[tokio::test(start_paused = true)]
async fn a_call_waits_five_seconds_for_an_issuer_that_hangs() {
    let issuer = Issuer::default();
    issuer.hangs.store(true, SeqCst);
    let start = Instant::now();
    let status = issuer.tokens().get().await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable, "{status}");
    assert!(start.elapsed() < Duration::from_millis(5_010), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn nothing_is_renewed_when_the_last_clone_is_dropped() {
    let issuer = Issuer::default();
    let tokens = issuer.tokens();
    value(&tokens.clone()).await;
    drop(tokens);
    sleep(LIFE * 10).await;
    assert_eq!(issuer.issued.load(SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn a_token_is_not_printed() {
    let tokens = Issuer::default().tokens();
    let value = tokens.get().await.unwrap();
    assert!(value.is_sensitive());
    assert!(!format!("{value:?} {tokens:?}").contains("token-0"));
}
