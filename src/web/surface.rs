//! An address of the service together with what is told of it. There is no other way to add one, so the OpenAPI
//! document at `/api/openapi.json` has all of them and no others.
//!
//! A small table beside the routes instead of a library of attributes on handlers and types: most answers are put
//! together from facts as JSON, so types would be written for their description alone, and attributes do not see
//! to it that each route has some. Whether the descriptions are true is asked of the running service by
//! `tests/it/openapi.rs` and schemathesis.

use axum::{
    Router,
    handler::Handler,
    http::header,
    response::IntoResponse as _,
    routing::{MethodFilter, get as on_get, on},
};
use serde_json::{Map, Value, json};

use super::{Web, auth::Scope, schemas};

/// Addresses with their descriptions.
#[derive(Default)]
pub(super) struct Surface {
    router: Router<Web>,
    operations: Vec<Operation>,
}

/// Where the document is.
const DOCUMENT: &str = "/api/openapi.json";

impl Surface {
    /// Adds an address.
    pub(super) fn add<H, T>(mut self, operation: Operation, handler: H) -> Self
    where
        H: Handler<T, Web>,
        T: 'static,
    {
        let filter = match operation.method {
            Method::Get => MethodFilter::GET,
            Method::Post => MethodFilter::POST,
            Method::Delete => MethodFilter::DELETE,
        };
        self.router = self.router.route(operation.path, on(filter, handler));
        self.operations.push(operation);
        self
    }

    /// All of them, and the document that describes them.
    pub(super) fn finish(mut self) -> Router<Web> {
        let of_itself = get(DOCUMENT, "This description.").answers(200, JSON_TEXT, json!({}));
        self.operations.push(of_itself);
        let document = document(&self.operations).to_string();
        let answer = move || async move {
            ([(header::CONTENT_TYPE, "application/json")], document).into_response()
        };
        self.router.route(DOCUMENT, on_get(answer))
    }
}

#[derive(Clone, Copy)]
enum Method {
    Get,
    Post,
    Delete,
}

/// Who may ask.
#[derive(Clone, Copy)]
enum Access {
    Anybody,
    Key(Scope),
}

