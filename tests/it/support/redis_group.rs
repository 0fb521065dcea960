//! Several real Redis servers: a master and its replica under three Sentinels, or a cluster of three masters with a
//! replica each.

use std::{path::Path, process::Command};

use siaga::store::{Address, Group};
use tempfile::TempDir;

use super::{
    ports::Port,
    process::Process,
    wait::{PATIENCE, eventually, eventually_asked},
};

/// A server of the group.
#[derive(Debug)]
pub(crate) struct Node {
    process: Process,
    name: String,
    arguments: Vec<String>,
    port: Port,
    _bus: Port,
}

/// The servers; they end with this value.
#[derive(Debug)]
pub(crate) struct RedisGroup {
    pub(crate) nodes: Vec<Node>,
    sentinels: Vec<Node>,
    folder: TempDir,
}

/// The name by which the Sentinels watch the group.
pub(crate) const MASTER: &str = "siaga";

impl Node {
    fn start(folder: &Path, name: &str, arguments: &[String]) -> Self {
        let (port, bus) = (Port::take(), Port::take());
        let own = folder.join(name);
        std::fs::create_dir_all(&own).unwrap();
        let number = port.number().to_string();
        let cluster_port = bus.number().to_string();
        let mut all: Vec<String> = ["--bind", "127.0.0.1", "--port", &number, "--save", ""]
            .map(str::to_owned)
            .to_vec();
        for argument in arguments {
            all.push(argument.replace("BUS", &cluster_port));
        }
        let process = Process::start(name, "redis-server", &all, &own);
        Self {
            process,
            name: name.to_owned(),
            arguments: all,
            port,
            _bus: bus,
        }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port.number()
    }

    /// Runs `redis-cli` against it.
    pub(crate) fn cli(&self, arguments: &[&str]) -> String {
        cli(self.port(), arguments)
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        self.process.signal(signal);
    }

    pub(crate) fn kill9(&mut self) {
        self.process.kill9();
    }
}

fn cli(port: u16, arguments: &[&str]) -> String {
    let output = Command::new("redis-cli")
        .args(["-p", &port.to_string()])
        .args(arguments)
        .output()
        .expect("redis-cli: run deploy/setup test");
    String::from_utf8_lossy(&output.stdout)
        .trim_end()
        .to_owned()
}

fn words(text: &str) -> Vec<String> {
    text.split(' ').map(str::to_owned).collect()
}

const KEEPS: &str = "--appendonly yes --appendfsync always";

impl RedisGroup {
    /// A master with a replica, under three Sentinels that find it dead after half a second.
    pub(crate) async fn watched() -> Self {
        Self::watched_for(500).await
    }

