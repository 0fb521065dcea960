//! E-mail from the real program to a real mail server that is encrypted and asks for a password.

use std::path::Path;

use crate::support::{
    siaga::Siaga,
    smtp::{self, Identity, SmtpServer},
    wait::PATIENCE,
};

const HEAD: &str = r#"
[[people]]
id = "budi"
name = "Budi Contohwan"
email = "budi@dishub.test"
[holders]
"DISHUB.kepala" = "budi"
"#;

/// What one trial differs in.
struct Trial<'a> {
    tls: &'a str,
    host: &'a str,
    ca_file: Option<&'a Path>,
    password: &'a str,
}

fn gateway(server: &SmtpServer, trial: &Trial<'_>) -> String {
    let ca_file = trial.ca_file.map_or_else(String::new, |path| {
        format!("ca_file = \"{}\"", path.display())
    });
    format!(
        r#"
[[gateways]]
name = "mail"
type = "smtp"
host = "{}"
port = {}
tls = "{}"
{ca_file}
username = "{}"
password = "{}"
from = "Siaga <siaga@siaga.test>"
"#,
        trial.host,
        server.port(),
        trial.tls,
        smtp::USERNAME,
        trial.password,
    )
}

/// Lets a complaint become overdue with this gateway, and gives its record once `part` is in it.
async fn overdue_with(gateway: &str, part: &str) -> String {
    let mut siaga = Siaga::prepare();
    siaga.write("", gateway, HEAD);
    let (checked, usable) = siaga.run(&["check"]);
    assert!(usable, "{checked}");
    siaga.start().await;
    siaga.overdue("LGWP14376928").await;
    let record = siaga.wait_for_timeline("LGWP14376928", part).await;
    siaga.stop().await;
    record
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_goes_encrypted_to_a_server_whose_authority_is_named() {
    let identity = Identity::make("localhost");
    let authority = identity.authority();
    for mode in ["starttls", "tls"] {
        let server = SmtpServer::start_encrypted(mode, &identity).await;
        let trial = Trial {
            tls: mode,
            host: "localhost",
            ca_file: Some(&authority),
            password: smtp::PASSWORD,
        };
        let sent = "\"k\":\"attempt_sent\"";
        let record = overdue_with(&gateway(&server, &trial), sent).await;
        assert!(!record.contains("attempt_failed"), "{mode}: {record}");
        let letter = server.wait_for_mail("budi@dishub.test", PATIENCE).await;
        assert!(letter.tls, "{mode}");
        assert_eq!(letter.user.as_deref(), Some(smtp::USERNAME));
        assert!(letter.header("subject").contains("LGWP14376928"));
        let clear = server.heard_in_the_clear();
        let said: Vec<_> = clear
            .lines()
            .map(|line| line.split(' ').next().unwrap())
            .collect();
        let expected: &[&str] = match mode {
            "starttls" => &["EHLO", "STARTTLS"],
            _ => &[],
        };
        assert_eq!(said, expected, "{mode}: nothing else in the clear");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_operator_must_mend_is_told_with_the_remedy_and_nothing_leaves() {
    let ours = Identity::make("localhost");
    let other = Identity::make("localhost");
    let elsewhere = Identity::make("mail.siaga.test");
    let (ours_ca, other_ca, elsewhere_ca) =
        (ours.authority(), other.authority(), elsewhere.authority());
    let good = |ca_file| Trial {
        tls: "starttls",
        host: "localhost",
        ca_file,
        password: smtp::PASSWORD,
    };
    let wrong_password = Trial {
        password: "salah-sekali",
        ..good(Some(&*ours_ca))
    };
    let whole = |ca_file| Trial {
        tls: "tls",
        ..good(ca_file)
    };
    let cases = [
        (
            "starttls",
            &ours,
            good(None),
            "name the authority in ca_file",
        ),
        (
            "starttls",
            &ours,
            good(Some(&other_ca)),
            "name the authority in ca_file",
        ),
        ("tls", &ours, whole(None), "name the authority in ca_file"),
        (
            "starttls",
            &elsewhere,
            good(Some(&elsewhere_ca)),
            "write the name that stands in it as host",
        ),
        // Encryption from the first byte, where the server begins in the clear.
        (
            "starttls",
            &ours,
            whole(Some(&ours_ca)),
            "look at port and tls",
        ),
        (
            "starttls",
            &ours,
            wrong_password,
            "look at username and password",
        ),
    ];
    for (mode, identity, trial, words) in cases {
        let server = SmtpServer::start_encrypted(mode, identity).await;
        let settings = gateway(&server, &trial);
        let record = overdue_with(&settings, "\"k\":\"attempt_failed\"").await;
        assert!(record.contains(words), "{words}\nis not in\n{record}");
        assert!(record.contains("\"kind\":\"misconfigured\""), "{record}");
        let alarm = "{\"alarm\":\"gateway_misconfigured\",\"gateway\":\"mail\"}";
        assert!(record.contains(alarm), "{record}");
        assert!(!record.contains(trial.password), "{record}");
        assert_eq!(server.mails().len(), 0, "{words}");
        let clear = server.heard_in_the_clear();
        for secret in ["AUTH", "MAIL", "RCPT", "LGWP", "budi"] {
            assert!(!clear.contains(secret), "{secret} in {clear}");
        }
    }
}

#[test]
fn check_tells_which_file_of_authorities_cannot_be_used_and_why() {
    let identity = Identity::make("localhost");
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let missing = folder.path().join("nowhere.pem");
    let broken = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
    let cases = [
        (missing.clone(), "starttls", "No such file"),
        (folder.path().to_owned(), "starttls", "directory"),
        (
            file("empty.pem", ""),
            "tls",
            "there is no certificate in it",
        ),
        (
            file("broken.pem", broken),
            "starttls",
            "certificate 1 in it cannot be read",
        ),
        (identity.authority(), "none", "no use without encryption"),
    ];
    for (path, tls, words) in cases {
        let siaga = Siaga::prepare();
        let gateway = format!(
            "[[gateways]]\nname = \"mail\"\ntype = \"smtp\"\nhost = \"localhost\"\ntls = \"{tls}\"\n\
             ca_file = \"{}\"\nfrom = \"siaga@siaga.test\"\n",
            path.display()
        );
        siaga.write("", &gateway, HEAD);
        let (checked, usable) = siaga.run(&["check"]);
        assert!(!usable, "{checked}");
        let path = path.display().to_string();
        for part in ["gateways[0].ca_file", path.as_str(), words] {
            assert!(checked.contains(part), "{part}\nis not in\n{checked}");
        }
    }
}
