//! A CA that signs whatever a test needs: expired certificates, for example.

use std::{ops::Range, time::SystemTime};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, SanType};
use rcgen::{DnType, ExtendedKeyUsagePurpose as Usage, KeyUsagePurpose};
use tls::certs::Certs;

pub(crate) struct Ca(CertifiedIssuer<'static, KeyPair>);

impl Ca {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "the CA of a test");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    /// Certificates whose server has the names `localhost` and 127.0.0.1, and whose client has
    /// `client`. They are valid in these times.
    pub(crate) fn certs(
        &self,
        server: Range<SystemTime>,
        client: Range<SystemTime>,
        names: Vec<SanType>,
    ) -> Certs {
        let host = CertificateParams::new(["localhost".into(), "127.0.0.1".into()]).unwrap();
        let (server, server_key) = self.sign(host, Usage::ServerAuth, server);
        let mut params = CertificateParams::default();
        params.subject_alt_names = names;
        let (client, client_key) = self.sign(params, Usage::ClientAuth, client);
        Certs { ca: self.0.pem(), server, server_key, client, client_key }
    }

    fn sign(
        &self,
        mut params: CertificateParams,
        usage: Usage,
        valid: Range<SystemTime>,
    ) -> (String, String) {
        params.extended_key_usages = vec![usage];
        params.not_before = valid.start.into();
        params.not_after = valid.end.into();
        let key = KeyPair::generate().unwrap();
        (params.signed_by(&key, &self.0).unwrap().pem(), key.serialize_pem())
    }
}
