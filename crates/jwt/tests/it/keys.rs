//! Public keys that change while a verifier runs.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use jwt::{Keys, SigningKey, jsonwebtoken::jwk::JwkSet};
use serde_json::{Value, json};
use tokio::{
    runtime::Handle,
    time::{Instant, sleep, timeout},
};

/// A key and its id.
fn key() -> (SigningKey, String) {
    let key = SigningKey::generate().unwrap();
    let id = key.public_keys().keys[0].common.key_id.clone().unwrap();
    (key, id)
}

fn set(keys: &[&SigningKey]) -> String {
    let keys = keys.iter().flat_map(|key| key.public_keys().keys).collect();
    serde_json::to_string(&JwkSet { keys }).unwrap()
}

fn file(name: &str, content: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.json"));
    fs::write(&path, content).unwrap();
    path
}

#[tokio::test(start_paused = true)]
async fn a_call_waits_for_the_first_read_and_then_not_at_all() {
    let (one, id) = key();
    let keys = Keys::in_file(file("first", &set(&[&one])));
    assert!(keys.find(&id).await.is_some());
    let start = Instant::now();
    assert!(keys.find(&id).await.is_some());
    assert_eq!(start.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_call_with_a_new_key_waits_until_the_file_is_read_again() {
    let ((one, _), (two, id)) = (key(), key());
    let path = file("new", &set(&[&one]));
    let keys = Keys::in_file(path.clone());
    sleep(Duration::from_millis(500)).await;
    let (found, ()) = tokio::join!(keys.find(&id), async {
        fs::write(path, set(&[&one, &two])).unwrap();
    });
    assert!(found.is_some());
}

#[tokio::test(start_paused = true)]
async fn an_unknown_key_costs_a_call_at_most_two_seconds() {
    let (one, id) = key();
    let keys = Keys::in_file(file("unknown", &set(&[&one])));
    assert!(keys.find(&id).await.is_some());
    let start = Instant::now();
    assert!(keys.find("another").await.is_none());
    assert!(start.elapsed() <= Duration::from_millis(2_010), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_removed_key_is_forgotten() {
    let (one, id) = key();
    let path = file("removed", &set(&[&one]));
    let keys = Keys::in_file(path.clone());
    assert!(keys.find(&id).await.is_some());
    fs::write(path, set(&[])).unwrap();
    let forgotten = async {
        while keys.find(&id).await.is_some() {
            sleep(Duration::from_millis(100)).await;
        }
    };
    // The last call waits for its key.
    timeout(Duration::from_secs(4), forgotten).await.expect("the file is read every second");
}

#[tokio::test(start_paused = true)]
async fn a_file_that_cannot_be_read_changes_nothing() {
    let (one, id) = key();
    let path = file("unreadable", &set(&[&one]));
    let keys = Keys::in_file(path.clone());
    assert!(keys.find(&id).await.is_some());
    for content in ["", "{", r#"{"keys": 1}"#] {
        fs::write(&path, content).unwrap();
        sleep(Duration::from_secs(2)).await;
        assert!(keys.find(&id).await.is_some(), "{content:?}");
    }
    fs::remove_file(&path).unwrap();
    sleep(Duration::from_secs(2)).await;
    assert!(keys.find(&id).await.is_some(), "without the file");
}

#[tokio::test(start_paused = true)]
async fn the_file_is_no_longer_read_when_the_keys_are_dropped() {
    let (one, id) = key();
    let keys = Keys::in_file(file("dropped", &set(&[&one])));
    assert!(keys.find(&id).await.is_some());
    assert_eq!(Handle::current().metrics().num_alive_tasks(), 1);
    drop(keys);
    sleep(Duration::from_millis(1)).await;
    assert_eq!(Handle::current().metrics().num_alive_tasks(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_key_is_only_used_for_what_it_is_meant() {
    let (one, id) = key();
    let jwk: Value = serde_json::from_str(&set(&[&one])).unwrap();
    for (member, value, found) in [
        ("use", json!("sig"), true),
        ("use", json!("enc"), false),
        ("alg", json!("ES256"), true),
        ("alg", json!("ES384"), false),
        ("alg", Value::Null, true),
    ] {
        let mut set = jwk.clone();
        set["keys"][0][member] = value.clone();
        let keys = Keys::fixed(&serde_json::from_value(set).unwrap());
        assert_eq!(keys.find(&id).await.is_some(), found, "{member}: {value}");
    }
}

#[tokio::test(start_paused = true)]
async fn keys_of_other_kinds_are_ignored() {
    let (one, id) = key();
    let mut set: Value = serde_json::from_str(&set(&[&one])).unwrap();
    let mut nameless = set["keys"][0].clone();
    nameless.as_object_mut().unwrap().remove("kid");
    set["keys"].as_array_mut().unwrap().extend([
        nameless,
        json!({"kty": "oct", "kid": "oct", "k": "c2VjcmV0"}),
        json!({"kty": "RSA", "kid": "rsa", "n": "AQAB", "e": "AQAB"}),
        json!({"kty": "EC", "kid": "p384", "crv": "P-384", "x": "AQ", "y": "AQ"}),
        json!({"kty": "new", "kid": "new"}),
    ]);
    let keys = Keys::in_file(file("kinds", &set.to_string()));
    assert!(keys.find(&id).await.is_some());
    for other in ["oct", "rsa", "p384", "new"] {
        assert!(keys.find(other).await.is_none(), "{other}");
    }
}
