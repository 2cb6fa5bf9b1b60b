//! The manifests say of the server what is so.

use std::{fs, time::Duration};

use health::server::{GRACE, PRODUCT_INFO};

fn manifest(name: &str) -> String {
    let path = format!("{}/k8s/{name}.yaml", env!("CARGO_MANIFEST_DIR"));
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The values of all lines `KEY: VALUE`, wherever they stand.
fn values(manifest: &str, key: &str) -> Vec<String> {
    let start = format!("{key}: ");
    let lines = manifest.lines().map(|line| line.trim().trim_start_matches("- "));
    lines.filter_map(|line| line.strip_prefix(&start)).map(str::to_owned).collect()
}

#[test]
fn every_port_is_the_one_that_the_server_listens_on() {
    for name in ["deployment", "deployment-exec"] {
        let manifest = manifest(name);
        let ports = [values(&manifest, "port"), values(&manifest, "containerPort")].concat();
        assert!(ports.iter().all(|port| port == "50051"), "{name}: {ports:?}");
        assert!(
            manifest.contains("args: [\"server\", \"--addr\", \"0.0.0.0:50051\"]"),
            "{name}"
        );
        let addrs = manifest.matches("--addr=").count();
        assert_eq!(addrs, manifest.matches("--addr=127.0.0.1:50051\"").count(), "{name}");
    }
    assert_eq!(values(&manifest("service"), "port"), ["50051"]);
}

#[test]
fn readiness_asks_for_the_service_that_the_server_has() {
    assert_eq!(values(&manifest("deployment"), "service"), [PRODUCT_INFO]);
    let exec = manifest("deployment-exec");
    assert_eq!(exec.matches("--service=").count(), 1);
    assert!(exec.contains(&format!("--service={PRODUCT_INFO}\"")));
}

#[test]
fn kubernetes_waits_longer_than_the_server_takes_to_end() {
    // What the launcher gives to calls in flight, with the grace in it.
    let drain = Duration::from_secs(10) + GRACE;
    for name in ["deployment", "deployment-exec"] {
        let waits = values(&manifest(name), "terminationGracePeriodSeconds");
        let waits = waits.iter().map(|wait| Duration::from_secs(wait.parse().unwrap()));
        assert!(waits.clone().count() == 1 && waits.min() > Some(drain), "{name}");
    }
}
