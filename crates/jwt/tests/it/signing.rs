//! The files of an issuer.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Barrier,
    thread,
};

use jwt::{
    JWKS_FILE, KEY_FILE, SigningKey,
    jsonwebtoken::{decode_header, jwk::JwkSet},
};
use serde_json::json;

/// A new folder for the test of this name.
fn folder(test: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("jwt-signing").join(test);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// The id of the key that signs.
fn key_id(key: &SigningKey) -> String {
    decode_header(key.sign(&json!({})).unwrap()).unwrap().kid.unwrap()
}

#[test]
fn a_running_issuer_signs_with_the_new_key() {
    let dir = folder("running");
    let running = SigningKey::in_dir(&dir).unwrap();
    let old = key_id(&running);
    fs::remove_file(dir.join(KEY_FILE)).unwrap();
    let new = SigningKey::in_dir(&dir).unwrap();
    assert_ne!(key_id(&new), old);
    assert_eq!(key_id(&running), key_id(&new));
}

#[test]
fn a_set_that_cannot_be_read_is_an_error_and_is_not_replaced() {
    let dir = folder("not_text");
    fs::write(dir.join(JWKS_FILE), b"\xff").unwrap();
    let error = SigningKey::in_dir(&dir).unwrap_err().to_string();
    assert!(error.contains(JWKS_FILE), "{error}");
    assert_eq!(fs::read(dir.join(JWKS_FILE)).unwrap(), b"\xff");
}

#[test]
fn issuers_that_start_at_the_same_time_agree_on_one_key() {
    for round in 0..20 {
        let dir = folder(&format!("race-{round}"));
        let barrier = Barrier::new(8);
        let start = || {
            barrier.wait();
            SigningKey::in_dir(&dir).unwrap().public_keys()
        };
        let sets = thread::scope(|scope| {
            let threads = [(); 8].map(|()| scope.spawn(start));
            threads.map(|thread| thread.join().unwrap())
        });
        let file = fs::read_to_string(dir.join(JWKS_FILE)).unwrap();
        let expected: JwkSet = serde_json::from_str(&file).unwrap();
        assert_eq!(sets, [(); 8].map(|()| expected.clone()), "round {round}");
    }
}
