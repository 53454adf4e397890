//! How clients reach their servers: whom to trust, and through which proxy. The same for all commands that connect.

use std::path::{Path, PathBuf};

use clap::Args;
use wirebahn_tokio::proxy::Proxy;
use wirebahn_tokio::tls::{ClientTls, ClientTlsOptions, Identity, Roots};
use wirebahn_tokio::{Dialer, Route};

use crate::{Failure, values};

/// What the help of those commands says about it.
macro_rules! help {
    () => {
        "\
TLS (wss) trusts whom this system trusts, or with --ca-file whom that file names and nobody else: the certificate itself
if it is signed by itself. The proxy is that of --proxy, or of the usual variables: WSS_PROXY or WS_PROXY, HTTPS_PROXY,
HTTP_PROXY, ALL_PROXY, and NO_PROXY for hosts to be reached directly, which those on this machine always are.
"
    };
}
pub(crate) use help;

#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Transport")]
pub(crate) struct Transport {
    /// Trust the certificates in this PEM file, and nobody else
    #[arg(long, value_name = "FILE", conflicts_with = "insecure")]
    ca_file: Option<PathBuf>,
    /// Trust whoever answers: anybody on the way can read and change what is sent
    #[arg(long)]
    insecure: bool,
    /// Show the certificate in this PEM file to servers that ask for one
    #[arg(long, value_name = "FILE", requires = "key_file")]
    cert_file: Option<PathBuf>,
    /// The private key of that certificate, a PEM file, too
    #[arg(long, value_name = "FILE", requires = "cert_file")]
    key_file: Option<PathBuf>,
    // As an attribute: rustdoc takes the URL for a link.
    #[arg(
        long,
        value_name = "URL",
        value_parser = values::proxy,
        help = "Go through this proxy: http://, https://, socks5:// or socks5h:// (default: as the environment says)"
    )]
    proxy: Option<Proxy>,
}

impl Transport {
    pub(crate) fn dialer(&self) -> Result<Dialer, Failure> {
        let mut dialer = Dialer::default();
        dialer.tls = Some(self.tls()?);
        dialer.route = match &self.proxy {
            Some(proxy) => Route::Through(Box::new(proxy.clone())),
            None => Route::from_environment(),
        };
        Ok(dialer)
    }

    fn tls(&self) -> Result<ClientTls, Failure> {
        let mut options = ClientTlsOptions::default();
        if let (Some(chain), Some(key)) = (&self.cert_file, &self.key_file) {
            options.identity = Some(identity(chain, key)?);
        }
        if self.insecure {
            return Ok(ClientTls::new_without_verification(options));
        }
        match &self.ca_file {
            Some(path) => {
                options.roots = Roots::empty();
                let added = options.roots.add_pem(&read(path)?).map(drop);
                added.map_err(|error| unusable(path, error))?;
            }
            // A system that trusts nobody has no list of its own; those of Mozilla stay.
            None => options.roots = Roots::system().unwrap_or(options.roots),
        }
        ClientTls::new(options).map_err(|error| Failure::Failed(format!("cannot use TLS: {error}")))
    }
}

/// The certificate and the private key in two PEM files, which may be one.
pub(crate) fn identity(chain: &Path, key: &Path) -> Result<Identity, Failure> {
    Identity::from_pem(&read(chain)?, &read(key)?).map_err(|error| unusable(chain, error))
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(path).map_err(|error| Failure::Usage(format!("cannot read {}: {error}", path.display())))
}

fn unusable(path: &Path, error: impl std::fmt::Display) -> Failure {
    Failure::Usage(format!("cannot use {}: {error}", path.display()))
}