/// What is told of an address and a method.
pub(super) struct Operation {
    method: Method,
    path: &'static str,
    says: &'static str,
    access: Access,
    parameters: Vec<Value>,
    bodies: Map<String, Value>,
    is_body_needed: bool,
    answers: Vec<(u16, &'static str, Value)>,
}

pub(super) const JSON_TEXT: &str = "application/json";
pub(super) const HTML: &str = "text/html";
pub(super) const PLAIN: &str = "text/plain";
const FORM: &str = "application/x-www-form-urlencoded";
const PROBLEM: &str = "application/problem+json";

fn operation(method: Method, path: &'static str, says: &'static str) -> Operation {
    let named = path
        .split('{')
        .skip(1)
        .filter_map(|part| part.split('}').next());
    let parameters = named
        .map(|name| {
            json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string", "minLength": 1 } })
        })
        .collect();
    Operation {
        method,
        path,
        says,
        access: Access::Anybody,
        parameters,
        bodies: Map::new(),
        is_body_needed: false,
        answers: Vec::new(),
    }
}

pub(super) fn get(path: &'static str, says: &'static str) -> Operation {
    operation(Method::Get, path, says)
}

pub(super) fn post(path: &'static str, says: &'static str) -> Operation {
    operation(Method::Post, path, says)
}

pub(super) fn delete(path: &'static str, says: &'static str) -> Operation {
    operation(Method::Delete, path, says)
}

/// A schema of the document by its name.
pub(super) fn named(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

/// Many of a schema by its name.
pub(super) fn many(name: &str) -> Value {
    json!({ "type": "array", "items": named(name) })
}

impl Operation {
    /// Only with a key that has this scope.
    pub(super) fn key(mut self, scope: Scope) -> Self {
        self.access = Access::Key(scope);
        self
    }

    /// A parameter behind the question mark, which may be left out.
    pub(super) fn query(self, name: &str, schema: Value) -> Self {
        self.parameter("query", name, schema)
    }

    /// A header that means something here, and may be left out.
    pub(super) fn header(self, name: &str, schema: Value) -> Self {
        self.parameter("header", name, schema)
    }

    fn parameter(mut self, place: &str, name: &str, schema: Value) -> Self {
        self.parameters
            .push(json!({ "name": name, "in": place, "schema": schema }));
        self
    }

    /// A body must come, in one of the kinds that are told.
    pub(super) fn takes(mut self, kind: &str, schema: Value) -> Self {
        self.is_body_needed = true;
        self.bodies
            .insert(kind.to_owned(), json!({ "schema": schema }));
        self
    }

    /// A body of JSON may come.
    pub(super) fn may_take(self, schema: Value) -> Self {
        let mut told = self.takes(JSON_TEXT, schema);
        told.is_body_needed = false;
        told
    }

    /// A form must come.
    pub(super) fn takes_form(self, schema: Value) -> Self {
        self.takes(FORM, schema)
    }

    /// An answer with a body.
    pub(super) fn answers(mut self, status: u16, kind: &'static str, schema: Value) -> Self {
        self.answers.push((status, kind, schema));
        self
    }

    /// An answer with nothing in it.
    pub(super) fn answers_nothing(self, status: u16) -> Self {
        self.answers(status, "", Value::Null)
    }

    fn method(&self) -> &'static str {
        match self.method {
            Method::Get => "get",
            Method::Post => "post",
            Method::Delete => "delete",
        }
    }

    fn told(&self) -> Value {
        let mut answers = Map::new();
        let problem = json!({ "schema": named("Problem") });
        let mut refusal = json!({ "description": "It is refused; the problem says why.", "content": { PROBLEM: problem } });
        if self.answers.iter().any(|(_, kind, _)| *kind == HTML) {
            refusal["content"][HTML] = json!({ "schema": { "type": "string" } });
        }
        answers.insert("4XX".to_owned(), refusal);
        let away = json!({ "description": "Redis is away, or there is no room; nothing is promised. Ask again: it does nothing twice.", "content": { PROBLEM: problem } });
        answers.insert("503".to_owned(), away);
        for (status, kind, schema) in &self.answers {
            let told = if kind.is_empty() {
                json!({ "description": "Done." })
            } else {
                json!({ "description": "Done.", "content": { *kind: { "schema": schema } } })
            };
            answers.insert(status.to_string(), told);
        }
        let name: String = format!("{}{}", self.method(), self.path)
            .chars()
            .map(|it| if it.is_ascii_alphanumeric() { it } else { '_' })
            .collect();
        let mut told = json!({
            "operationId": name.trim_end_matches('_'),
            "summary": self.says,
            "responses": answers,
        });
        if !self.parameters.is_empty() {
            told["parameters"] = json!(self.parameters);
        }
        if !self.bodies.is_empty() {
            told["requestBody"] =
                json!({ "required": self.is_body_needed, "content": self.bodies });
        }
        if let Access::Key(scope) = self.access {
            told["security"] = json!([{ "key": [format!("{scope:?}").to_lowercase()] }]);
        }
        told
    }
}

fn document(operations: &[Operation]) -> Value {
    let mut paths = Map::new();
    for operation in operations {
        let of_path = paths.entry(operation.path).or_insert_with(|| json!({}));
        of_path[operation.method()] = operation.told();
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Siaga",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Watches citizens' complaints and pages whoever must answer for them. \
                A 2xx to what is handed in means that it is durable. Every refusal is a problem (RFC 9457) \
                that names field, value and remedy.",
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "servers": [{ "url": "/" }],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "key": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "An API key; siaga key makes one. The scopes are intake, read, contacts, operate.",
                },
            },
            "schemas": schemas::all(),
        },
    })
}
