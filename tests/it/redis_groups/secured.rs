//! A Redis that is encrypted, asks for a certificate, and lets a user do only what Siaga does.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use siaga::{
    seam::Seam,
    store::{Address, Certificates},
};

use crate::support::{
    night::Night,
    ports::Port,
    process::Process,
    smtp::Identity,
    wait::{PATIENCE, eventually},
};

/// A server as an operator secures it.
struct Secured {
    identity: Identity,
    port: Port,
    folder: tempfile::TempDir,
    _process: Process,
}

const PASSWORD: &str = "rahasia-redis";

impl Secured {
    async fn start() -> Self {
        let identity = Identity::make("localhost");
        let folder = tempfile::tempdir().unwrap();
        let port = Port::take();
        let shipped = concat!(env!("CARGO_MANIFEST_DIR"), "/config/redis-user.acl");
        let users = fs::read_to_string(shipped)
            .unwrap()
            .replace("CHANGE-ME", PASSWORD);
        let users: Vec<&str> = users
            .lines()
            .filter(|line| !line.starts_with('#'))
            .collect();
        // Redis knows an administrator too, who looks at what was refused.
        let users = format!("{}\nuser admin on >admin ~* &* +@all\n", users.join("\n"));
        fs::write(folder.path().join("users.acl"), users).unwrap();
        let (certificate, key) = identity.files();
        let number = port.number().to_string();
        let path = |path: &Path| path.to_str().unwrap().to_owned();
        let arguments = [
            "--bind",
            "127.0.0.1",
            "--port",
            "0",
            "--tls-port",
            &number,
            "--tls-cert-file",
            &path(&certificate),
            "--tls-key-file",
            &path(&key),
            "--tls-ca-cert-file",
            &path(&identity.authority()),
            "--tls-auth-clients",
            "yes",
            "--aclfile",
            "users.acl",
            "--save",
            "",
            "--appendonly",
            "yes",
            "--appendfsync",
            "always",
        ];
        let mut process = Process::start("redis", "redis-server", arguments, folder.path());
        process.wait_until_listening(port.number()).await;
        let secured = Self {
            identity,
            port,
            folder,
            _process: process,
        };
        eventually("Redis to answer", PATIENCE, || {
            (secured.as_administrator(&["PING"]) == "PONG").then_some(())
        })
        .await;
        secured
    }

    /// Runs `redis-cli` as the administrator.
    fn as_administrator(&self, arguments: &[&str]) -> String {
        let (certificate, key) = self.identity.client();
        let output = Command::new("redis-cli")
            .args([
                "-h",
                "localhost",
                "-p",
                &self.port.number().to_string(),
                "--tls",
            ])
            .args(["--user", "admin", "--pass", "admin", "--no-auth-warning"])
            .arg("--cacert")
            .arg(self.identity.authority())
            .arg("--cert")
            .arg(certificate)
            .arg("--key")
            .arg(key)
            .args(arguments)
            .output()
            .unwrap();
        String::from_utf8_lossy(&output.stdout)
            .trim_end()
            .to_owned()
    }

    fn url(&self, password: &str) -> String {
        format!(
            "rediss://siaga:{password}@localhost:{}/0",
            self.port.number()
        )
    }

    fn address(&self) -> Address {
        let read = |path: PathBuf| fs::read(path).unwrap();
        let (certificate, key) = self.identity.client();
        Address::new(&self.url(PASSWORD)).with(Certificates {
            authority: Some(read(self.identity.authority())),
            own: Some((read(certificate), read(key))),
        })
    }

