//! The trusted certificates of mail servers.

use auth_core::config::SettingError;
use lettre::transport::smtp::client::{Certificate, CertificateStore, TlsParameters};

use crate::settings::SmtpConfig;

/// Trusts the public certificate authorities, which are compiled in so that a container needs no files for them, or the
/// certificates of a file.
pub(crate) fn trust(config: &SmtpConfig, host: &str) -> Result<TlsParameters, SettingError> {
    let refused = |problem: String| SettingError::Value {
        name: "SMTP_CA_FILE",
        problem,
        accepts: "path of a file with certificates in PEM",
    };
    let mut builder =
        TlsParameters::builder(host.to_owned()).certificate_store(CertificateStore::WebpkiRoots);
    if let Some(path) = &config.ca_file {
        let pem =
            std::fs::read(path).map_err(|error| refused(format!("can't read {path}: {error}")))?;
        // The parser accepts a file without certificates.
        let mark = b"-----BEGIN CERTIFICATE-----";
        if !pem.windows(mark.len()).any(|part| part == mark) {
            return Err(refused(format!("{path} contains no certificates")));
        }
        let certificates = Certificate::from_pem(&pem);
        let certificates = certificates.map_err(|error| refused(format!("{path}: {error}")))?;
        builder = builder
            .certificate_store(CertificateStore::None)
            .add_root_certificate(certificates);
    }
    builder.build().map_err(|error| refused(error.to_string()))
}
