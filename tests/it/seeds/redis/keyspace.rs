//! What a Redis holds, and the commands that the store uses of it. A command that the store begins to
//! use is unknown here until it is written; `compare` holds each against a real server.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

type Bytes = Vec<u8>;

/// What a command answers, as Redis tells it to a script too.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    Nil,
    Ok,
    Number(i64),
    Bytes(Bytes),
    Many(Vec<Answer>),
    Fault(String),
}

#[derive(Debug)]
enum Held {
    Text(Bytes),
    Hash(BTreeMap<Bytes, Bytes>),
    Sorted(Sorted),
    List(VecDeque<Bytes>),
    Stream(Vec<(u64, Vec<Bytes>)>),
}

#[derive(Debug, Default)]
struct Sorted {
    scores: BTreeMap<Bytes, f64>,
    order: BTreeSet<(i64, Bytes)>,
}

/// Scores in their order as whole numbers: ours are whole milliseconds or infinite.
fn rank(score: f64) -> i64 {
    let bits = score.to_bits() as i64;
    bits ^ (((bits >> 63) as u64) >> 1) as i64
}

impl Sorted {
    fn put(&mut self, member: Bytes, score: f64) -> bool {
        let before = self.scores.insert(member.clone(), score);
        if let Some(before) = before {
            self.order.remove(&(rank(before), member.clone()));
        }
        self.order.insert((rank(score), member));
        before.is_none()
    }

    fn take(&mut self, member: &[u8]) -> bool {
        let Some(score) = self.scores.remove(member) else {
            return false;
        };
        self.order.remove(&(rank(score), member.to_vec()))
    }

    fn told<'a>(&self, members: impl Iterator<Item = &'a Bytes>, with_scores: bool) -> Answer {
        let mut told = Vec::new();
        for member in members {
            told.push(Answer::Bytes(member.clone()));
            if with_scores {
                told.push(Answer::Bytes(shown(self.scores[member])));
            }
        }
        Answer::Many(told)
    }
}

fn shown(score: f64) -> Bytes {
    if score.is_infinite() {
        if score > 0.0 { "inf" } else { "-inf" }.into()
    } else {
        format!("{score}").into_bytes()
    }
}

/// The keys of one server.
#[derive(Debug, Default)]
pub struct Keyspace {
    keys: BTreeMap<Bytes, Held>,
}

/// What was said to listeners, by channel.
pub type Said = Vec<(String, String)>;

macro_rules! kept {
    ($name:ident, $kind:ident, $type:ty) => {
        fn $name(&mut self, key: &[u8]) -> Result<&mut $type, Answer> {
            match self
                .keys
                .entry(key.to_vec())
                .or_insert_with(|| Held::$kind(Default::default()))
            {
                Held::$kind(held) => Ok(held),
                _ => Err(Answer::Fault(
                    "WRONGTYPE Operation against a key holding the wrong kind of value".into(),
                )),
            }
        }
    };
}

impl Keyspace {
    kept!(hash, Hash, BTreeMap<Bytes, Bytes>);
    kept!(sorted, Sorted, Sorted);
    kept!(list, List, VecDeque<Bytes>);
    kept!(stream, Stream, Vec<(u64, Vec<Bytes>)>);

    /// Does one command; what it says to listeners is added to `said`.
    pub fn run(&mut self, words: &[Bytes], said: &mut Said) -> Answer {
        let name = text(&words[0]).to_uppercase();
        let answer = self.command(&name, &words[1..], said);
        // Redis keeps no empty key.
        if let Some(key) = words.get(1)
            && self.keys.get(key).is_some_and(Held::is_empty)
        {
            self.keys.remove(key);
        }
        answer.unwrap_or_else(|fault| fault)
    }

    fn command(&mut self, name: &str, words: &[Bytes], said: &mut Said) -> Result<Answer, Answer> {
        let first = words.first().map(Vec::as_slice).unwrap_or_default();
        Ok(match name {
            "PING" => Answer::Bytes(b"PONG".to_vec()),
            "GET" => match self.keys.get(first) {
                Some(Held::Text(held)) => Answer::Bytes(held.clone()),
                Some(_) => return Err(Answer::Fault("WRONGTYPE not a text".into())),
                None => Answer::Nil,
            },
            "SET" => {
                self.keys
                    .insert(first.to_vec(), Held::Text(words[1].clone()));
                Answer::Ok
            }
            "DEL" => number(
                words
                    .iter()
                    .filter(|key| self.keys.remove(*key).is_some())
                    .count(),
            ),
            "PUBLISH" => {
                said.push((text(first), text(&words[1])));
                Answer::Number(0)
            }
            "SCAN" => self.scan(words),
            _ if name.starts_with('H') => self.of_hash(name, first, &words[1..])?,
            _ if name.starts_with('Z') => self.of_sorted(name, first, &words[1..])?,
            _ if name.starts_with('X') => self.of_stream(name, first, &words[1..])?,
            _ if name.starts_with('L') || name.starts_with('R') => {
                self.of_list(name, first, &words[1..])?
            }
            _ => unknown(name),
        })
    }

