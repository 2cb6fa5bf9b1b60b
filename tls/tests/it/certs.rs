//! The files of the certificates.

use std::{fs, path::PathBuf};

use launcher::Error;
use tls::{certs::Certs, server};
use tokio_rustls::rustls::pki_types::{CertificateDer, pem::PemObject as _};
use x509_parser::prelude::{GeneralName, parse_x509_certificate};

const FILES: [&str; 5] = ["ca.pem", "server.pem", "server.key", "client.pem", "client.key"];

/// A new folder for the test of this name.
fn folder(test: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("tls-certs").join(test);
    let _ = fs::remove_dir_all(&folder);
    folder
}

fn text<T>(result: Result<T, Error>) -> String {
    result.err().expect("it has to fail").to_string()
}

#[test]
fn all_files_are_read_as_they_were_written() {
    let dir = folder("all_files").join("a/b");
    let certs = Certs::create().unwrap();
    certs.write(&dir, false).unwrap();
    let read = Certs::read(&dir, &FILES).unwrap();
    assert_eq!(read.ca, certs.ca);
    assert_eq!(read.server, certs.server);
    assert_eq!(read.server_key, certs.server_key);
    assert_eq!(read.client, certs.client);
    assert_eq!(read.client_key, certs.client_key);
}

#[test]
fn a_side_does_not_need_the_files_of_the_other() {
    for (files, others) in [(Certs::OF_SERVER, "client"), (Certs::OF_CLIENT, "server")] {
        let dir = folder(&format!("without-{others}"));
        Certs::create().unwrap().write(&dir, false).unwrap();
        for name in FILES.iter().filter(|name| name.starts_with(others)) {
            fs::remove_file(dir.join(name)).unwrap();
        }
        assert!(Certs::read(&dir, files).is_ok(), "without those of the {others}");
    }
}

#[cfg(unix)]
#[test]
fn only_the_owner_can_read_a_key() {
    use std::os::unix::fs::PermissionsExt;
    let dir = folder("only_the_owner");
    fs::create_dir_all(&dir).unwrap();
    // An old key that all users can read. The new one must not keep this mode.
    fs::write(dir.join("server.key"), "an old key").unwrap();
    fs::set_permissions(dir.join("server.key"), fs::Permissions::from_mode(0o644)).unwrap();
    Certs::create().unwrap().write(&dir, false).unwrap();
    for name in ["server.key", "client.key"] {
        let mode = fs::metadata(dir.join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}

#[test]
fn an_existing_ca_is_kept_with_everything_that_it_has_signed() {
    let dir = folder("existing_ca");
    let old = Certs::create().unwrap();
    old.write(&dir, false).unwrap();
    let error = text(Certs::create().unwrap().write(&dir, false));
    assert!(error.starts_with("cannot write "), "{error}");
    assert!(error.contains("ca.pem: File exists"), "{error}");
    assert!(error.contains("--force"), "{error}");
    let kept = Certs::read(&dir, &FILES).unwrap();
    assert_eq!((kept.ca, kept.server, kept.client), (old.ca, old.server, old.client));
}

#[test]
fn only_an_existing_ca_gets_the_advice_to_replace_it() {
    let dir = folder("not_a_folder");
    fs::create_dir_all(&dir).unwrap();
    fs::write(dir.join("file"), "").unwrap();
    let error = text(Certs::create().unwrap().write(&dir.join("file/certs"), false));
    assert!(!error.contains("--force"), "{error}");
}

#[test]
fn an_existing_ca_is_replaced_with_force() {
    let dir = folder("force");
    Certs::create().unwrap().write(&dir, false).unwrap();
    let new = Certs::create().unwrap();
    new.write(&dir, true).unwrap();
    assert_eq!(Certs::read(&dir, &FILES).unwrap().ca, new.ca);
}

#[test]
fn a_file_that_is_missing_is_named_with_the_command_that_creates_it() {
    for name in FILES {
        let dir = folder(&format!("missing-{name}"));
        Certs::create().unwrap().write(&dir, false).unwrap();
        fs::remove_file(dir.join(name)).unwrap();
        let error = text(Certs::read(&dir, &FILES));
        assert!(error.contains(name), "{error}");
        assert!(error.contains("certs "), "{error}");
    }
}

#[test]
fn a_key_of_another_certificate_is_an_error_of_the_server() {
    let mut certs = Certs::create().unwrap();
    certs.server_key = Certs::create().unwrap().server_key;
    let error = text(server::config(&certs, false).map(drop));
    assert!(error.starts_with("cannot use the certificates: "), "{error}");
    assert!(error.contains("create new ones"), "{error}");
}

#[test]
fn nonsense_in_a_file_is_an_error_and_not_a_panic() {
    for nonsense in
        ["", "nonsense", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
    {
        let bad = |field: fn(&mut Certs) -> &mut String| {
            let mut certs = Certs::create().unwrap();
            *field(&mut certs) = nonsense.into();
            server::config(&certs, true).is_err()
        };
        assert!(bad(|certs| &mut certs.ca));
        assert!(bad(|certs| &mut certs.server));
        assert!(bad(|certs| &mut certs.server_key));
    }
}

/// The DNS names, IP addresses and URIs in a certificate.
fn names(pem: &str) -> Vec<String> {
    let der = CertificateDer::from_pem_slice(pem.as_bytes()).unwrap();
    let (_, cert) = parse_x509_certificate(&der).unwrap();
    let san = cert.subject_alternative_name().unwrap().unwrap();
    let text = |name: &GeneralName<'_>| match name {
        GeneralName::DNSName(name) | GeneralName::URI(name) => (*name).to_owned(),
        GeneralName::IPAddress(bytes) => format!("{bytes:?}"),
        other => panic!("{other:?}"),
    };
    san.value.general_names.iter().map(text).collect()
}

#[test]
fn the_certificates_have_the_names_that_the_readme_promises() {
    let certs = Certs::create().unwrap();
    let (v4, v6) = ([127, 0, 0, 1], [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
    let expected = ["localhost".into(), format!("{v4:?}"), format!("{v6:?}")];
    assert_eq!(names(&certs.server), expected);
    assert_eq!(names(&certs.client), ["spiffe://productinfo.example/editor"]);
}
