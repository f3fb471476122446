//! TLS for clients: one certificate, read again on SIGHUP; a new one counts from the next connection on.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arc_swap::ArcSwap;
use kernel::config::Tls;
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

/// Why the certificate cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file is not there, or is no PEM.
    #[error("{} cannot be used: {source}. CAIRN_TLS_CERT and CAIRN_TLS_KEY name PEM files.", file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// Why.
        source: pem::Error,
    },
    /// The key is not the certificate's, or of a kind that is not known.
    #[error("the certificate and the key of CAIRN_TLS_CERT and CAIRN_TLS_KEY cannot be used together: {0}")]
    Key(#[from] rustls::Error),
}

/// The certificate in force.
#[derive(Debug)]
pub(crate) struct Certificate {
    files: Tls,
    present: ArcSwap<CertifiedKey>,
}

impl Certificate {
    /// Reads it.
    pub(crate) fn load(files: &Tls) -> Result<Self, TlsError> {
        Ok(Self { files: files.clone(), present: ArcSwap::from_pointee(read(files)?) })
    }

    /// Reads it again. A bad one changes nothing.
    pub(crate) async fn reload(&self) {
        let files = self.files.clone();
        match tokio::task::spawn_blocking(move || read(&files)).await {
            Ok(Ok(certificate)) => {
                self.present.store(Arc::new(certificate));
                tracing::info!(service = "gateway", "the certificate was read again");
            }
            Ok(Err(error)) => {
                tracing::error!(service = "gateway", %error, "the certificate is refused, the present one stays");
            }
            Err(error) => tracing::error!(service = "gateway", %error, "the certificate cannot be read"),
        }
    }

    /// How the server speaks TLS: 1.2 and 1.3, HTTP/2 where the client offers it.
    pub(crate) fn server_config(self: &Arc<Self>) -> Result<ServerConfig, TlsError> {
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth();
        Ok(config.with_cert_resolver(Arc::<Self>::clone(self)))
    }
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.present.load_full())
    }
}

fn read(files: &Tls) -> Result<CertifiedKey, TlsError> {
    let bad = |file: &Path| {
        let file = file.to_owned();
        move |source| TlsError::File { file, source }
    };
    let chain = CertificateDer::pem_file_iter(&files.certificate).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let chain = chain.map_err(bad(&files.certificate))?;
    let key = PrivateKeyDer::from_pem_file(&files.key).map_err(bad(&files.key))?;
    Ok(CertifiedKey::from_der(chain, key, &ring::default_provider())?)
}