    fn scan(&self, words: &[Bytes]) -> Answer {
        let after = |option: &str| {
            let at = words
                .iter()
                .position(|word| text(word).to_uppercase() == option)?;
            words.get(at + 1)
        };
        let pattern = after("MATCH").map_or_else(|| "*".into(), |pattern| text(pattern));
        let (before, behind) = pattern.split_once('*').unwrap_or((pattern.as_str(), ""));
        let only_hashes = after("TYPE").is_some();
        let found = self.keys.iter().filter(|(key, held)| {
            let key = text(key);
            key.len() >= before.len() + behind.len()
                && key.starts_with(before)
                && key.ends_with(behind)
                && (!only_hashes || matches!(held, Held::Hash(_)))
        });
        let found = found.map(|(key, _)| Answer::Bytes(key.clone())).collect();
        Answer::Many(vec![Answer::Bytes(b"0".to_vec()), Answer::Many(found)])
    }

    fn of_hash(&mut self, name: &str, key: &[u8], words: &[Bytes]) -> Result<Answer, Answer> {
        let hash = self.hash(key)?;
        let field = words.first();
        Ok(match (name, field) {
            ("HGET", Some(field)) => maybe(hash.get(field)),
            ("HMGET", _) => {
                Answer::Many(words.iter().map(|field| maybe(hash.get(field))).collect())
            }
            ("HGETALL", _) => {
                let pairs = hash.iter().flat_map(|(field, value)| [field, value]);
                Answer::Many(pairs.map(|word| Answer::Bytes(word.clone())).collect())
            }
            ("HLEN", _) => number(hash.len()),
            ("HEXISTS", Some(field)) => number(usize::from(hash.contains_key(field))),
            ("HSET", _) => {
                let pairs = words.chunks_exact(2);
                number(
                    pairs
                        .filter(|pair| hash.insert(pair[0].clone(), pair[1].clone()).is_none())
                        .count(),
                )
            }
            ("HSETNX", Some(field)) => {
                let is_new = !hash.contains_key(field);
                hash.entry(field.clone())
                    .or_insert_with(|| words[1].clone());
                number(usize::from(is_new))
            }
            ("HDEL", _) => number(
                words
                    .iter()
                    .filter(|field| hash.remove(*field).is_some())
                    .count(),
            ),
            ("HINCRBY", Some(field)) => {
                let before: i64 = hash.get(field).map_or(0, |held| whole(held));
                let sum = before + whole(&words[1]);
                hash.insert(field.clone(), sum.to_string().into_bytes());
                Answer::Number(sum)
            }
            _ => unknown(name),
        })
    }

    fn of_sorted(&mut self, name: &str, key: &[u8], words: &[Bytes]) -> Result<Answer, Answer> {
        let sorted = self.sorted(key)?;
        let has = |option: &str| words.iter().any(|word| text(word).to_uppercase() == option);
        Ok(match name {
            "ZCARD" => number(sorted.scores.len()),
            "ZADD" => {
                let options = words
                    .iter()
                    .take_while(|word| ["NX", "XX"].contains(&text(word).as_str()));
                let pairs = words[options.count()..].chunks_exact(2);
                let mut added = 0;
                for pair in pairs {
                    let known = sorted.scores.contains_key(&pair[1]);
                    if (known && has("NX")) || (!known && has("XX")) {
                        continue;
                    }
                    added += usize::from(sorted.put(pair[1].clone(), score(&pair[0])));
                }
                number(added)
            }
            "ZREM" => number(words.iter().filter(|member| sorted.take(member)).count()),
            "ZSCORE" => maybe(
                sorted
                    .scores
                    .get(&words[0])
                    .map(|score| shown(*score))
                    .as_ref(),
            ),
            "ZMSCORE" => Answer::Many(
                words
                    .iter()
                    .map(|member| {
                        maybe(
                            sorted
                                .scores
                                .get(member)
                                .map(|score| shown(*score))
                                .as_ref(),
                        )
                    })
                    .collect(),
            ),
            "ZRANGE" | "ZREVRANGE" => {
                let count = sorted.order.len() as i64;
                let at = |word: &Bytes| match whole(word) {
                    n if n < 0 => (count + n).max(0),
                    n => n,
                };
                let (from, to) = (at(&words[0]), at(&words[1]));
                let take = usize::try_from(to - from + 1).unwrap_or(0);
                let members = sorted.order.iter().map(|(_, member)| member);
                if name == "ZRANGE" {
                    sorted.told(members.skip(from as usize).take(take), has("WITHSCORES"))
                } else {
                    sorted.told(
                        members.rev().skip(from as usize).take(take),
                        has("WITHSCORES"),
                    )
                }
            }
            "ZRANGEBYSCORE" => {
                let (low, high) = (rank(score(&words[0])), rank(score(&words[1])));
                let limit = words
                    .iter()
                    .position(|word| text(word).to_uppercase() == "LIMIT");
                let (skip, take) = limit.map_or((0, usize::MAX), |at| {
                    (
                        whole(&words[at + 1]) as usize,
                        whole(&words[at + 2]) as usize,
                    )
                });
                let members = sorted
                    .order
                    .iter()
                    .filter(|(rank, _)| (low..=high).contains(rank));
                let members = members.map(|(_, member)| member).skip(skip).take(take);
                sorted.told(members, has("WITHSCORES"))
            }
            _ => unknown(name),
        })
    }

