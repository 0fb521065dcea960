//! Whom to trust on the other end, and what to do when the other end is not trusted.
//!
//! A certificate that is not accepted stops the dialogue before a name, a password or a word of a
//! page has left, and it is an operator's matter: trying again changes nothing.

use std::path::Path;

use lettre::transport::smtp::{
    Error as SmtpError,
    client::{Certificate, TlsParameters},
};
use rustls::{
    CertificateError, RootCertStore,
    pki_types::{CertificateDer, pem::PemObject},
};

use super::{Settings, TlsMode};
use crate::{
    channel::{exchange::Failure, fault::GatewayFault},
    domain::delivery::FailureKind,
};

/// What the settings say of encryption; none where there is none.
pub(super) fn parameters(
    name: &str,
    settings: &Settings,
) -> Result<Option<TlsParameters>, GatewayFault> {
    if settings.tls == TlsMode::None {
        return match &settings.ca_file {
            None => Ok(None),
            Some(path) => Err(GatewayFault::shown(
                name,
                "ca_file",
                &path.display().to_string(),
                "it has no use without encryption: leave it out, or write tls = \"starttls\"",
            )),
        };
    }
    let mut builder = TlsParameters::builder(settings.host.clone());
    if let Some(path) = &settings.ca_file {
        for certificate in authorities(path).map_err(|problem| {
            let remedy = format!(
                "{problem}; name a PEM file of certificates that the service may read, or leave \
                 it out"
            );
            GatewayFault::shown(name, "ca_file", &path.display().to_string(), &remedy)
        })? {
            builder = builder.add_root_certificate(certificate);
        }
    }
    builder.build().map(Some).map_err(|_| {
        let remedy = "write the server's name as it stands in its certificate";
        GatewayFault::shown(name, "host", &settings.host, remedy)
    })
}

/// Reads the authorities of a file, each tried out, so that a wrong file is found now and not when
/// the first page is due.
fn authorities(path: &Path) -> Result<Vec<Certificate>, String> {
    let pem = std::fs::read(path).map_err(|error| error.to_string())?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    let found = found.map_err(|_| "it is no PEM file".to_owned())?;
    if found.is_empty() {
        return Err("there is no certificate in it".to_owned());
    }
    found
        .into_iter()
        .enumerate()
        .map(|(at, der)| {
            let broken = || format!("certificate {} in it cannot be read", at + 1);
            let certificate = Certificate::from_der(der.to_vec()).map_err(|_| broken())?;
            RootCertStore::empty().add(der).map_err(|_| broken())?;
            Ok(certificate)
        })
        .collect()
}

/// What an error of the encryption asks for; none when it is another error.
pub(super) fn explain(step: &str, error: &SmtpError) -> Option<Failure> {
    let words = match cause(error)? {
        rustls::Error::InvalidCertificate(reason) => match reason {
            // The second: by one that only calls itself as a trusted one does.
            CertificateError::UnknownIssuer | CertificateError::BadSignature => {
                "the server's certificate is signed by nobody that is trusted here: name the \
                 authority in ca_file"
                    .to_owned()
            }
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                "the server's certificate is for another name: write the name that stands in it \
                 as host"
                    .to_owned()
            }
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                "the server's certificate has expired: renew it on the server".to_owned()
            }
            other => format!("the server's certificate is not accepted ({other})"),
        },
        rustls::Error::InvalidMessage(_) => {
            "the server does not speak TLS on this port: look at port and tls".to_owned()
        }
        _ => return None,
    };
    let detail = format!("{step}: {words}; nothing was sent");
    Some(Failure::new(FailureKind::Misconfigured, detail))
}

/// The error of the encryption inside another, however deep: errors of sockets hide it.
fn cause<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a rustls::Error> {
    let mut inner = Some(error);
    while let Some(error) = inner {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        let hidden = error
            .downcast_ref::<std::io::Error>()
            .and_then(std::io::Error::get_ref);
        if let Some(found) = hidden.and_then(|error| error.downcast_ref()) {
            return Some(found);
        }
        inner = error.source();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault_of(content: &[u8]) -> String {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ca.pem");
        std::fs::write(&file, content).unwrap();
        authorities(&file).map(|_| ()).unwrap_err()
    }

    #[test]
    fn a_file_of_no_authority_is_told_apart() {
        assert!(authorities(Path::new("/nowhere/ca.pem")).is_err());
        assert_eq!(fault_of(b""), "there is no certificate in it");
        assert_eq!(fault_of(b"hello"), "there is no certificate in it");
        let key = "-----BEGIN PRIVATE KEY-----\nMC4CAQAw\n-----END PRIVATE KEY-----\n";
        assert_eq!(fault_of(key.as_bytes()), "there is no certificate in it");
        let cut = "-----BEGIN CERTIFICATE-----\nMIIB\n";
        assert_eq!(fault_of(cut.as_bytes()), "it is no PEM file");
        let broken = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
        assert_eq!(
            fault_of(broken.as_bytes()),
            "certificate 1 in it cannot be read"
        );
        let authority = || {
            let key = rcgen::KeyPair::generate().unwrap();
            let parameters = rcgen::CertificateParams::new(Vec::new()).unwrap();
            parameters.self_signed(&key).unwrap().pem()
        };
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ca.pem");
        std::fs::write(&file, authority() + &authority()).unwrap();
        assert_eq!(authorities(&file).map(|found| found.len()), Ok(2));
    }
}
