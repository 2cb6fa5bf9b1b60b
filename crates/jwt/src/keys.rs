//! The verifier's half: the public keys, which change while the verifier runs.

use std::{collections::HashMap, path::PathBuf, sync::Arc, time::Duration};

use jsonwebtoken::{
    DecodingKey,
    jwk::{AlgorithmParameters, EllipticCurve, JwkSet, KeyAlgorithm, PublicKeyUse},
};
use launcher::{Error, transcript};
use tokio::{
    sync::watch::{self, Receiver},
    time::{sleep, timeout},
};

/// How often the file is read, and so how long a key that was removed from it is still accepted.
///
/// Production: an issuer publishes its keys at a URL, and minutes are enough there.
const INTERVAL: Duration = Duration::from_secs(1);

/// How long a call with an unknown key waits. Longer than [`INTERVAL`], and not much: anyone can invent
/// key ids.
const WAIT: Duration = Duration::from_secs(2);

type ById = HashMap<String, Arc<DecodingKey>>;

/// Public keys by their id.
#[derive(Debug)]
pub struct Keys(Receiver<ById>);

impl Keys {
    /// Keys that do not change.
    #[must_use]
    pub fn fixed(set: &JwkSet) -> Self {
        Self(watch::channel(by_id(set)).1)
    }

    /// The keys in a file, which a task reads again and again until this is dropped.
    #[must_use]
    pub fn in_file(path: PathBuf) -> Self {
        let (sender, keys) = watch::channel(ById::new());
        tokio::spawn(async move {
            let mut last = String::new();
            let refresh = async {
                loop {
                    match read(&path).await {
                        Ok(keys) => {
                            sender.send_replace(keys);
                            last.clear();
                        }
                        // An issuer that is down must not take this service down too. The price is
                        // that a key that was removed is accepted for longer.
                        Err(error) if last != error.to_string() => {
                            last = error.to_string();
                            transcript!(
                                server,
                                "keeping the old keys: {}: {last}",
                                path.display()
                            );
                        }
                        Err(_) => {}
                    }
                    sleep(INTERVAL).await;
                }
            };
            tokio::select! {
                () = refresh => {}
                () = sender.closed() => {}
            }
        });
        Self(keys)
    }

    /// Returns the key with this id. A token may be signed with a key that is newer than the set. So this waits
    /// up to 2 s for the set to be read again.
    pub async fn find(&self, id: &str) -> Option<Arc<DecodingKey>> {
        let mut keys = self.0.clone();
        // It also ends if the keys are fixed, with an error.
        let found = timeout(WAIT, keys.wait_for(|keys| keys.contains_key(id))).await;
        found.ok()?.ok()?.get(id).cloned()
    }
}

async fn read(path: &PathBuf) -> Result<ById, Error> {
    Ok(by_id(&serde_json::from_slice(&tokio::fs::read(path).await?)?))
}

/// The keys that can and may verify ES256. The set may have others, for other services or for encryption.
fn by_id(set: &JwkSet) -> ById {
    let for_es256 = set.keys.iter().filter(|jwk| {
        matches!(jwk.common.public_key_use, None | Some(PublicKeyUse::Signature))
            && matches!(jwk.common.key_algorithm, None | Some(KeyAlgorithm::ES256))
    });
    let usable = for_es256.filter_map(|jwk| match &jwk.algorithm {
        AlgorithmParameters::EllipticCurve(point) if point.curve == EllipticCurve::P256 => {
            Some((jwk.common.key_id.clone()?, Arc::new(DecodingKey::from_jwk(jwk).ok()?)))
        }
        _ => None,
    });
    usable.collect()
}