    fn of_stream(&mut self, name: &str, key: &[u8], words: &[Bytes]) -> Result<Answer, Answer> {
        let stream = self.stream(key)?;
        let sequence = |word: &Bytes| match text(word).as_str() {
            "-" => 0,
            "+" => u64::MAX,
            id => id
                .split('-')
                .next()
                .and_then(|n| n.parse().ok())
                .unwrap_or(0),
        };
        Ok(match name {
            "XLEN" => number(stream.len()),
            "XADD" => {
                let id = sequence(&words[0]);
                if stream.last().is_some_and(|(last, _)| *last >= id) {
                    return Err(Answer::Fault("ERR The ID specified in XADD is equal or smaller than the target stream top item".into()));
                }
                stream.push((id, words[1..].to_vec()));
                Answer::Bytes(words[0].clone())
            }
            "XRANGE" => {
                let (from, to) = (sequence(&words[0]), sequence(&words[1]));
                let count = words
                    .get(3)
                    .map_or(usize::MAX, |count| whole(count) as usize);
                let found = stream
                    .iter()
                    .filter(|(id, _)| (from..=to).contains(id))
                    .take(count);
                let told = found.map(|(id, fields)| {
                    let fields = fields
                        .iter()
                        .map(|field| Answer::Bytes(field.clone()))
                        .collect();
                    Answer::Many(vec![
                        Answer::Bytes(format!("{id}-0").into_bytes()),
                        Answer::Many(fields),
                    ])
                });
                Answer::Many(told.collect())
            }
            _ => unknown(name),
        })
    }

    fn of_list(&mut self, name: &str, key: &[u8], words: &[Bytes]) -> Result<Answer, Answer> {
        let list = self.list(key)?;
        Ok(match name {
            "LLEN" => number(list.len()),
            "RPUSH" => {
                list.extend(words.iter().cloned());
                number(list.len())
            }
            "LINDEX" => {
                let at = whole(&words[0]);
                let at = if at < 0 { at + list.len() as i64 } else { at };
                maybe(usize::try_from(at).ok().and_then(|at| list.get(at)))
            }
            "LRANGE" => {
                let count = list.len() as i64;
                let at = |word: &Bytes| match whole(word) {
                    n if n < 0 => (count + n).max(0),
                    n => n,
                };
                let (from, to) = (at(&words[0]) as usize, at(&words[1]));
                let take = usize::try_from(to - from as i64 + 1).unwrap_or(0);
                Answer::Many(
                    list.iter()
                        .skip(from)
                        .take(take)
                        .cloned()
                        .map(Answer::Bytes)
                        .collect(),
                )
            }
            _ => unknown(name),
        })
    }
}

impl Held {
    fn is_empty(&self) -> bool {
        match self {
            Self::Hash(held) => held.is_empty(),
            Self::Sorted(held) => held.scores.is_empty(),
            Self::List(held) => held.is_empty(),
            // A text may be empty; a stream stays when its last entry goes.
            Self::Text(_) | Self::Stream(_) => false,
        }
    }
}

fn unknown(name: &str) -> Answer {
    panic!(
        "the store uses {name}, which the seeds' Redis has not learnt: add it, and a line to compare"
    )
}

fn text(word: &[u8]) -> String {
    String::from_utf8_lossy(word).into_owned()
}

fn number(count: usize) -> Answer {
    Answer::Number(count as i64)
}

fn whole(word: &[u8]) -> i64 {
    text(word).parse().expect("a whole number")
}

fn score(word: &[u8]) -> f64 {
    text(word).parse().expect("a score")
}

fn maybe(held: Option<&Bytes>) -> Answer {
    held.map_or(Answer::Nil, |held| Answer::Bytes(held.clone()))
}
