//! The example as its user starts it: processes that share a folder.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    time::Duration,
};

use futures_util::future::join_all;
use jwt::jsonwebtoken::{dangerous::insecure_decode, get_current_timestamp};
use serde_json::Value;
use testing::{Ended, Process};
use tls::certs::Certs;
use tokio::time::timeout;
use tonic::{Code, Status};

use crate::{attempts::get, server::endpoint};

pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_credentials");

/// A folder that `tls -- certs` could have created.
pub(crate) struct Dir(PathBuf);

impl Dir {
    pub(crate) fn new(name: &str) -> Self {
        let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("credentials-{name}"));
        let _ = fs::remove_dir_all(&dir);
        Certs::create().unwrap().write(&dir, false).unwrap();
        Self(dir)
    }

    pub(crate) fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }

    pub(crate) fn file(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }
}

async fn run(args: &[&str]) -> Ended {
    Process::start(PROGRAM, args).end().await
}

/// Runs `token` with these flags, and returns the token.
pub(crate) async fn token(dir: &Dir, flags: &[&str]) -> String {
    let ended = run(&[&["token", "--certs", dir.path()], flags].concat()).await;
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    ended.stdout.trim_end().to_owned()
}

pub(crate) async fn server(dir: &Dir) -> (Process, String) {
    let mut server =
        Process::start(PROGRAM, &["server", "--addr", "127.0.0.1:0", "--certs", dir.path()]);
    let addr = server.addr().await;
    (server, addr)
}

/// getProduct with this token.
async fn call(dir: &Dir, addr: &str, token: &str) -> Status {
    let channel = endpoint(addr, &fs::read_to_string(dir.file("ca.pem")).unwrap())
        .connect()
        .await
        .unwrap();
    get(&channel, &[format!("Bearer {token}").into_bytes()]).await
}

#[tokio::test]
async fn a_client_calls_a_server_in_another_process() {
    let dir = Dir::new("two");
    let (server, addr) = server(&dir).await;
    let client = run(&["client", "--addr", &addr, "--certs", dir.path()]).await;
    assert_eq!(client.status, Some(0), "{}", client.stderr);
    server.signal("TERM").await;
    assert_eq!(server.end().await.status, Some(0));
}

#[tokio::test]
async fn a_token_from_the_command_line_is_accepted_by_the_server() {
    let dir = Dir::new("token");
    let (_server, addr) = server(&dir).await;
    for (flags, code) in [
        (&[][..], Code::NotFound),
        (&["--scope", "products.read"], Code::NotFound),
        (&["--scope", "products.write"], Code::PermissionDenied),
        (&["--audience", "orders"], Code::Unauthenticated),
    ] {
        let status = call(&dir, &addr, &token(&dir, flags).await).await;
        assert_eq!(status.code(), code, "{flags:?}");
    }
}

#[tokio::test]
async fn the_flags_of_token_are_its_claims() {
    let dir = Dir::new("claims");
    let flags = ["--scope", "a b", "--audience", "orders", "--expires", "2h"];
    let data = insecure_decode::<Value>(token(&dir, &flags).await).unwrap();
    assert_eq!(data.claims["scope"], "a b");
    assert_eq!(data.claims["aud"], "orders");
    let left = data.claims["exp"].as_u64().unwrap() - get_current_timestamp();
    assert!((7_000..=7_200).contains(&left), "{left}");
}

#[tokio::test]
async fn a_running_server_accepts_a_new_key_and_the_old_one_until_it_is_removed() {
    let dir = Dir::new("rotation");
    let (_server, addr) = server(&dir).await;
    let old = token(&dir, &[]).await;
    fs::remove_file(dir.0.join("token.key")).unwrap();
    let new = token(&dir, &[]).await;
    let key_id = |token: &String| insecure_decode::<Value>(token).unwrap().header.kid;
    assert_ne!(key_id(&old), key_id(&new));
    assert_eq!(call(&dir, &addr, &new).await.code(), Code::NotFound);
    assert_eq!(call(&dir, &addr, &old).await.code(), Code::NotFound);

    let jwks = dir.0.join("jwks.json");
    let mut set: Value = serde_json::from_slice(&fs::read(&jwks).unwrap()).unwrap();
    set["keys"].as_array_mut().unwrap().remove(0);
    fs::write(&jwks, set.to_string()).unwrap();
    timeout(Duration::from_secs(60), async {
        while call(&dir, &addr, &old).await.code() != Code::Unauthenticated {}
    })
    .await
    .expect("the server forgets the old key");
    assert_eq!(call(&dir, &addr, &new).await.code(), Code::NotFound);
    // The issuer signs with the new key, too.
    let client = run(&["client", "--addr", &addr, "--certs", dir.path()]).await;
    assert_eq!(client.status, Some(0), "{}", client.stderr);
}

#[tokio::test]
async fn programs_that_start_at_the_same_time_agree_on_one_key_that_only_its_owner_can_read() {
    let dir = Dir::new("race");
    let tokens = join_all([(); 8].map(|()| token(&dir, &[]))).await;
    let (_server, addr) = server(&dir).await;
    for token in tokens {
        assert_eq!(call(&dir, &addr, &token).await.code(), Code::NotFound);
    }
    let mode = fs::metadata(dir.0.join("token.key")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let mut names = fs::read_dir(&dir.0)
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect::<Vec<_>>();
    names.sort();
    let expected = [
        "ca.pem",
        "client.key",
        "client.pem",
        "jwks.json",
        "server.key",
        "server.pem",
        "token.key",
    ];
    assert_eq!(names, expected, "no temporary file is left");
}

#[tokio::test]
async fn an_error_is_one_line_with_advice() {
    for command in ["server", "client", "token"] {
        let ended = run(&[command, "--certs", "/no/such/folder"]).await;
        assert_eq!(ended.status, Some(1), "{ended:?}");
        assert_eq!(ended.stderr.lines().count(), 1, "{}", ended.stderr);
        assert!(ended.stderr.contains("certs /no/such/folder"), "{}", ended.stderr);
    }
}

#[tokio::test]
async fn a_file_without_a_key_is_named_and_left_alone() {
    let dir = Dir::new("broken");
    let path = dir.0.join("token.key");
    fs::write(&path, "no key").unwrap();
    let ended = run(&["token", "--certs", dir.path()]).await;
    assert_eq!(ended.status, Some(1), "{ended:?}");
    assert_eq!(ended.stderr.lines().count(), 1, "{}", ended.stderr);
    assert!(ended.stderr.contains(path.to_str().unwrap()), "{}", ended.stderr);
    assert_eq!(fs::read_to_string(&path).unwrap(), "no key");
}

#[tokio::test]
async fn a_wrong_command_line_exits_with_2() {
    for args in
        [&["server"][..], &["--certs", "."], &["token", "--certs", ".", "--expires", "x"]]
    {
        assert_eq!(run(args).await.status, Some(2), "{args:?}");
    }
}

#[tokio::test]
async fn no_log_contains_a_token_or_a_password() {
    let ended = Process::start("env", &["RUST_LOG=trace", PROGRAM]).end().await;
    assert_eq!(ended.status, Some(0), "{}", ended.stdout);
    assert!(ended.stderr.contains("Headers"), "the log has the frames");
    let output = ended.stdout + &ended.stderr;
    // How each token starts, and the passwords in base64 and as text.
    for secret in ["eyJ", "YWRtaW46", "c2hvcDpv", "admin:", "open-sesame"] {
        assert!(!output.contains(secret), "{secret}");
    }
}
