//! The seeds' Redis against a real one: the same commands by chance, the same answers.

use ::redis::Value;

use super::{Server, Words};
use crate::{
    seeds::stage::{Dice, print},
    support::redis::{Durability, RedisServer},
};

/// One command by chance, on few keys, members and numbers, so that they meet.
fn command(dice: &mut Dice) -> Words {
    let hash = format!("h{}", dice.between(0, 2));
    let sorted = format!("z{}", dice.between(0, 2));
    let list = format!("l{}", dice.between(0, 1));
    let stream = format!("x{}", dice.between(0, 1));
    let member = |dice: &mut Dice| format!("m{}", dice.between(0, 7));
    let number = |dice: &mut Dice| dice.between(0, 9).to_string();
    let text = |dice: &mut Dice| match dice.between(0, 9) {
        0 => dice.choose(&[(1, "-inf"), (1, "inf")]).to_owned(),
        _ => number(dice),
    };
    let one: Vec<String> = match dice.between(0, 27) {
        0 | 1 => vec![
            "HSET".into(),
            hash,
            member(dice),
            number(dice),
            member(dice),
            number(dice),
        ],
        2 => vec!["HGET".into(), hash, member(dice)],
        3 => vec!["HMGET".into(), hash, member(dice), member(dice)],
        4 => vec!["HLEN".into(), hash],
        5 => vec!["HEXISTS".into(), hash, member(dice)],
        6 => vec!["HSETNX".into(), hash, member(dice), number(dice)],
        7 => vec!["HDEL".into(), hash, member(dice), member(dice)],
        8 => vec!["HINCRBY".into(), hash, member(dice), number(dice)],
        9..=11 => vec!["ZADD".into(), sorted, text(dice), member(dice)],
        12 => vec!["ZADD".into(), sorted, "NX".into(), text(dice), member(dice)],
        13 => vec!["ZADD".into(), sorted, "XX".into(), text(dice), member(dice)],
        14 => vec!["ZREM".into(), sorted, member(dice), member(dice)],
        15 => vec!["ZCARD".into(), sorted],
        16 => vec!["ZMSCORE".into(), sorted, member(dice), member(dice)],
        17 => vec![
            "ZRANGE".into(),
            sorted,
            number(dice),
            "-1".into(),
            "WITHSCORES".into(),
        ],
        18 => vec!["ZREVRANGE".into(), sorted, "0".into(), number(dice)],
        19 => vec![
            "ZRANGEBYSCORE".into(),
            sorted,
            text(dice),
            text(dice),
            "WITHSCORES".into(),
            "LIMIT".into(),
            "0".into(),
            number(dice),
        ],
        20 => vec!["ZRANGEBYSCORE".into(), sorted, "-inf".into(), text(dice)],
        21 => vec!["RPUSH".into(), list, number(dice)],
        22 => vec!["LLEN".into(), list],
        23 => vec![
            "LINDEX".into(),
            list,
            dice.choose(&[(1, "-1"), (1, "0"), (1, "3")]).into(),
        ],
        24 => vec![
            "XADD".into(),
            stream,
            format!("{}-0", dice.between(1, 300)),
            "f".into(),
            number(dice),
        ],
        25 => vec![
            "XRANGE".into(),
            stream,
            "-".into(),
            "+".into(),
            "COUNT".into(),
            "3".into(),
        ],
        26 => vec!["XLEN".into(), stream],
        _ => vec!["GET".into(), format!("t{}", dice.between(0, 1))],
    };
    one.into_iter().map(String::into_bytes).collect()
}

#[tokio::test]
async fn the_seeds_redis_answers_as_a_real_one() {
    let real = RedisServer::start(Durability::None).await;
    let client = ::redis::Client::open(real.url()).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let ours = Server::new();
    let mut dice = Dice::of(print("compare"));
    let mut refused = 0;
    for turn in 0..20_000 {
        let words = command(&mut dice);
        let mut pipe = ::redis::Cmd::new();
        for word in &words {
            pipe.arg(word);
        }
        let theirs: Result<Value, _> = pipe.query_async(&mut connection).await;
        let (mut answers, _) = ours.run(std::slice::from_ref(&words));
        let own = answers.pop().unwrap();
        let shown = words
            .iter()
            .map(|word| String::from_utf8_lossy(word))
            .collect::<Vec<_>>();
        if let Ok(theirs) = theirs {
            assert_eq!(own, theirs, "turn {turn}: {shown:?}");
        } else {
            refused += 1;
            assert!(
                matches!(own, Value::ServerError(_)),
                "turn {turn}: {shown:?} gave {own:?}"
            );
        }
    }
    assert!(refused > 0, "what Redis refuses was among them");
}
