//! Who pretends to be somebody: without a key, in a gateway's name, with another's link.

use jiff::SignedDuration;
use serde_json::json;
use siaga::{
    clock::{Clock, SystemClock},
    domain::id::{ComplaintId, ResponderId},
    inbound::link::Signer,
};

use super::{Hostile, INTAKE, JSON, LINK_SECRET, OLD_KEY, key, plain, post, row};
use crate::support::{
    fake_meta::{self, sign},
    fake_twilio::{self, Webhook},
    kannel,
    siaga::KEY,
};

pub(super) fn keys() -> Vec<Hostile> {
    let read = |what, head: &str| row(what, plain("GET /api/v1/complaints/LGWP1", head));
    let bearer = |what, key: &str| read(what, &format!("authorization: Bearer {key}\r\n"));
    let basic = format!("authorization: Basic {KEY}\r\n");
    let cut = &KEY[..KEY.len() - 1];
    vec![
        read("none", ""),
        bearer("an empty one", ""),
        bearer("a guess", "tebakan"),
        bearer("all but the last letter", cut),
        bearer("one letter more", &format!("{KEY}x")),
        bearer("SQL", "' OR 1=1 --"),
        bearer("one that has expired", OLD_KEY),
        bearer("50,000 letters", &"a".repeat(50_000)),
        read("by another scheme", &basic),
        read("as a cookie", &format!("cookie: key={KEY}\r\n")),
        read("no UTF-8 in it", "authorization: Bearer \u{ff}\r\n"),
        read(
            "a wrong one before the right one",
            &format!("authorization: Bearer x\r\n{}", key()),
        ),
        row(
            "in the address",
            plain(&format!("GET {INTAKE}/LGWP1?key={KEY}"), ""),
        ),
        row("none, to hand in", post(INTAKE, JSON, "{}")),
        row(
            "none, to silence everything",
            post("/api/v1/silences", JSON, "{}"),
        ),
        row(
            "none, for everybody's telephones",
            plain("GET /api/v1/responders", ""),
        ),
        row(
            "none, to page somebody",
            post("/api/v1/responders/budi/test-page", "", ""),
        ),
        row(
            "without the scope: dead letters",
            plain("GET /api/v1/dead-letters", &key()),
        ),
        row(
            "without the scope: one to drop",
            plain("DELETE /api/v1/dead-letters/1", &key()),
        ),
        row(
            "without the scope: a silence",
            post("/api/v1/silences", &(key() + JSON), "{}"),
        ),
        row(
            "without the scope: a page by hand",
            post("/api/v1/complaints/LGWP1/page", &(key() + JSON), "{}"),
        ),
    ]
}

