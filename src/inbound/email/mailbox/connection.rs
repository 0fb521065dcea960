//! Reaches the mail server, encrypts, and signs in.

use std::{path::Path, sync::Arc, time::Duration};

use async_imap::{Client, Session, error::Error as ImapError};
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};
use secrecy::ExposeSecret;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::TlsConnector;

use super::{Encryption, MailboxFault, Options};

/// How long one step of the dialogue may take.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);
const CONNECT: Duration = Duration::from_secs(10);

/// A connection, encrypted or not.
pub(super) trait Wire: AsyncRead + AsyncWrite + Unpin + std::fmt::Debug + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + std::fmt::Debug + Send> Wire for T {}

pub(super) type Imap = Session<Box<dyn Wire>>;

/// What the authorities of the settings and the usual ones are worth for a connection.
///
/// # Errors
/// When the file of authorities cannot be used; says why.
pub fn tls(ca_file: Option<&Path>) -> Result<Arc<ClientConfig>, String> {
    let mut roots = RootCertStore {
        roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
    };
    if let Some(path) = ca_file {
        let pem = std::fs::read(path).map_err(|error| error.to_string())?;
        let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
        let found = found.map_err(|_| "it is no PEM file".to_owned())?;
        if found.is_empty() {
            return Err("there is no certificate in it".to_owned());
        }
        for certificate in found {
            roots
                .add(certificate)
                .map_err(|_| "a certificate in it cannot be read".to_owned())?;
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

/// Waits for one step, and says which it was when it fails.
pub(super) async fn step<T>(
    place: &str,
    step: &'static str,
    work: impl Future<Output = Result<T, ImapError>>,
) -> Result<T, MailboxFault> {
    match timeout(PATIENCE, work).await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(error)) => Err(MailboxFault::Broken {
            place: place.to_owned(),
            step,
            why: cut(&error),
        }),
        Err(_) => Err(MailboxFault::Silent {
            place: place.to_owned(),
            step,
            patience: PATIENCE,
        }),
    }
}

/// What a server said, short enough for a log.
pub(super) fn cut(error: &ImapError) -> String {
    error.to_string().chars().take(200).collect()
}

/// A connection that has signed in.
pub(super) async fn open(options: &Options) -> Result<Imap, MailboxFault> {
    let place = options.place();
    let unreachable = |why: String| MailboxFault::Unreachable {
        place: place.clone(),
        why,
    };
    let address = (options.host.as_str(), options.port);
    let tcp = timeout(CONNECT, TcpStream::connect(address))
        .await
        .map_err(|_| unreachable("no answer".to_owned()))?
        .map_err(|error| unreachable(error.to_string()))?;
    // Commands are short and answered at once.
    let _ = tcp.set_nodelay(true);
    let client = match &options.encryption {
        Encryption::None => greeted(&place, Box::new(tcp)).await?,
        Encryption::Whole(config) => {
            let tls = encrypted(options, config, Box::new(tcp)).await?;
            greeted(&place, tls).await?
        }
        Encryption::Starttls(config) => {
            let mut plain = greeted(&place, Box::new(tcp)).await?;
            timeout(PATIENCE, plain.run_command_and_check_ok("STARTTLS", None))
                .await
                .map_err(|_| unreachable("no answer to STARTTLS".to_owned()))?
                .map_err(|error| MailboxFault::Encryption {
                    place: place.clone(),
                    why: cut(&error),
                    remedy: "the server offers no STARTTLS: look at tls and port of [inbound.email]",
                })?;
            Client::new(encrypted(options, config, plain.into_inner()).await?)
        }
    };
    let login = client.login(&options.username, options.password.expose_secret());
    match timeout(PATIENCE, login).await {
        Ok(Ok(session)) => Ok(session),
        Ok(Err((ImapError::No(why) | ImapError::Bad(why), _))) => Err(MailboxFault::Login {
            place,
            why: why.chars().take(200).collect(),
        }),
        Ok(Err((error, _))) => Err(MailboxFault::Broken {
            place,
            step: "signing in",
            why: cut(&error),
        }),
        Err(_) => Err(MailboxFault::Silent {
            place,
            step: "signing in",
            patience: PATIENCE,
        }),
    }
}

async fn greeted(place: &str, wire: Box<dyn Wire>) -> Result<Client<Box<dyn Wire>>, MailboxFault> {
    let mut client = Client::new(wire);
    let greeting = step(place, "being greeted", async {
        Ok(client.read_response().await?)
    });
    match greeting.await? {
        Some(_) => Ok(client),
        None => Err(MailboxFault::Broken {
            place: place.to_owned(),
            step: "being greeted",
            why: "the connection was closed".to_owned(),
        }),
    }
}

async fn encrypted(
    options: &Options,
    config: &Arc<ClientConfig>,
    wire: Box<dyn Wire>,
) -> Result<Box<dyn Wire>, MailboxFault> {
    let fault = |why: String, remedy| MailboxFault::Encryption {
        place: options.place(),
        why,
        remedy,
    };
    let name = ServerName::try_from(options.host.clone())
        .map_err(|error| fault(error.to_string(), "write the server's name as host"))?;
    let connect = TlsConnector::from(config.clone()).connect(name, wire);
    let tls = timeout(PATIENCE, connect)
        .await
        .map_err(|_| {
            fault(
                "no answer".to_owned(),
                "look at tls and port of [inbound.email]",
            )
        })?
        .map_err(|error| {
            let remedy = if error.to_string().contains("certificate") {
                "write the name in its certificate as host, or name its authority in ca_file of \
                 [inbound.email]"
            } else {
                "look at tls and port of [inbound.email]"
            };
            fault(error.to_string(), remedy)
        })?;
    Ok(Box::new(tls))
}
