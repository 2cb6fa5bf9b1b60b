//! The manifests fit the server.

use std::{fs, time::Duration};

use health::server::PRODUCT_INFO;
use launcher::DRAIN;

const DEPLOYMENTS: [&str; 2] = ["deployment", "exec/deployment"];

fn manifest(name: &str) -> String {
    let path = format!("{}/k8s/{name}.yaml", env!("CARGO_MANIFEST_DIR"));
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The values of all lines `KEY: VALUE`.
fn values(manifest: &str, key: &str) -> Vec<String> {
    let start = format!("{key}: ");
    let lines = manifest.lines().map(|line| line.trim().trim_start_matches("- "));
    lines.filter_map(|line| line.strip_prefix(&start)).map(str::to_owned).collect()
}

/// The lines of a container's entry, which are indented more than its name.
fn section<'a>(manifest: &'a str, name: &str) -> &'a str {
    let start = manifest.find(&format!("          {name}:\n")).expect("there is such an entry");
    let section = &manifest[start..];
    let ends = section.match_indices("\n          ").map(|(at, _)| at);
    let mut ends = ends.filter(|at| !section[at + 11..].starts_with(' '));
    &section[..ends.next().unwrap_or(section.len())]
}

#[test]
fn every_port_is_the_one_that_the_server_listens_on() {
    for name in DEPLOYMENTS {
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
fn readiness_asks_for_the_service_and_liveness_for_the_server() {
    for name in DEPLOYMENTS {
        let manifest = manifest(name);
        assert!(section(&manifest, "readinessProbe").contains(PRODUCT_INFO), "{name}");
        for probe in ["startupProbe", "livenessProbe"] {
            assert!(!section(&manifest, probe).contains("service"), "{name}: {probe}");
        }
    }
}

#[test]
fn kubernetes_waits_longer_than_the_server_takes_to_end() {
    for name in DEPLOYMENTS {
        let manifest = manifest(name);
        let seconds = |key| {
            let values = values(&manifest, key);
            assert_eq!(values.len(), 1, "{name}: {key}");
            Duration::from_secs(values[0].parse().unwrap())
        };
        let takes = seconds("seconds") + DRAIN;
        assert!(seconds("terminationGracePeriodSeconds") > takes, "{name}");
    }
}
