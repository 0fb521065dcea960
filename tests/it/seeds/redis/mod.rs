//! A Redis for a seed: the store's own scripts in a real Lua 5.1, over a keyspace in memory. It forgets
//! scripts and listeners when it is restarted, and keeps what it had answered for, as a Redis does
//! that writes to its disk before it answers (`appendfsync always`).

mod compare;
mod keyspace;
mod scripts;

use std::sync::{Arc, Mutex};

use ::redis::Value;

use self::{
    keyspace::{Answer, Keyspace, Said},
    scripts::Scripts,
};

/// The words of a command.
pub type Words = Vec<Vec<u8>>;

/// One server.
pub struct Server {
    keys: Arc<Mutex<Keyspace>>,
    scripts: Mutex<Scripts>,
}

impl Server {
    pub fn new() -> Self {
        let keys = Arc::new(Mutex::new(Keyspace::default()));
        Self {
            scripts: Mutex::new(Scripts::over(keys.clone())),
            keys,
        }
    }

    /// Does commands in their order; gives the answer to each, and what was said to listeners.
    pub fn run(&self, commands: &[Words]) -> (Vec<Value>, Said) {
        let mut said = Said::new();
        let is_one = commands.first().is_some_and(|first| first[0] == b"MULTI");
        if !is_one {
            let answers = commands
                .iter()
                .map(|words| told(self.one(words, &mut said)));
            return (answers.collect(), said);
        }
        let (last, inner) = commands[1..].split_last().expect("MULTI has its EXEC");
        assert_eq!(last[0], b"EXEC");
        let answers: Vec<_> = inner
            .iter()
            .map(|words| told(self.one(words, &mut said)))
            .collect();
        let queued = inner.iter().map(|_| Value::SimpleString("QUEUED".into()));
        let mut all = vec![Value::Okay];
        all.extend(queued);
        all.push(Value::Array(answers));
        (all, said)
    }

    fn one(&self, words: &Words, said: &mut Said) -> Answer {
        let mut scripts = self.scripts.lock().expect("no script panics");
        match words[0].to_ascii_uppercase().as_slice() {
            b"SCRIPT" => scripts.load(&words[2]),
            b"EVALSHA" => scripts.run(words, said),
            _ => self
                .keys
                .lock()
                .expect("no command panics")
                .run(words, said),
        }
    }

    /// What a restart forgets.
    pub fn restarted(&self) {
        self.scripts.lock().expect("no script panics").forget();
    }
}

/// As the client's library gives it.
fn told(answer: Answer) -> Value {
    match answer {
        Answer::Nil => Value::Nil,
        Answer::Ok => Value::Okay,
        Answer::Number(number) => Value::Int(number),
        Answer::Bytes(bytes) => Value::BulkString(bytes),
        Answer::Many(answers) => Value::Array(answers.into_iter().map(told).collect()),
        Answer::Fault(fault) => ::redis::parse_redis_value(format!("-{fault}\r\n").as_bytes())
            .expect("an error is an answer"),
    }
}
