//! The client's half: a token that is renewed before it expires.

use std::time::Duration;

use http::HeaderValue;
use launcher::describe;
use tokio::{
    sync::watch::{self, Receiver},
    time::{Instant, sleep_until, timeout},
};
use tonic::Status;

/// How long the issuer may take for a token, and how long a call waits for it.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long to wait after a failure before the issuer is asked again.
const PAUSE: Duration = Duration::from_secs(1);

/// A token for many calls. A task renews it when four fifths of its life are over, so that no call waits
/// for a renewal, and an issuer that is down for a moment costs no call. The task ends when the last clone
/// is dropped.
///
/// `golang.org/x/oauth2` does this with `ReuseTokenSource`, in the call that finds the token expired.
#[derive(Clone, Debug)]
pub struct Tokens(Receiver<Option<Result<Token, Status>>>);

#[derive(Clone, Debug)]
struct Token {
    value: HeaderValue,
    end: Instant,
}

impl Tokens {
    /// `fetch` gets a new token, and how long it is valid.
    #[must_use]
    pub fn new<F>(fetch: impl Fn() -> F + Send + 'static) -> Self
    where
        F: Future<Output = Result<(String, Duration), Status>> + Send,
    {
        let (sender, current) = watch::channel(None);
        tokio::spawn(async move {
            loop {
                let start = Instant::now();
                let fetched = timeout(PATIENCE, fetch()).await.unwrap_or_else(|_| {
                    Err(Status::unavailable(format!("no response within {PATIENCE:?}")))
                });
                let token = fetched.and_then(|(token, life)| {
                    // It counts from the question and not from the answer, to be on the safe side.
                    Ok((Token { value: bearer(&token)?, end: start + life }, life))
                });
                let next = match token {
                    Ok((token, life)) => {
                        sender.send_replace(Some(Ok(token)));
                        // Production: subtract a random part of up to 10 %. Otherwise clients that were
                        // started together ask the issuer at the same moment, every time.
                        start + (life * 4 / 5).max(PAUSE)
                    }
                    Err(status) => {
                        let why = format!("no token from the issuer: {}", describe(&status));
                        sender.send_if_modified(|current| {
                            let valid =
                                matches!(current, Some(Ok(old)) if Instant::now() < old.end);
                            if !valid {
                                *current = Some(Err(Status::new(status.code(), why)));
                            }
                            !valid
                        });
                        Instant::now() + PAUSE
                    }
                };
                tokio::select! {
                    () = sleep_until(next) => {}
                    () = sender.closed() => return,
                }
            }
        });
        Self(current)
    }

    /// Returns the value of `authorization` with a valid token. Waits for the first token, and for the next one
    /// if the last has expired, for example because the computer was suspended.
    ///
    /// # Errors
    ///
    /// The status of the issuer, or UNAVAILABLE if it does not answer.
    pub async fn get(&self) -> Result<HeaderValue, Status> {
        let mut current = self.0.clone();
        let none = || Status::unavailable("no valid token from the issuer in time");
        let settled = current.wait_for(|current| match current {
            Some(Ok(token)) => Instant::now() < token.end,
            other => other.is_some(),
        });
        let settled = timeout(PATIENCE, settled).await.map_err(|_| none())?;
        let token = settled.map_err(|_| none())?.clone().ok_or_else(none)??;
        Ok(token.value)
    }
}

fn bearer(token: &str) -> Result<HeaderValue, Status> {
    let mut value = HeaderValue::from_str(&format!("Bearer {token}"))
        .map_err(|_| Status::internal("the token of the issuer is not text"))?;
    // `{:?}` does not print a sensitive value, and HTTP/2's header compression does not store it.
    value.set_sensitive(true);
    Ok(value)
}
