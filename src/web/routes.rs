//! Every address of the service, with what is told of it.

use serde_json::json;

use super::{
    acknowledge, api,
    auth::Scope,
    by_hand, calendar, calls, change, health, home, hooks, letters, responders, silences,
    surface::{HTML, JSON_TEXT, Operation, PLAIN, Surface, delete, get, many, named, post},
};

/// Every address but the demo's, which is no part of the service.
pub(super) fn all() -> Surface {
    webhooks(operating(machines(people(Surface::default()))))
}

fn text() -> serde_json::Value {
    json!({ "type": "string" })
}

/// What people and monitors open.
fn people(surface: Surface) -> Surface {
    let page = |operation: Operation| operation.answers(200, HTML, text());
    surface
        .add(
            page(get("/", "That the service runs, and where to look.")),
            home,
        )
        .add(
            get("/healthz", "The process lives.").answers(200, PLAIN, text()),
            health::alive,
        )
        .add(
            get(
                "/readyz",
                "All that is needed to page somebody works, or what does not.",
            )
            .answers(200, JSON_TEXT, named("Readiness"))
            .answers(503, JSON_TEXT, named("Readiness")),
            health::ready,
        )
        .add(
            get("/metrics", "The metrics in Prometheus' text form.").answers(200, PLAIN, text()),
            health::metrics,
        )
        .add(
            page(get(
                "/a/{token}",
                "The page behind a signed link. Looking changes nothing.",
            )),
            acknowledge::show,
        )
        .add(
            page(
                post("/a/{token}", "Answers a page by its signed link.").takes_form(json!({
                    "type": "object",
                    "required": ["answer"],
                    "properties": { "answer": { "enum": ["accept", "refuse"] } },
                })),
            ),
            acknowledge::answer,
        )
        .add(
            get(
                "/calendar/{file}",
                "A person's own duties, by a signed address: TOKEN.ics.",
            )
            .answers(200, "text/calendar", text())
            .answers_nothing(304),
            calendar::own,
        )
        .add(
            get(
                "/assets/acknowledge.css",
                "How the page behind a link looks.",
            )
            .answers(200, "text/css", text()),
            acknowledge::style,
        )
}

/// What other systems hand in and read.
fn machines(surface: Surface) -> Surface {
    let standing = |operation: Operation| operation.answers(200, JSON_TEXT, named("Standing"));
    surface
        .add(
            post("/api/v1/complaints", "Hands in one complaint as JSON, or many as lines of JSON.")
                .key(Scope::Intake)
                .takes(JSON_TEXT, named("Complaint"))
                .takes("application/x-ndjson", text())
                .answers(200, JSON_TEXT, json!({ "anyOf": [named("Standing"), many("LineResult")] }))
                .answers(201, JSON_TEXT, named("Standing"))
                .answers(207, JSON_TEXT, many("LineResult")),
            api::hand_in,
        )
        .add(
            get("/api/v1/complaints/{id}", "How it stands, what has happened, what comes next.")
                .key(Scope::Read)
                .answers(200, JSON_TEXT, named("Story")),
            api::read,
        )
        .add(
            standing(post("/api/v1/complaints/{id}/progress", "Tells a new state.").takes(JSON_TEXT, named("StatusChange")))
                .key(Scope::Intake),
            change::progress,
        )
        .add(
            standing(post("/api/v1/complaints/{id}/close", "Tells a state that ends it; without a body: selesai.").may_take(named("StatusChange")))
                .key(Scope::Intake),
            change::close,
        )
        .add(
            standing(post("/api/v1/complaints/{id}/reassign", "Gives it to another unit; without one to the coordinator's desk.").takes(JSON_TEXT, named("Reassignment")))
                .key(Scope::Intake),
            change::reassign,
        )
        .add(
            get("/api/v1/responders", "Everybody with their contact methods, masked.")
                .key(Scope::Read)
                .answers(200, JSON_TEXT, named("People")),
            responders::list,
        )
        .add(
            get("/api/v1/responders/{id}", "One of them.")
                .key(Scope::Read)
                .answers(200, JSON_TEXT, named("Person")),
            responders::read,
        )
        .add(
            post("/api/v1/responders/{id}/test-page", "Sends a test page, by the ways of a missed deadline or by one of them.")
                .key(Scope::Contacts)
                .may_take(named("Asking"))
                .answers(202, JSON_TEXT, named("Checks")),
            responders::test_page,
        )
        .add(
            post("/api/v1/responders/{id}/methods/{method}/verify", "Asks there for an answer; with a code, confirms what the person has told.")
                .key(Scope::Contacts)
                .may_take(named("Asking"))
                .answers(200, JSON_TEXT, json!({
                    "type": "object", "required": ["verified"], "properties": { "verified": { "type": "boolean" } },
                }))
                .answers(202, JSON_TEXT, named("Checks")),
            responders::verify,
        )
}

