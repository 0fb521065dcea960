//! The store's scripts, in a real Lua 5.1, with the calls that Redis gives a script.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use mlua::{Function, Lua, MultiValue, Table, Value};

use super::keyspace::{Answer, Keyspace, Said};

pub struct Scripts {
    lua: Lua,
    known: HashMap<String, Function>,
    said: Arc<Mutex<Said>>,
}

impl Scripts {
    pub fn over(keys: Arc<Mutex<Keyspace>>) -> Self {
        let lua = Lua::new();
        let said: Arc<Mutex<Said>> = Arc::default();
        let heard = said.clone();
        let call = lua.create_function(move |lua, words: MultiValue| {
            let words: Vec<_> = words.into_iter().map(word).collect();
            let mut heard = heard.lock().expect("no script panics");
            let mut keys = keys.lock().expect("no command panics");
            match keys.run(&words, &mut heard) {
                Answer::Fault(fault) => Err(mlua::Error::runtime(fault)),
                answer => into_lua(lua, answer),
            }
        });
        let redis = lua.create_table().expect("a table");
        redis
            .set("call", call.expect("a function"))
            .expect("a table takes it");
        lua.globals().set("redis", redis).expect("a table takes it");
        Self {
            lua,
            known: HashMap::new(),
            said,
        }
    }

    pub fn load(&mut self, body: &[u8]) -> Answer {
        let text = String::from_utf8_lossy(body);
        let name = ::redis::Script::new(&text).get_hash().to_owned();
        let script = self
            .lua
            .load(&*text)
            .into_function()
            .expect("a script of ours");
        self.known.insert(name.clone(), script);
        Answer::Bytes(name.into_bytes())
    }

    pub fn run(&mut self, words: &[Vec<u8>], said: &mut Said) -> Answer {
        let name = String::from_utf8_lossy(&words[1]);
        let Some(script) = self.known.get(&*name) else {
            return Answer::Fault("NOSCRIPT No matching script.".into());
        };
        let keys: usize = String::from_utf8_lossy(&words[2])
            .parse()
            .expect("a number of keys");
        let globals = self.lua.globals();
        let (keys, arguments) = words[3..].split_at(keys);
        globals
            .set("KEYS", self.table(keys))
            .expect("a table takes it");
        globals
            .set("ARGV", self.table(arguments))
            .expect("a table takes it");
        let answer = match script.call::<Value>(()) {
            Ok(value) => from_lua(value),
            Err(error) => Answer::Fault(format!(
                "ERR {}",
                error.to_string().replace(['\r', '\n'], " ")
            )),
        };
        said.append(&mut self.said.lock().expect("no script panics"));
        answer
    }

    pub fn forget(&mut self) {
        self.known.clear();
    }

    fn table(&self, words: &[Vec<u8>]) -> Table {
        let words = words
            .iter()
            .map(|word| self.lua.create_string(word).expect("a string"));
        self.lua.create_sequence_from(words).expect("a table")
    }
}

fn word(value: Value) -> Vec<u8> {
    match value {
        Value::String(text) => text.as_bytes().to_vec(),
        Value::Integer(number) => number.to_string().into_bytes(),
        Value::Number(number) => format!("{number}").into_bytes(),
        other => panic!("a script gives redis.call a {}", other.type_name()),
    }
}

fn into_lua(lua: &Lua, answer: Answer) -> mlua::Result<Value> {
    Ok(match answer {
        Answer::Nil => Value::Boolean(false),
        Answer::Ok => {
            let table = lua.create_table()?;
            table.set("ok", "OK")?;
            Value::Table(table)
        }
        Answer::Number(number) => Value::Number(number as f64),
        Answer::Bytes(bytes) => Value::String(lua.create_string(bytes)?),
        Answer::Many(answers) => {
            let all: mlua::Result<Vec<_>> =
                answers.into_iter().map(|one| into_lua(lua, one)).collect();
            Value::Table(lua.create_sequence_from(all?)?)
        }
        Answer::Fault(fault) => return Err(mlua::Error::runtime(fault)),
    })
}

fn from_lua(value: Value) -> Answer {
    match value {
        Value::Nil | Value::Boolean(false) => Answer::Nil,
        Value::Boolean(true) => Answer::Number(1),
        Value::Integer(number) => Answer::Number(number),
        Value::Number(number) => Answer::Number(number as i64),
        Value::String(text) => Answer::Bytes(text.as_bytes().to_vec()),
        Value::Table(table) => {
            let all = table.sequence_values::<Value>();
            Answer::Many(all.map(|one| from_lua(one.expect("a value"))).collect())
        }
        other => panic!("a script returns a {}", other.type_name()),
    }
}
