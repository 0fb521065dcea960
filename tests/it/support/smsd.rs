//! A real gammu-smsd with gammu's dummy telephone, which is a folder.
//!
//! What it sent lies in `sent`, what it received comes from the telephone's folder. Its log says how
//! many parts a text took.

use std::{fs, path::PathBuf, process::Command, time::Duration};

use tempfile::TempDir;

use super::{
    process::Process,
    wait::{PATIENCE, eventually},
};

/// A running smsd; ends with this value.
#[derive(Debug)]
pub(crate) struct Smsd {
    folder: TempDir,
    process: Option<Process>,
    received: usize,
}

impl Smsd {
    /// Makes the folders and starts it.
    pub(crate) async fn start() -> Self {
        let mut smsd = Self::prepare();
        smsd.switch_on().await;
        smsd
    }

    /// Makes the folders alone.
    pub(crate) fn prepare() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["in", "out", "sent", "error", "telephone"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        let root = folder.path().display();
        let settings = format!(
            "[gammu]\nmodel = dummy\nconnection = none\ndevice = {root}/telephone\n\
             gammuloc = /dev/null\n[smsd]\nservice = files\nlogfile = {root}/smsd.log\n\
             debuglevel = 255\ninboxpath = {root}/in/\noutboxpath = {root}/out/\n\
             sentsmspath = {root}/sent/\nerrorsmspath = {root}/error/\ninboxformat = unicode\n\
             outboxformat = unicode\ntransmitformat = auto\ncommtimeout = 1\nsendtimeout = 5\n\
             loopsleep = 1\nreceivefrequency = 1\nstatusfrequency = 30\nCheckSecurity = 0\n\
             CheckBattery = 0\nCheckSignal = 0\nCheckNetwork = 0\n"
        );
        fs::write(folder.path().join("smsdrc"), settings).unwrap();
        // Makes the telephone's own folders.
        let made = Command::new("gammu")
            .args(["-c", "smsdrc", "identify"])
            .current_dir(folder.path())
            .output()
            .expect("gammu is installed by deploy/setup test");
        assert!(made.status.success(), "{made:?}");
        Self {
            folder,
            process: None,
            received: 0,
        }
    }

    /// Starts it (again).
    pub(crate) async fn switch_on(&mut self) {
        let begun = || self.log().matches("Starting phone communication").count();
        let before = begun();
        let arguments = ["-c", "smsdrc"];
        let process = Process::start("gammu-smsd", "gammu-smsd", arguments, self.folder.path());
        eventually("smsd to reach its telephone", PATIENCE, || {
            (begun() > before).then_some(())
        })
        .await;
        self.process = Some(process);
    }

    /// Kills it.
    pub(crate) fn kill9(&mut self) {
        self.process.take().unwrap().kill9();
    }

    /// Where it takes messages from.
    pub(crate) fn outbox(&self) -> PathBuf {
        self.path("out")
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn log(&self) -> String {
        let bytes = fs::read(self.path("smsd.log")).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// A gateway's settings for its folders.
    pub(crate) fn gateway(&self, timeout: &str) -> String {
        let [outbox, sent, error, inbox] =
            ["out", "sent", "error", "in"].map(|name| self.path(name).display().to_string());
        format!(
            "[[gateways]]\nname = \"modem\"\ntype = \"gammu\"\noutbox = \"{outbox}\"\n\
             sent = \"{sent}\"\nerror = \"{error}\"\ninbox = \"{inbox}\"\n\
             timeout = \"{timeout}\"\n"
        )
    }

    /// The names of the messages in one of its folders.
    pub(crate) fn files(&self, folder: &str) -> Vec<String> {
        let entries = fs::read_dir(self.path(folder)).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        // What begins with a point is still being written.
        names.filter(|name| !name.starts_with('.')).collect()
    }

    /// The texts that its telephone has sent to a number.
    pub(crate) fn sent_to(&self, number: &str) -> Vec<String> {
        let files = self.files("sent").into_iter();
        let of_number = files.filter(|name| name.contains(&format!("_{number}_")));
        of_number
            .map(|name| utf16(&self.path("sent").join(name)))
            .collect()
    }

    /// Waits until its telephone has sent `number` a text with `part`.
    pub(crate) async fn wait_for_sms(&self, number: &str, part: &str) -> String {
        let what = format!("a message with {part:?} to {number}");
        eventually(&what, PATIENCE, || {
            let mut texts = self.sent_to(number).into_iter();
            texts.find(|text| text.contains(part))
        })
        .await
    }

    /// How many parts it made of each message to a number, in order.
    pub(crate) fn parts_of(&self, number: &str) -> Vec<usize> {
        let to = format!(" sms to \"{number}\"");
        let log = self.log();
        let found = log.lines().filter(|line| line.contains(&to));
        found
            .filter_map(|line| {
                let (before, _) = line.split_once(&to)?;
                before.rsplit(' ').next()?.parse().ok()
            })
            .collect()
    }

    /// Somebody sends its telephone a text.
    pub(crate) fn receive(&mut self, from: &str, text: &str) {
        self.receive_part(from, text, None);
    }

    /// Somebody's telephone sends a part, with its header.
    pub(crate) fn receive_part(&mut self, from: &str, text: &str, header: Option<&str>) {
        self.received += 1;
        let words: String = text
            .encode_utf16()
            .map(|unit| format!("{unit:04X}"))
            .collect();
        let coding = if text.is_ascii() {
            "Default"
        } else {
            "Unicode"
        };
        let header = header.map_or_else(String::new, |header| format!("UDH = {header}\n"));
        let content = format!(
            "[SMSBackup000]\nSMSC = \"+6281100000\"\nPDU = Deliver\nDateTime = 20261124T233000Z\n\
             State = UnRead\nNumber = \"{from}\"\nName = \"\"\n{header}Text00 = {words}\n\
             Coding = {coding}_No_Compression\nFolder = 1\nLength = {}\nClass = -1\n\
             ReplySMSC = False\nRejectDuplicates = False\nReplaceMessage = 0\n\
             MessageReference = 0\n",
            text.chars().count()
        );
        let half = self.path("telephone/half");
        fs::write(&half, content).unwrap();
        let whole = self.path(&format!("telephone/sms/1/{}", self.received));
        fs::rename(half, whole).unwrap();
    }
}

fn utf16(path: &std::path::Path) -> String {
    let bytes = fs::read(path).unwrap();
    let units: Vec<u16> = bytes
        .chunks(2)
        .map(|pair| u16::from_be_bytes([pair[0], pair[1]]))
        .collect();
    String::from_utf16(&units).unwrap()
}

/// How soon a page must leave by another way when smsd takes nothing.
pub(crate) const SOON: Duration = Duration::from_secs(10);
