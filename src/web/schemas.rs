//! What bodies look like, for the OpenAPI document.

use serde_json::{Value, json};

fn text() -> Value {
    json!({ "type": "string" })
}

fn text_or_nothing() -> Value {
    json!({ "type": ["string", "null"] })
}

fn time() -> Value {
    json!({ "type": "string", "format": "date-time" })
}

fn time_or_nothing() -> Value {
    json!({ "type": ["string", "null"], "format": "date-time" })
}

fn short(length: usize) -> Value {
    json!({ "type": "string", "maxLength": length })
}

fn count() -> Value {
    json!({ "type": "integer", "minimum": 0 })
}

/// An object all of whose fields are always there.
fn whole(properties: Value) -> Value {
    let names: Vec<&String> = properties
        .as_object()
        .into_iter()
        .flat_map(|it| it.keys())
        .collect();
    json!({ "type": "object", "required": names, "properties": properties })
}

/// An object that takes these fields and no others, as in the example.
fn only(required: &[&str], example: Value, properties: Value) -> Value {
    json!({
        "type": "object",
        "required": required,
        "properties": properties,
        "additionalProperties": false,
        "examples": [example],
    })
}

/// A reason that is given for something.
fn reason() -> Value {
    json!({ "type": "string", "minLength": 1, "maxLength": 200, "description": "One line that says why." })
}

/// All of them, by their names.
pub(super) fn all() -> Value {
    let fault = json!({
        "type": "object",
        "required": ["field", "value", "problem", "remedy"],
        "properties": {
            "line": count(), "field": text(), "value": text(), "problem": text(), "remedy": text(),
        },
    });
    let strings = json!({ "type": "array", "items": text() });
    let check = whole(json!({
        "check": text(), "kind": text(), "state": {}, "to": strings, "asked_at": time(),
        "sent_after_seconds": { "type": ["integer", "null"] },
        "delivered_after_seconds": { "type": ["integer", "null"] },
        "answered_after_seconds": { "type": ["integer", "null"] },
        "answered_by": {}, "failed": {},
    }));
    json!({
        "Problem": {
            "type": "object",
            "required": ["type", "title", "status"],
            "properties": {
                "type": text(), "title": text(), "status": { "type": "integer" }, "detail": text(),
                "errors": { "type": "array", "items": fault },
            },
        },
        "Complaint": only(&["id", "received_at"], json!({
                "id": "LGWP14376928", "received_at": "2026-01-24T13:27:00+07:00", "unit": "DISHUB",
                "category": "Infrastruktur", "area": "Kab. Pati",
            }), json!({
            "id": {
                "type": "string",
                "pattern": "^[A-Za-z0-9._-]{1,40}$",
                "description": "The complaint's number, as LGWP14376928.",
            },
            "received_at": {
                "type": "string", "format": "date-time",
                "description": "When the citizen handed it in, with an offset; not in the future.",
            },
            "unit": { "type": "string", "maxLength": 200, "description": "A unit's code or name; without one the coordinator's desk is paged." },
            "source": short(200), "classification": short(200), "category": short(200), "area": short(200),
            "urgency": short(200), "title": short(500),
            "anonymous": { "type": "boolean" }, "confidential": { "type": "boolean" },
            "status": short(100), "status_at": time(),
        })),
        "Standing": whole(json!({
            "id": text(), "result": { "enum": ["new", "known", "changed", "ordered"] }, "unit": text_or_nothing(), "status": text(),
            "phase": text(), "policy": text(), "received_at": time(), "deadline": time_or_nothing(),
            "missed": time_or_nothing(), "next_at": time_or_nothing(),
        })),
        "LineResult": {
            "type": "object",
            "required": ["line", "result"],
            "properties": {
                "line": count(), "id": text(), "result": { "enum": ["new", "known", "refused", "conflict"] },
                "errors": { "type": "array", "items": fault },
            },
        },
        "Story": whole(json!({
            "complaint": super::surface::named("Standing"), "deadline_explained": {}, "clocks": {}, "paging": {},
            "timeline": { "type": "array", "items": whole(json!({ "fact": {}, "text": text(), "text_en": text() })) },
            "next": { "type": "array", "items": whole(json!({ "at": time(), "facts": {}, "told": {} })) },
        })),
        "StatusChange": only(&["status"], json!({ "status": "verifikasi" }), json!({ "status": short(100), "at": time() })),
        "Reassignment": only(&[], json!({ "unit": "DPUPR" }), json!({ "unit": text_or_nothing() })),
        "PageAgain": only(&["responder", "reason"], json!({ "responder": "budi", "reason": "he has a new number" }), json!({ "responder": text(), "reason": reason() })),
        "Escalate": only(&["reason"], json!({ "reason": "the bridge is closed to ambulances" }), json!({
            "reason": reason(), "despite_acknowledgement": { "type": "boolean" },
            "to_step": { "type": ["integer", "null"], "minimum": 1 },
        })),
        "Readiness": {
            "type": "object",
            "required": ["ready", "silences_active", "open", "waiting_to_be_handed_over", "dead_letters"],
            "properties": {
                "ready": { "type": "boolean" }, "wrong": strings, "silences_active": count(), "open": count(),
                "waiting_to_be_handed_over": count(), "dead_letters": count(),
            },
        },
        "Person": whole(json!({
            "id": text(), "name": text(), "reachable": { "type": "boolean" },
            "methods": { "type": "array", "items": { "type": "object" } },
            "checks": super::surface::many("Check"),
        })),
        "People": whole(json!({
            "unverified_methods": count(), "methods_out_of_use": count(), "responders": super::surface::many("Person"),
        })),
        "Check": check,
        "Checks": whole(json!({ "checks": super::surface::many("Check") })),
        "Asking": only(&[], json!({ "method": "sms" }), json!({
            "method": text_or_nothing(),
            "code": { "type": ["integer", "null"], "minimum": 0, "maximum": 65_535 },
        })),
        "Undelivered": whole(json!({ "complaints": count(), "undelivered": { "type": "array", "items": { "type": "object" } } })),
        "Silences": whole(json!({
            "silences": { "type": "array", "items": whole(json!({ "number": count(), "holds_until": {}, "silence": { "type": "object" } })) },
        })),
        "Wanted": only(&["covers", "until", "reason"], json!({
                "covers": { "units": ["DISHUB"] }, "until": "2026-11-24T18:00:00+07:00", "reason": "a power cut",
            }), json!({
            "covers": only(&[], json!({ "units": ["DISHUB"] }), json!({
                "units": strings, "categories": strings, "areas": strings, "complaints": strings, "gateways": strings,
            })),
            "from": time_or_nothing(), "until": time(), "owner": text_or_nothing(), "reason": reason(),
            "hours": {
                "type": ["object", "null"],
                "required": ["from", "until", "zone"],
                "properties": {
                    "days": { "type": "array", "items": { "enum": ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"] } },
                    "from": text(), "until": text(), "zone": text(),
                },
            },
        })),
        "Declared": whole(json!({ "number": count(), "until": time() })),
        "Ended": whole(json!({ "number": count(), "ended": time() })),
        "Reason": only(&["reason"], json!({ "reason": "the power is back" }), json!({ "reason": reason() })),
        "Letter": whole(json!({
            "id": text(), "origin": {}, "what": text(), "body": text(), "why": text(), "at": time_or_nothing(),
            "times": count(), "retried": {},
        })),
        "Letters": whole(json!({ "count": count(), "dead_letters": super::surface::many("Letter") })),
        "Retried": whole(json!({ "id": text(), "result": text(), "then": {} })),
    })
}