    /// The same, found dead after so many milliseconds: a master that is only slow must not be replaced.
    pub(crate) async fn watched_for(dead_after: u32) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let master = Node::start(folder.path(), "master", &words(KEEPS));
        let copy = format!("{KEEPS} --replicaof 127.0.0.1 {}", master.port());
        let replica = Node::start(folder.path(), "replica", &words(&copy));
        let mut group = Self {
            nodes: vec![master, replica],
            sentinels: Vec::new(),
            folder,
        };
        group.wait_until_listening().await;
        group.wait_until_copied(0).await;
        for number in 0..3 {
            let name = format!("sentinel-{number}");
            let own = group.folder.path().join(&name);
            std::fs::create_dir_all(&own).unwrap();
            let port = Port::take();
            let settings = format!(
                "port {}\nbind 127.0.0.1\nsentinel monitor {MASTER} 127.0.0.1 {} 2\n\
                 sentinel down-after-milliseconds {MASTER} {dead_after}\nsentinel failover-timeout {MASTER} 2000\n",
                port.number(),
                group.nodes[0].port(),
            );
            std::fs::write(own.join("sentinel.conf"), settings).unwrap();
            let arguments = words("sentinel.conf --sentinel");
            let mut process = Process::start(&name, "redis-server", &arguments, &own);
            process.wait_until_listening(port.number()).await;
            group.sentinels.push(Node {
                process,
                name,
                arguments,
                port,
                _bus: Port::take(),
            });
        }
        let (sentinels, nodes) = (&group.sentinels, &group.nodes);
        eventually(
            "the Sentinels to know each other and the replica",
            PATIENCE,
            || {
                let known = sentinels.iter().all(|it| {
                    let told = it.cli(&["SENTINEL", "MASTER", MASTER]);
                    let told: Vec<&str> = told.lines().collect();
                    let field = |name| {
                        told.iter()
                            .position(|it| *it == name)
                            .map(|at| told[at + 1])
                    };
                    (field("num-slaves"), field("num-other-sentinels")) == (Some("1"), Some("2"))
                });
                known.then_some(())
            },
        )
        .await;
        assert_eq!(nodes.len(), 2);
        group
    }

    /// Three masters that share the keys, with a replica each.
    pub(crate) async fn cluster() -> Self {
        Self::cluster_for(1000).await
    }

    /// The same, with so many milliseconds until a server counts as dead.
    pub(crate) async fn cluster_for(dead_after: u32) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let settings = format!(
            "{KEEPS} --cluster-enabled yes --cluster-node-timeout {dead_after} --cluster-port BUS --cluster-replica-validity-factor 0"
        );
        let nodes = (0..6)
            .map(|number| Node::start(folder.path(), &format!("node-{number}"), &words(&settings)));
        let mut group = Self {
            nodes: nodes.collect(),
            sentinels: Vec::new(),
            folder,
        };
        group.wait_until_listening().await;
        let mut create = Command::new("redis-cli");
        create.args(["--cluster", "create"]);
        for node in &group.nodes {
            create.arg(format!("127.0.0.1:{}", node.port()));
        }
        create.args(["--cluster-replicas", "1", "--cluster-yes"]);
        let created = create.output().expect("redis-cli");
        let told = String::from_utf8_lossy(&created.stdout);
        assert!(created.status.success(), "{told}");
        let nodes = &group.nodes;
        eventually("the cluster to stand", PATIENCE, || {
            let stands = nodes.iter().all(|it| {
                it.cli(&["CLUSTER", "INFO"]).contains("cluster_state:ok")
                    && it.cli(&["CLUSTER", "NODES"]).matches("slave ").count() == 3
            });
            stands.then_some(())
        })
        .await;
        group
    }

    async fn wait_until_listening(&mut self) {
        for node in &mut self.nodes {
            let port = node.port.number();
            node.process.wait_until_listening(port).await;
            eventually("Redis to answer", PATIENCE, || {
                (cli(port, &["PING"]) == "PONG").then_some(())
            })
            .await;
        }
    }

    /// Waits until a replica has what a master has.
    pub(crate) async fn wait_until_copied(&self, master: usize) {
        let node = &self.nodes[master];
        eventually("the replica to have it all", PATIENCE, || {
            // A replica that is still loading its copy counts as none.
            let copied = node.cli(&["WAIT", "1", "100"]) == "1";
            let linked = node.cli(&["INFO", "replication"]).contains("state=online");
            (copied && linked).then_some(())
        })
        .await;
    }

    /// Waits until there are so many masters without the one that died.
    pub(crate) async fn wait_until_promoted(&self, masters: usize, died: usize) {
        eventually_asked("a replica to have its place", PATIENCE, || async {
            let now = self.masters();
            (now.len() == masters && !now.contains(&died)).then_some(())
        })
        .await;
    }

    /// Starts a server that died; ends when it is a replica that has everything.
    pub(crate) async fn revive(&mut self, place: usize) {
        let folder = self.folder.path();
        let master = self.masters().first().map(|it| self.nodes[*it].port());
        let node = &mut self.nodes[place];
        let mut arguments: Vec<&str> = node.arguments.iter().map(String::as_str).collect();
        if let Some(at) = arguments.iter().position(|it| *it == "--replicaof") {
            arguments.drain(at..at + 3);
        }
        let number = master.unwrap_or_default().to_string();
        if !self.sentinels.is_empty() {
            // As its Sentinels would tell it a moment later.
            arguments.extend(["--replicaof", "127.0.0.1", &number]);
        }
        node.process = Process::start(
            &node.name,
            "redis-server",
            &arguments,
            &folder.join(&node.name),
        );
        let port = node.port();
        node.process.wait_until_listening(port).await;
        eventually("it to be a replica that has it all", 2 * PATIENCE, || {
            let told = cli(port, &["INFO", "replication"]);
            (told.contains("role:slave") && told.contains("master_link_status:up")).then_some(())
        })
        .await;
    }

    /// The places of the masters among the servers that answer.
    pub(crate) fn masters(&self) -> Vec<usize> {
        let nodes = self.nodes.iter().enumerate();
        let is_master = |it: &Node| it.cli(&["INFO", "replication"]).contains("role:master");
        nodes
            .filter(|(_, it)| is_master(it))
            .map(|(place, _)| place)
            .collect()
    }

    /// As the settings name them.
    pub(crate) fn named(&self) -> String {
        let servers = if self.sentinels.is_empty() {
            &self.nodes
        } else {
            &self.sentinels
        };
        let each = servers
            .iter()
            .map(|it| format!("\"127.0.0.1:{}\"", it.port()));
        format!("[{}]", each.collect::<Vec<_>>().join(", "))
    }

    pub(crate) fn address(&self) -> Address {
        let is_cluster = self.sentinels.is_empty();
        let servers = if is_cluster {
            &self.nodes
        } else {
            &self.sentinels
        };
        let group = Group {
            nodes: servers
                .iter()
                .map(|it| ("127.0.0.1".to_owned(), it.port()))
                .collect(),
            ..Group::default()
        };
        if is_cluster {
            Address::cluster(group)
        } else {
            Address::sentinel(group, MASTER)
        }
    }
}