    fn prepare(&self) -> Night {
        let mut night = Night::prepare();
        let siaga = &mut night.siaga;
        siaga.set("redis.mode", "external");
        siaga.set("redis.require", "always");
        let url = self.folder.path().join("url");
        fs::write(&url, self.url(PASSWORD)).unwrap();
        let (certificate, key) = self.identity.client();
        for (name, file) in [
            ("url_file", url),
            ("authority_file", self.identity.authority()),
            ("certificate_file", certificate),
            ("key_file", key),
        ] {
            siaga.set(&format!("redis.{name}"), file.to_str().unwrap());
        }
        night
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_night_on_an_encrypted_redis_as_a_user_with_few_rights() {
    let redis = Secured::start().await;
    let mut night = redis.prepare();
    night.siaga.start_to_halt(Seam::AttemptRecorded, 6).await;
    let address = redis.address();
    let story = night.begin();
    night.siaga.wait_until_halted().await;
    let in_flight = night.in_flight(&address).await;
    night.siaga.kill9_service();
    night.siaga.start().await;
    // What another system writes is found as well.
    let received = siaga::clock::Clock::now(&siaga::clock::SystemClock);
    let foreign = [
        "HSET",
        "aduan:LGWP15000001",
        "diterima",
        &received.to_string(),
        "unit",
        "DISHUB",
    ];
    redis.as_administrator(&foreign);
    night
        .siaga
        .wait_for_timeline("LGWP15000001", "\"opened\"")
        .await;
    night.morning(story, &address, &in_flight).await;
    let refused = redis.as_administrator(&["ACL", "LOG"]);
    assert_eq!(refused, "", "the shipped user lacks a right");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_not_trusted_is_not_spoken_to() {
    let redis = Secured::start().await;
    let other = Identity::make("localhost");
    let text = |path: PathBuf| path.to_str().unwrap().to_owned();
    let (certificate, key) = other.client();
    let wrong_password = redis.folder.path().join("wrong");
    fs::write(&wrong_password, redis.url("salah")).unwrap();
    for (changes, part) in [
        (
            vec![("authority_file", text(other.authority()))],
            "certificate",
        ),
        (
            vec![
                ("certificate_file", text(certificate)),
                ("key_file", text(key)),
            ],
            "",
        ),
        (
            vec![("url_file", text(wrong_password))],
            "authentication failed",
        ),
    ] {
        let mut night = redis.prepare();
        for (name, value) in &changes {
            night.siaga.set(&format!("redis.{name}"), value);
        }
        let (told, code) = night.siaga.run_for_code(&["ledger", "verify"]);
        assert!(
            code != 0 && told.contains(part),
            "{changes:?}: {code} {told}"
        );
        assert!(
            !told.contains(PASSWORD) && !told.contains("salah"),
            "{told}"
        );
    }
}

/// The words in quotes that follow `before` in the files of a folder.
fn named(folder: &Path, before: &str, found: &mut std::collections::BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            named(&path, before, found);
            continue;
        }
        let text = fs::read_to_string(&path).unwrap_or_default();
        let each = text.split(before).skip(1);
        let words = each.filter_map(|rest| rest.split(['"', '\'']).next());
        let commands = words.filter(|word| word.bytes().all(|b| b.is_ascii_uppercase()));
        found.extend(commands.map(str::to_lowercase));
    }
}

#[test]
fn the_shipped_user_may_do_all_that_the_store_asks() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut asked = std::collections::BTreeSet::new();
    named(&root.join("src/store"), "cmd(\"", &mut asked);
    named(&root.join("src/store"), "redis.call('", &mut asked);
    assert!(asked.len() > 20, "{asked:?}");
    let users = fs::read_to_string(root.join("config/redis-user.acl")).unwrap();
    let rights: Vec<&str> = users.split_whitespace().collect();
    let may = |command: &str| {
        let (whole, part) = (format!("+{command}"), format!("+{command}|"));
        rights
            .iter()
            .any(|right| *right == whole || right.starts_with(&part))
    };
    // What a backup is put in with, by whoever may do more.
    for command in ["dump", "restore", "unlink"] {
        assert!(asked.remove(command), "{command} is asked no more");
    }
    let missing: Vec<&String> = asked.iter().filter(|command| !may(command)).collect();
    assert!(
        missing.is_empty(),
        "config/redis-user.acl lacks {missing:?}"
    );
}
