//! Signed links, and addresses where nothing is.

use jiff::SignedDuration;
use reqwest::Method;
use siaga::{
    clock::{Clock, SystemClock},
    domain::id::{ComplaintId, ResponderId},
    inbound::link::Signer,
};

use super::{LINK_SECRET, Row, row};

pub(super) fn links() -> Vec<Row> {
    let signer =
        |secret: &str| Signer::new(secret.to_owned().into(), SignedDuration::from_hours(1));
    let budi = ResponderId::parse("budi").unwrap();
    let complaint = |id: &str| ComplaintId::parse(id).unwrap();
    let now = SystemClock.now();
    let good = signer(LINK_SECRET).sign(&budi, &complaint("LGWP1"), now);
    let past = now - SignedDuration::from_hours(2);
    let expired = signer(LINK_SECRET).sign(&budi, &complaint("LGWP1"), past);
    let forged = signer("lain").sign(&budi, &complaint("LGWP1"), now);
    let gone = signer(LINK_SECRET).sign(&budi, &complaint("LGWP99"), now);
    let moved = good.replace("LGWP1", "LGWP2");
    let cut = &good[..good.len() - 4];
    let get = |what, token: &str, status, words| {
        row(
            what,
            (Method::GET, &format!("/a/{token}")),
            "",
            status,
            words,
        )
        .without("authorization")
    };
    let form = "application/x-www-form-urlencoded";
    let post = |what, token: &str, body: &'static str, status, words| {
        row(
            what,
            (Method::POST, &format!("/a/{token}")),
            body,
            status,
            words,
        )
        .without("authorization")
        .with("content-type", form)
    };
    let other = |method: Method, what, status, words| {
        row(what, (method, &format!("/a/{good}")), "", status, words).without("authorization")
    };
    vec![
        get("only looked at", &good, 200, &["LGWP1", "<form"]),
        other(Method::HEAD, "only touched", 200, &[]),
        get("expired", &expired, 410, &["<html"]),
        post(
            "expired and pressed",
            &expired,
            "answer=accept",
            410,
            &["<html"],
        ),
        get("forged", &forged, 403, &["<html"]),
        post(
            "forged and pressed",
            &forged,
            "answer=accept",
            403,
            &["<html"],
        ),
        post(
            "moved to another complaint",
            &moved,
            "answer=accept",
            403,
            &["<html"],
        ),
        post("cut", cut, "answer=accept", 403, &["<html"]),
        get("nothing but parts", "~~~~", 403, &["<html"]),
        get("with a NUL", "a%00b~c", 403, &["<html"]),
        get("no UTF-8", "%ff%fe", 400, &["does not fit"]),
        get("a long one", &"a".repeat(20_000), 403, &["<html"]),
        get("a path", "..%2f..%2fetc%2fpasswd", 403, &["<html"]),
        get(
            "of a complaint that is gone",
            &gone,
            404,
            &["no longer here"],
        ),
        post(
            "without an answer",
            &good,
            "",
            422,
            &["answer", "accept or refuse"],
        ),
        post(
            "with another answer",
            &good,
            "answer=hapus",
            422,
            &["hapus", "accept or refuse"],
        ),
        post(
            "with two",
            &good,
            "answer=accept&answer=refuse",
            422,
            &["duplicate field"],
        ),
        post(
            "as JSON",
            &good,
            r#"{"answer":"accept"}"#,
            415,
            &["does not fit"],
        )
        .with("content-type", "application/json"),
        other(Method::PUT, "put", 405, &["not for this address"]),
        other(
            Method::OPTIONS,
            "asked about",
            405,
            &["not for this address"],
        ),
    ]
}
