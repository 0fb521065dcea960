//! Whatever is done to a ledger in Redis is found, and what a chain cannot prove is found by heads that were noted
//! elsewhere.

use crate::support::{
    redis::{Durability, RedisServer},
    siaga::{Settings, Siaga},
};

const SMS: &str = "[[gateways]]\nname = \"sms\"\ntype = \"sandbox\"\ntransport = \"sms\"\n";
const PEOPLE: &str = "[[people]]\nid = \"budi\"\nname = \"Budi Contohwan\"\nsms = \"0811-0000-0001\"\n[holders]\n\"DISHUB.kepala\" = \"budi\"\n";
const LEDGER: &str = "siaga:{c0}:ledger";
const HEAD: &str = "siaga:{c0}:ledger:head";

/// Lua that does something to the ledger; `f(n)` and `h(n)` are the fields of an entry, `put(n, f, h)` writes it, and
/// `all` are the entries. A stream takes no entry in the middle, so it is written anew.
fn damage(body: &str) -> String {
    format!(
        "local key, head = KEYS[1], KEYS[2]\n\
         local read, all = redis.call('XRANGE', key, '-', '+'), {{}}\n\
         for i, it in ipairs(read) do all[i] = {{ id = it[1], f = it[2][2], h = it[2][4], a = it[2][1], b = it[2][3] }} end\n\
         {body}\n\
         redis.call('DEL', key)\n\
         for _, it in ipairs(all) do redis.call('XADD', key, it.id, it.a, it.f, it.b, it.h) end\n\
         return #all"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn every_damage_is_found() {
    let redis = RedisServer::start(Durability::None).await;
    let mut siaga = Siaga::prepare();
    siaga.set("redis.mode", "external");
    siaga.set("redis.require", "nothing");
    siaga.set("redis.url", &redis.url());
    siaga.write_settings(&Settings {
        more: SMS,
        people: PEOPLE,
        ..Settings::default()
    });
    siaga.start().await;
    for id in ["LGWP91001", "LGWP91002"] {
        siaga.overdue(id).await;
        siaga.wait_for_timeline(id, "\"attempt_sent\"").await;
    }
    siaga.stop().await;
    let (early, code) = siaga.run_for_code(&["ledger", "heads"]);
    assert_eq!(code, 0, "{early}");
    let noted = siaga.folder.path().join("heads");
    std::fs::write(&noted, &early).unwrap();
    let noted = noted.to_str().unwrap();
    let verify = || siaga.run_for_code(&["ledger", "verify"]);
    let verify_noted = || siaga.run_for_code(&["ledger", "verify", "--noted", noted]);
    let (told, code) = verify_noted();
    assert!(code == 0 && told.contains("1 noted heads"), "{told}");
    let whole: Vec<String> = [LEDGER, HEAD].iter().map(|key| (*key).to_owned()).collect();
    for key in &whole {
        redis.cli(&["COPY", key, &format!("{key}:whole"), "REPLACE"]);
    }
    for (what, body, said) in [
        (
            "a fact is changed",
            "all[3].f = all[3].f .. ' '",
            "entry 3 was changed",
        ),
        (
            "a fact is another's",
            "all[3].f = all[2].f",
            "entry 3 was changed",
        ),
        (
            "a link is changed",
            "all[2].h = string.rep('x', 32)",
            "entry 2 was changed",
        ),
        (
            "an entry is taken out",
            "table.remove(all, 3)",
            "entry 3 is missing",
        ),
        (
            "the first is taken out",
            "table.remove(all, 1)",
            "entry 1 is missing",
        ),
        (
            "two are swapped",
            "all[2].f, all[3].f = all[3].f, all[2].f; all[2].h, all[3].h = all[3].h, all[2].h",
            "entry 2 was changed",
        ),
        (
            "the end is cut off",
            "all[#all] = nil",
            "the end was cut off",
        ),
        ("all of it is cut off", "all = {}", "the end was cut off"),
        (
            "one is put behind",
            "all[#all + 1] = { id = (#all + 1) .. '-0', f = all[1].f, h = all[1].h, a = all[1].a, b = all[1].b }",
            "stands behind the head",
        ),
        (
            "the head is changed",
            "redis.call('HSET', head, 'h', string.rep('x', 32))",
            "the head was changed",
        ),
        (
            "the head is set back",
            "redis.call('HSET', head, 'n', #all - 1)",
            "",
        ),
        (
            "the head is taken out",
            "redis.call('DEL', head)",
            "the head was changed",
        ),
    ] {
        redis.cli(&["EVAL", &damage(body), "2", LEDGER, HEAD]);
        let (told, code) = verify();
        assert!(code == 1 && told.contains(said), "{what}: {code}: {told}");
        for key in &whole {
            redis.cli(&["COPY", &format!("{key}:whole"), key, "REPLACE"]);
        }
    }
    assert_eq!(verify().1, 0, "it is whole again");

    // A chain that is older, or made anew, holds by itself; noted heads tell.
    let cut = "local last = all[#all - 1]; all[#all] = nil; redis.call('HSET', head, 'n', #all, 'h', last.h)";
    redis.cli(&["EVAL", &damage(cut), "2", LEDGER, HEAD]);
    assert_eq!(
        verify().1,
        0,
        "a chain cannot prove that nothing came behind it"
    );
    let (told, code) = verify_noted();
    assert!(
        code == 1 && told.contains("is not the one that was noted"),
        "{told}"
    );
    std::fs::write(noted, "c0 1 halo welt\n").unwrap();
    let (told, code) = verify_noted();
    assert!(code == 2 && told.contains("heads:1"), "{told}");
}
