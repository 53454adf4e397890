//! Certificates, made anew for each test.

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use wirebahn_tokio::tls::{ClientTls, ClientTlsOptions, Identity, Roots};

/// Someone who issues certificates.
pub(crate) struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    pub(crate) fn new(name: &str) -> Self {
        let mut params = CertificateParams::new([]).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self { pem, issuer: Issuer::new(params, key) }
    }

    /// A certificate for `host`.
    pub(crate) fn issue(&self, host: &str) -> Identity {
        self.issue_with(host, |_| {})
    }

    /// A certificate for `host` whose time is over.
    pub(crate) fn issue_expired(&self, host: &str) -> Identity {
        self.issue_with(host, |params| {
            params.not_before = date_time_ymd(2020, 1, 1);
            params.not_after = date_time_ymd(2021, 1, 1);
        })
    }

    /// A certificate for `host` whose time has not come.
    pub(crate) fn issue_for_the_future(&self, host: &str) -> Identity {
        self.issue_with(host, |params| {
            params.not_before = date_time_ymd(4000, 1, 1);
            params.not_after = date_time_ymd(4001, 1, 1);
        })
    }

    fn issue_with(&self, host: &str, change: impl FnOnce(&mut CertificateParams)) -> Identity {
        let mut params = params(host);
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        identity(&certificate.pem(), &key)
    }

    pub(crate) fn roots(&self) -> Roots {
        let mut roots = Roots::empty();
        roots.add_pem(self.pem.as_bytes()).unwrap();
        roots
    }

    /// A client that trusts nobody else.
    pub(crate) fn client(&self) -> ClientTls {
        self.client_with(|_| {})
    }

    pub(crate) fn client_with(&self, change: impl FnOnce(&mut ClientTlsOptions)) -> ClientTls {
        let mut options = ClientTlsOptions::default();
        options.roots = self.roots();
        change(&mut options);
        ClientTls::new(options).unwrap()
    }
}

/// A certificate for `host` that is signed by itself.
pub(crate) fn self_signed(host: &str) -> Identity {
    let key = KeyPair::generate().unwrap();
    identity(&params(host).self_signed(&key).unwrap().pem(), &key)
}

fn params(host: &str) -> CertificateParams {
    let mut params = CertificateParams::new([host.to_owned()]).unwrap();
    params.distinguished_name.push(DnType::CommonName, host);
    params
}

fn identity(pem: &str, key: &KeyPair) -> Identity {
    Identity::from_pem(pem.as_bytes(), key.serialize_pem().as_bytes()).unwrap()
}
