//! What gateways bring, and what others bring in their name.

use reqwest::Method;

use super::{Row, row};
use crate::support::{fake_meta, kannel};

pub(super) fn hooks() -> Vec<Row> {
    let secret = kannel::SECRET;
    let get = |what, path: &str, status, words| {
        row(
            what,
            (Method::GET, &format!("/hooks/kannel/{path}")),
            "",
            status,
            words,
        )
    };
    let mo = |query: &str| format!("mo?secret={secret}&{query}");
    let dlr = |query: &str| format!("dlr?secret={secret}&{query}");
    let good = "from=%2B6281100000001&text=ok&id=1";
    let signed = |what, body: &[u8], status, words| {
        row(what, (Method::POST, "/hooks/whatsapp"), body, status, words)
            .with("x-hub-signature-256", fake_meta::sign(body))
    };
    let described = |what, path: &str, body: &[u8], status, words| {
        let path = format!("/hooks/in/{path}");
        row(what, (Method::POST, &path), body, status, words)
    };
    let ours = "luar/0123456789abcdef";
    vec![
        get(
            "no secret",
            &format!("mo?{good}"),
            403,
            &["inbound.kannel_secret"],
        ),
        get(
            "another's",
            &format!("mo?{good}&secret=x"),
            403,
            &["inbound.kannel_secret"],
        ),
        get("no sender", &mo("text=ok&id=1"), 400, &["from", "%p"]),
        get(
            "a sender that is none",
            &mo("from=SIAGA&text=ok&id=1"),
            400,
            &["from", "SIAGA"],
        ),
        get(
            "no id",
            &mo("from=%2B6281100000001&text=ok"),
            400,
            &["id", "%I"],
        ),
        get(
            "two senders",
            &mo("from=1&from=2&id=1"),
            400,
            &["duplicate field", "from"],
        ),
        get(
            "a stranger",
            &mo("from=%2B628999999999&text=ok&id=9"),
            200,
            &[],
        ),
        get(
            "a stranger with a NUL",
            &mo("from=%2B628999999999&text=%00%1b&id=%00"),
            200,
            &[],
        ),
        get("half a character", &mo("from=%ff&text=%ff&id=1"), 400, &[]),
        get(
            "a report of no type",
            &dlr("reference=x&type=3"),
            400,
            &["type", "3", "1, 2, 4, 8"],
        ),
        get(
            "a report of nothing",
            &dlr("reference=../x&type=1"),
            200,
            &[],
        ),
        get(
            "a report of nobody's",
            &dlr("reference=LGWP9:1:budi_0.1&type=1"),
            200,
            &[],
        ),
        get(
            "a report, forged",
            "dlr?reference=LGWP1:1:budi_0.1&type=1",
            403,
            &["secret"],
        ),
        row(
            "posted",
            (Method::POST, "/hooks/kannel/mo"),
            good,
            405,
            &["not for this address"],
        ),
        row(
            "unsigned",
            (Method::POST, "/hooks/whatsapp"),
            "{}",
            403,
            &["X-Hub-Signature-256"],
        ),
        signed("no JSON, signed", b"{", 400, &["documented shape"]),
        signed(
            "deep, signed",
            "[".repeat(100_000).as_bytes(),
            400,
            &["documented shape"],
        ),
        signed(
            "of another shape, signed",
            br#"{"entry":{"a":1}}"#,
            400,
            &["documented shape"],
        ),
        row(
            "large",
            (Method::POST, "/hooks/whatsapp"),
            vec![0; 9 << 20],
            413,
            &["body_limit"],
        ),
        described(
            "a webhook of no name",
            "luarr/0123456789abcdef",
            b"{}",
            404,
            &["no webhook of this name"],
        ),
        described("no secret", "luar", b"{}", 403, &["X-Webhook-Secret"]),
        described(
            "another's secret",
            "luar/0123456789abcdeF",
            b"{}",
            403,
            &["[[webhooks]]"],
        ),
        described("no JSON", ours, b"{", 400, &["JSON object"]),
        described(
            "deep JSON",
            ours,
            "[".repeat(100_000).as_bytes(),
            400,
            &["JSON object"],
        ),
        described("no sender at all", ours, b"{}", 400, &["sender"]),
        described(
            "a group for a sender",
            ours,
            br#"{"sender":"123@g.us","id":"1"}"#,
            400,
            &["123@g.us"],
        ),
        described(
            "no id of its own",
            ours,
            br#"{"sender":"+6281100000001"}"#,
            400,
            &["\\\"id\\\"", "leave id out"],
        ),
        described(
            "a stranger by a webhook",
            ours,
            br#"{"sender":"+628999999999","id":"1","message":"ok"}"#,
            200,
            &[],
        ),
        described(
            "a status of no meaning",
            ours,
            br#"{"ref":"x","status":"what"}"#,
            200,
            &[],
        ),
        described(
            "a receipt of nothing",
            ours,
            br#"{"ref":"../x","status":"ok"}"#,
            200,
            &[],
        ),
        row(
            "large for a webhook",
            (Method::POST, "/hooks/in/luar/0123456789abcdef"),
            vec![b' '; 9 << 20],
            413,
            &["body_limit"],
        ),
        row(
            "a handshake with another's token",
            (
                Method::GET,
                "/hooks/whatsapp?hub.mode=subscribe&hub.verify_token=x",
            ),
            "",
            403,
            &["inbound.whatsapp_verify_token"],
        ),
    ]
}