pub(super) fn webhooks(base: &str) -> Vec<Hostile> {
    let now = SystemClock.now().as_second();
    let reply = fake_meta::text_webhook("628999999999", "wamid.asing", now, "ok", None);
    let hook = |what, head: &str, body: &[u8]| row(what, post("/hooks/whatsapp", head, body));
    let signed = |signature: &str| format!("x-hub-signature-256: {signature}\r\n");
    let right = sign(&reply);
    let flipped = right.replace(&right[7..9], if &right[7..9] == "00" { "11" } else { "00" });
    let others = fake_meta::webhook(&json!({"metadata": {"phone_number_id": "1"}}));
    let mo = |what, query: &str| row(what, plain(&format!("GET /hooks/kannel/mo?{query}"), ""));
    let secret = kannel::SECRET;
    let good = "from=%2B628999999999&text=ok&id=asing";
    let message = "/hooks/twilio/message";
    let incoming =
        |path: &str| fake_twilio::incoming(&format!("{base}{path}"), "+628999999999", "SM1", "ok");
    let twilio = |what, path: &str, webhook: &Webhook, signature: &str| {
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(&webhook.fields)
            .finish();
        let head = format!(
            "content-type: application/x-www-form-urlencoded\r\nx-twilio-signature: {signature}\r\n"
        );
        row(what, post(path, &head, body))
    };
    let right_one = incoming(message);
    let another_account = right_one.clone().with("AccountSid", "AC1");
    let described = |what, path: &str, head: &str| {
        let body = r#"{"sender":"+628999999999","id":"1","message":"ok"}"#;
        row(
            what,
            post(&format!("/hooks/in/{path}"), &format!("{JSON}{head}"), body),
        )
    };
    vec![
        hook("WhatsApp: unsigned", "", &reply),
        hook("WhatsApp: an empty signature", &signed("sha256="), &reply),
        hook(
            "WhatsApp: a signature that is no number",
            &signed("sha256=zz"),
            &reply,
        ),
        hook("WhatsApp: two digits changed", &signed(&flipped), &reply),
        hook("WhatsApp: half a signature", &signed(&right[..39]), &reply),
        hook(
            "WhatsApp: SHA-1",
            &signed(&right.replace("sha256", "sha1")),
            &reply,
        ),
        hook(
            "WhatsApp: another body's signature",
            &signed(&sign(b"{}")),
            &reply,
        ),
        hook(
            "WhatsApp: a letter changed in the body",
            &signed(&right),
            &reply[1..],
        ),
        hook(
            "WhatsApp: a wrong signature before the right one",
            &(signed("sha256=00") + &signed(&right)),
            &reply,
        ),
        hook(
            "WhatsApp: no JSON, rightly signed",
            &signed(&sign(b"{")),
            b"{",
        ),
        hook(
            "WhatsApp: rightly signed, for another's number",
            &signed(&sign(&others)),
            &others,
        )
        .harmless(),
        hook(
            "WhatsApp: a stranger's, rightly signed",
            &signed(&right),
            &reply,
        )
        .harmless(),
        hook("WhatsApp: the same again", &signed(&right), &reply).harmless(),
        row(
            "WhatsApp: a handshake with a guess",
            plain(
                "GET /hooks/whatsapp?hub.mode=subscribe&hub.verify_token=x&hub.challenge=1",
                "",
            ),
        ),
        mo("Kannel: no secret", good),
        mo("Kannel: an empty secret", &format!("secret=&{good}")),
        mo("Kannel: a guess", &format!("secret=tebakan&{good}")),
        mo(
            "Kannel: half the secret",
            &format!("secret={}&{good}", &secret[..secret.len() / 2]),
        ),
        mo(
            "Kannel: the secret twice",
            &format!("secret={secret}&secret={secret}&{good}"),
        ),
        mo(
            "Kannel: a stranger's, with the secret",
            &format!("secret={secret}&{good}"),
        )
        .harmless(),
        mo("Kannel: the same again", &format!("secret={secret}&{good}")).harmless(),
        mo(
            "Kannel: a word for a number",
            &format!("secret={secret}&from=SIAGA&text=ok&id=2"),
        ),
        row(
            "Kannel: a receipt, forged",
            plain(
                "GET /hooks/kannel/dlr?reference=LGWP1:1:budi_0.1&type=1",
                "",
            ),
        ),
        twilio("Twilio: unsigned", message, &right_one, ""),
        twilio("Twilio: a guess", message, &right_one, "dGViYWthbg=="),
        twilio(
            "Twilio: signed for another address",
            message,
            &right_one,
            &incoming("/hooks/twilio/status").signature(),
        ),
        twilio(
            "Twilio: a word changed",
            message,
            &right_one.clone().with("Body", "siap"),
            &right_one.signature(),
        ),
        twilio(
            "Twilio: another account",
            message,
            &another_account,
            &another_account.signature(),
        ),
        twilio(
            "Twilio: a receipt, with a message's signature",
            "/hooks/twilio/status?reference=LGWP1:1:budi_0.1",
            &right_one,
            &right_one.signature(),
        ),
        twilio(
            "Twilio: a key on a call, unsigned",
            "/hooks/twilio/key?reference=LGWP1:1:budi_0.1",
            &right_one,
            "",
        ),
        twilio(
            "Twilio: a stranger's, rightly signed",
            message,
            &right_one,
            &right_one.signature(),
        )
        .harmless(),
        twilio(
            "Twilio: the same again",
            message,
            &right_one,
            &right_one.signature(),
        )
        .harmless(),
        described("another provider's: no secret", "luar", ""),
        described("another provider's: a guess", "luar/0123456789abcdeF", ""),
        described(
            "another provider's: a wrong secret in the header, the right one in the address",
            "luar/0123456789abcdef",
            "x-webhook-secret: x\r\n",
        ),
        described(
            "another provider's: of no name",
            "lain/0123456789abcdef",
            "",
        ),
        described(
            "another provider's: out of the tree",
            "..%2f..%2fluar/0123456789abcdef",
            "",
        ),
    ]
}

pub(super) fn links() -> Vec<Hostile> {
    let signer =
        |secret: &str| Signer::new(secret.to_owned().into(), SignedDuration::from_hours(1));
    let budi = ResponderId::parse("budi").unwrap();
    let complaint = |id: &str| ComplaintId::parse(id).unwrap();
    let now = SystemClock.now();
    let good = signer(LINK_SECRET).sign(&budi, &complaint("LGWP1"), now);
    let old = signer(LINK_SECRET).sign(
        &budi,
        &complaint("LGWP1"),
        now - SignedDuration::from_hours(2),
    );
    let forged = signer("lain").sign(&budi, &complaint("LGWP1"), now);
    let get = |what, token: &str| row(what, plain(&format!("GET /a/{token}"), ""));
    let form = "content-type: application/x-www-form-urlencoded\r\n";
    let press = |what, token: &str, body: &str| row(what, post(&format!("/a/{token}"), form, body));
    vec![
        get("only looked at, as a virus scanner does", &good).harmless(),
        get("signed with another secret", &forged),
        get("expired", &old),
        get("cut by four letters", &good[..good.len() - 4]),
        get("of another complaint", &good.replace("LGWP1", "LGWP2")),
        get("of another person", &good.replace("budi", "sari")),
        get("a script", "%3Cscript%3E"),
        press(
            "pressed, signed with another secret",
            &forged,
            "answer=accept",
        ),
        press("pressed, expired", &old, "answer=accept"),
        press("an answer that is none", &good, "answer=%3Cscript%3E"),
        press("no answer", &good, ""),
        press("two answers", &good, "answer=accept&answer=refuse"),
        row(
            "JSON for a form",
            post(&format!("/a/{good}"), JSON, r#"{"answer":"accept"}"#),
        ),
        row(
            "a calendar of nobody's",
            plain("GET /calendar/budi.1.AAAA.ics", ""),
        ),
        row(
            "a link for a calendar",
            plain(&format!("GET /calendar/{good}.ics"), ""),
        ),
        row(
            "a calendar out of the tree",
            plain("GET /calendar/..%2f..%2fsiaga.toml.ics", ""),
        ),
    ]
}
