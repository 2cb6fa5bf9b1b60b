//! Certificates: a CA, what it signs, and their files.

use std::{fs, io, io::Write as _, path::Path, time::Duration, time::SystemTime};

use launcher::Error;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rcgen::{ExtendedKeyUsagePurpose as Usage, KeyUsagePurpose, SanType, date_time_ymd};

const FILES: [&str; 5] = ["ca.pem", "server.pem", "server.key", "client.pem", "client.key"];
/// The names of the server. A client looks here for the host that it connects to.
const SERVER: [&str; 3] = ["localhost", "127.0.0.1", "::1"];
/// The identity of the client that may add products.
pub const EDITOR: &str = "spiffe://productinfo.example/editor";

/// Certificates and their private keys, in PEM. No `Debug`, so that no key gets into a log.
#[derive(Default)]
pub struct Certs {
    pub ca: String,
    pub server: String,
    pub server_key: String,
    pub client: String,
    pub client_key: String,
}

impl Certs {
    /// The files that a side reads. The other side's private key belongs on another machine.
    pub const OF_SERVER: &[&str] = &["ca.pem", "server.pem", "server.key"];
    pub const OF_CLIENT: &[&str] = &["ca.pem", "client.pem", "client.key"];

    /// Creates a CA and its certificates. This CA then forgets its key, which a real one keeps for years.
    pub fn create() -> Result<Self, Error> {
        Authority::new()?.certs()
    }

    /// Reads only these files. The fields of the others are empty.
    pub fn read(dir: &Path, files: &[&str]) -> Result<Self, Error> {
        let mut texts = [const { String::new() }; 5];
        for (text, name) in texts.iter_mut().zip(FILES).filter(|file| files.contains(&file.1)) {
            *text = fs::read_to_string(dir.join(name)).map_err(|error| {
                let dir = dir.display();
                format!("cannot read {dir}/{name}: {error}; create it with `tls certs {dir}`")
            })?;
        }
        let [ca, server, server_key, client, client_key] = texts;
        Ok(Self { ca, server, server_key, client, client_key })
    }

    /// Writes all files. Without `force`, an existing CA is an error, because clients still trust it.
    pub fn write(&self, dir: &Path, force: bool) -> Result<(), Error> {
        // The CA is the first one, so that an error about it leaves the other files unchanged.
        let texts = [&self.ca, &self.server, &self.server_key, &self.client, &self.client_key];
        for (name, text) in FILES.into_iter().zip(texts) {
            write(dir, name, text, force || name != "ca.pem").map_err(|error| {
                let old = error.kind() == io::ErrorKind::AlreadyExists;
                let advice = if old { "; use another directory, or --force" } else { "" };
                format!("cannot write {}/{name}: {error}{advice}", dir.display())
            })?;
        }
        Ok(())
    }
}

/// Writes a new file. If it is a key, others cannot read it, not even for a moment.
fn write(dir: &Path, name: &str, text: &str, replace: bool) -> io::Result<()> {
    fs::create_dir_all(dir)?;
    let path = dir.join(name);
    if replace && path.exists() {
        // A file that is only overwritten keeps its mode.
        fs::remove_file(&path)?;
    }
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    if name.ends_with("key") {
        // Changing the mode later would leave a moment in which others can open the file.
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    }
    options.open(path)?.write_all(text.as_bytes())
}

/// A certificate authority (CA): a key that signs certificates, and a certificate for that key.
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    pub fn new() -> Result<Self, Error> {
        let key = KeyPair::generate()?;
        // Each CA needs another name, because certificates refer to their CA by its name.
        let id = key.public_key_raw().iter().rev().take(4).map(|byte| format!("{byte:02x}"));
        let name = format!("productinfo CA {}", id.collect::<String>());
        let mut ca = CertificateParams::default();
        ca.distinguished_name.push(DnType::CommonName, name);
        ca.not_after = date_time_ymd(2049, 12, 31);
        // It may sign certificates, but not those of further CAs.
        ca.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        ca.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        Ok(Self(CertifiedIssuer::self_signed(ca, key)?))
    }

    pub fn certs(&self) -> Result<Certs, Error> {
        let params = CertificateParams::new(SERVER.map(String::from))?;
        let (server, server_key) = self.sign(params, Usage::ServerAuth)?;
        let (client, client_key) = self.client(EDITOR)?;
        Ok(Certs { ca: self.0.pem(), server, server_key, client, client_key })
    }

    /// A certificate for a client with this identity, a URI, and its key.
    pub fn client(&self, identity: &str) -> Result<(String, String), Error> {
        let mut params = CertificateParams::default();
        params.subject_alt_names = vec![SanType::URI(identity.try_into()?)];
        self.sign(params, Usage::ClientAuth)
    }

    fn sign(&self, params: CertificateParams, usage: Usage) -> Result<(String, String), Error> {
        let mut params = params;
        params.distinguished_name.push(DnType::CommonName, "productinfo");
        // Valid from yesterday on, because the clocks of two machines differ.
        params.not_before = (SystemTime::now() - Duration::from_secs(86_400)).into();
        params.not_after = (SystemTime::now() + Duration::from_secs(86_400 * 365)).into();
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![usage];
        params.use_authority_key_identifier_extension = true;
        // An ECDSA key on the curve P-256: small, fast, and supported everywhere.
        let key = KeyPair::generate()?;
        Ok((params.signed_by(&key, &self.0)?.pem(), key.serialize_pem()))
    }
}