/// What those do who look after the service.
fn operating(surface: Surface) -> Surface {
    let operate = |operation: Operation| operation.key(Scope::Operate);
    let once = |operation: Operation| {
        let key = json!({ "type": "string", "minLength": 1, "maxLength": 64 });
        operation.header("Idempotency-Key", key)
    };
    let limited = |operation: Operation| {
        operation.query(
            "limit",
            json!({ "type": "integer", "minimum": 1, "maximum": 1000 }),
        )
    };
    surface
        .add(
            once(operate(post(
                "/api/v1/complaints/{id}/page",
                "Pages a person again.",
            )))
            .takes(JSON_TEXT, named("PageAgain"))
            .answers(200, JSON_TEXT, named("Standing")),
            by_hand::page,
        )
        .add(
            once(operate(post(
                "/api/v1/complaints/{id}/escalate",
                "Takes the next step now.",
            )))
            .takes(JSON_TEXT, named("Escalate"))
            .answers(200, JSON_TEXT, named("Standing")),
            by_hand::escalate,
        )
        .add(
            limited(operate(get(
                "/api/v1/undelivered",
                "Whom no way has reached, the longest first.",
            )))
            .answers(200, JSON_TEXT, named("Undelivered")),
            by_hand::list,
        )
        .add(
            operate(get(
                "/api/v1/silences",
                "Silences that hold or are to come; with all=true also those that are over.",
            ))
            .query("all", json!({ "type": "boolean" }))
            .answers(200, JSON_TEXT, named("Silences")),
            silences::list,
        )
        .add(
            once(operate(post("/api/v1/silences", "Declares a silence.")))
                .takes(JSON_TEXT, named("Wanted"))
                .answers(201, JSON_TEXT, named("Declared")),
            silences::declare,
        )
        .add(
            operate(post(
                "/api/v1/silences/{number}/end",
                "Ends a silence before its time.",
            ))
            .takes(JSON_TEXT, named("Reason"))
            .answers(200, JSON_TEXT, named("Ended")),
            silences::end,
        )
        .add(
            limited(operate(get(
                "/api/v1/dead-letters",
                "What could not be processed, the newest first.",
            )))
            .answers(200, JSON_TEXT, named("Letters")),
            letters::list,
        )
        .add(
            operate(get(
                "/api/v1/dead-letters/{id}",
                "One of them, with what lay there.",
            ))
            .answers(200, JSON_TEXT, named("Letter")),
            letters::show,
        )
        .add(
            operate(delete(
                "/api/v1/dead-letters/{id}",
                "Gives it up, on record.",
            ))
            .takes(JSON_TEXT, named("Reason"))
            .answers_nothing(204),
            letters::drop_one,
        )
        .add(
            operate(post("/api/v1/dead-letters/{id}/retry", "Tries it again.")).answers(
                200,
                JSON_TEXT,
                named("Retried"),
            ),
            letters::retry,
        )
}

/// What gateways bring. Each is authenticated by a secret or a signature of its own.
fn webhooks(surface: Surface) -> Surface {
    let any = || json!({ "type": "object" });
    let twilio = |operation: Operation| {
        operation
            .header("X-Twilio-Signature", text())
            .takes_form(json!({ "type": "object", "additionalProperties": text() }))
    };
    let reference = |operation: Operation| operation.query("reference", text());
    let described = |operation: Operation| {
        operation
            .header("X-Webhook-Secret", text())
            .takes(JSON_TEXT, any())
            .takes_form(any())
            .answers_nothing(200)
    };
    let xml = "text/xml";
    surface
        .add(
            get("/hooks/kannel/mo", "Kannel: a short message came in.")
                .query("from", text())
                .query("text", text())
                .query("id", text())
                .query("secret", text())
                .answers_nothing(200),
            hooks::kannel_message,
        )
        .add(
            get("/hooks/kannel/dlr", "Kannel: how a short message fared.")
                .query("reference", text())
                .query("type", text())
                .query("secret", text())
                .answers_nothing(200),
            hooks::kannel_report,
        )
        .add(
            get("/hooks/whatsapp", "Meta asks whether the address is ours.")
                .query("hub.mode", text())
                .query("hub.verify_token", text())
                .query("hub.challenge", text())
                .answers(200, PLAIN, text()),
            hooks::whatsapp_handshake,
        )
        .add(
            post(
                "/hooks/whatsapp",
                "WhatsApp: messages and statuses, signed by Meta.",
            )
            .header("X-Hub-Signature-256", text())
            .takes(JSON_TEXT, any())
            .answers_nothing(200),
            hooks::whatsapp_event,
        )
        .add(
            described(post(
                "/hooks/in/{name}",
                "A webhook that the settings describe, its secret in the header.",
            )),
            hooks::described,
        )
        .add(
            described(post(
                "/hooks/in/{name}/{secret}",
                "The same, its secret in the address.",
            )),
            hooks::described,
        )
        .add(
            twilio(post("/hooks/twilio/message", "Twilio: a message came in.")).answers(
                200,
                xml,
                text(),
            ),
            hooks::twilio_message,
        )
        .add(
            reference(twilio(post(
                "/hooks/twilio/status",
                "Twilio: how a message fared.",
            )))
            .answers_nothing(204),
            hooks::twilio_status,
        )
        .add(
            reference(twilio(post(
                "/hooks/twilio/key",
                "Twilio: a key was pressed on a call.",
            )))
            .answers(200, xml, text()),
            calls::key,
        )
        .add(
            reference(twilio(post(
                "/hooks/twilio/call",
                "Twilio: how a call fared.",
            )))
            .answers_nothing(204),
            calls::status,
        )
}
