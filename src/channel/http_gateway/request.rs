//! Turns an operator's description into requests: templates compiled once, values always escaped
//! for the place where they stand.
//!
//! A JSON body is built by rendering its texts one by one, never by joining strings, so a quotation
//! mark in a message cannot change its shape.

use std::collections::BTreeMap;

use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value as TemplateValue, context};
use reqwest::{
    Method, RequestBuilder,
    header::{CONTENT_TYPE, HeaderName, HeaderValue},
};
use secrecy::ExposeSecret;
use serde_json::{Map, Value};

use super::settings::{Body, Settings};
use crate::{
    channel::{
        exchange::Failure,
        fault::{self, GatewayFault},
        redact::percent_encode,
    },
    domain::phone::PhoneNumber,
};

const IN_ADDRESS: &str = "address";
const WORDS: &str = "to, to_plus, to_national, text, reference, sender, secrets.NAME";

/// A description, checked and compiled.
#[derive(Debug)]
pub(super) struct Blueprint {
    method: Method,
    settings: Settings,
    headers: Vec<(HeaderName, String)>,
    templates: Environment<'static>,
}

/// What one message puts into the templates.
pub(super) struct Values<'a> {
    pub(super) number: &'a PhoneNumber,
    pub(super) text: &'a str,
    pub(super) reference: &'a str,
}

impl Blueprint {
    /// Compiles every template and renders it once, so that a misspelt name shows now.
    pub(super) fn compile(name: &str, settings: Settings) -> Result<Self, GatewayFault> {
        let method = ["GET", "POST", "PUT"]
            .contains(&settings.method.as_str())
            .then(|| Method::from_bytes(settings.method.as_bytes()).ok())
            .flatten()
            .ok_or_else(|| {
                GatewayFault::shown(name, "method", &settings.method, "write GET, POST or PUT")
            })?;
        let headers = header_names(name, &settings.headers)?;
        let mut sources = vec![("url".to_owned(), settings.url.clone())];
        let group = |prefix: &str, fields: &BTreeMap<String, String>| {
            fields
                .iter()
                .map(|(field, source)| (format!("{prefix}.{field}"), source.clone()))
                .collect::<Vec<_>>()
        };
        sources.extend(group("headers", &settings.headers));
        sources.extend(group("query", &settings.query));
        if let Some(basic) = &settings.basic {
            sources.push(("basic.username".to_owned(), basic.username.clone()));
            sources.push(("basic.password".to_owned(), basic.password.clone()));
        }
        let mut raw_escape = AutoEscape::None;
        match &settings.body {
            Body::None => {}
            Body::Form { fields } => sources.extend(group("body.fields", fields)),
            Body::Json { value } => texts_of("body.value", value, &mut sources),
            Body::Raw {
                content_type,
                template,
            } => {
                if HeaderValue::from_str(content_type).is_err() {
                    let remedy = "write a content type such as application/xml";
                    return Err(GatewayFault::shown(
                        name,
                        "body.content_type",
                        content_type,
                        remedy,
                    ));
                }
                raw_escape = escape_of(content_type);
                sources.push(("body.template".to_owned(), template.clone()));
            }
        }
        let mut templates = environment(raw_escape);
        for (field, source) in sources {
            let shown: String = source.clone();
            templates
                .add_template_owned(field.clone(), source)
                .map_err(|error| template_fault(name, &field, &shown, &error))?;
        }
        let blueprint = Self {
            method,
            settings,
            headers,
            templates,
        };
        blueprint.try_out(name)?;
        Ok(blueprint)
    }

    /// Renders everything with a sample message.
    fn try_out(&self, name: &str) -> Result<(), GatewayFault> {
        let sample = self.context("+6281234567890", "teks", "p:1");
        for (field, template) in self.templates.templates() {
            let rendered = template
                .render(&sample)
                .map_err(|error| template_fault(name, field, template.source(), &error))?;
            if field == "url" {
                fault::web_address(name, field, &rendered)
                    .map_err(|_| address_fault(name, &self.settings.url))?;
            }
            if field.starts_with("headers.") && HeaderValue::from_str(&rendered).is_err() {
                return Err(GatewayFault::shown(
                    name,
                    field,
                    template.source(),
                    "a header is one line without control characters",
                ));
            }
        }
        Ok(())
    }

    /// Words one request.
    pub(super) fn request(
        &self,
        http: &reqwest::Client,
        values: &Values<'_>,
    ) -> Result<RequestBuilder, Failure> {
        let context = self.context(values.number.as_str(), values.text, values.reference);
        let text = |field: &str| self.render(field, &context);
        let mut request = http.request(self.method.clone(), text("url")?);
        if !self.settings.query.is_empty() {
            request = request.query(&self.fields("query", &self.settings.query, &context)?);
        }
        for (name, field) in &self.headers {
            let mut value = HeaderValue::from_str(&text(field)?)
                .map_err(|_| Failure::refused(format!("{field} cannot hold this message")))?;
            value.set_sensitive(true);
            request = request.header(name, value);
        }
        if self.settings.basic.is_some() {
            request = request.basic_auth(text("basic.username")?, Some(text("basic.password")?));
        }
        Ok(match &self.settings.body {
            Body::None => request,
            Body::Form { fields } => request.form(&self.fields("body.fields", fields, &context)?),
            Body::Json { value } => request.json(&self.json("body.value", value, &context)?),
            Body::Raw { content_type, .. } => request
                .header(CONTENT_TYPE, content_type)
                .body(text("body.template")?),
        })
    }

    fn context(&self, plus: &str, text: &str, reference: &str) -> TemplateValue {
        let digits = plus.trim_start_matches('+');
        let national = digits
            .strip_prefix(&self.settings.country_code)
            .map_or_else(|| digits.to_owned(), |rest| format!("0{rest}"));
        let secrets: BTreeMap<String, String> = self
            .settings
            .secrets
            .iter()
            .map(|(name, secret)| (name.clone(), secret.expose_secret().to_owned()))
            .collect();
        context! {
            to => digits.to_owned(), to_plus => plus.to_owned(), to_national => national,
            text => text.to_owned(), reference => reference.to_owned(),
            sender => self.settings.sender.clone(), secrets => secrets,
        }
    }

    fn render(&self, field: &str, context: &TemplateValue) -> Result<String, Failure> {
        self.templates
            .get_template(field)
            .and_then(|template| template.render(context))
            .map_err(|error| Failure::refused(format!("template {field}: {:?}", error.kind())))
    }

    fn fields<'a>(
        &self,
        prefix: &str,
        fields: &'a BTreeMap<String, String>,
        context: &TemplateValue,
    ) -> Result<Vec<(&'a str, String)>, Failure> {
        fields
            .keys()
            .map(|name| {
                Ok((
                    name.as_str(),
                    self.render(&format!("{prefix}.{name}"), context)?,
                ))
            })
            .collect()
    }

    fn json(&self, path: &str, value: &Value, context: &TemplateValue) -> Result<Value, Failure> {
        Ok(match value {
            Value::String(_) => Value::String(self.render(path, context)?),
            Value::Array(values) => Value::Array(
                values
                    .iter()
                    .enumerate()
                    .map(|(at, value)| self.json(&format!("{path}.{at}"), value, context))
                    .collect::<Result<_, _>>()?,
            ),
            Value::Object(members) => Value::Object(
                members
                    .iter()
                    .map(|(key, value)| {
                        let value = self.json(&format!("{path}.{key}"), value, context)?;
                        Ok((key.clone(), value))
                    })
                    .collect::<Result<Map<_, _>, Failure>>()?,
            ),
            fixed => fixed.clone(),
        })
    }
}

fn environment(raw_escape: AutoEscape) -> Environment<'static> {
    let mut templates = Environment::new();
    // An error in debug mode would quote the values, secrets among them.
    templates.set_debug(false);
    templates.set_undefined_behavior(UndefinedBehavior::Strict);
    templates.set_auto_escape_callback(move |field| match field {
        "url" => AutoEscape::Custom(IN_ADDRESS.into()),
        "body.template" => raw_escape.clone(),
        _ => AutoEscape::None,
    });
    templates.set_formatter(|out, state, value| match state.auto_escape() {
        AutoEscape::Custom(_) => Ok(out.write_str(&percent_encode(&value.to_string()))?),
        _ => minijinja::escape_formatter(out, state, value),
    });
    templates
}

fn escape_of(content_type: &str) -> AutoEscape {
    let content_type = content_type.to_ascii_lowercase();
    if content_type.contains("json") {
        AutoEscape::Json
    } else if content_type.contains("xml") || content_type.contains("html") {
        AutoEscape::Html
    } else if content_type.contains("x-www-form-urlencoded") {
        AutoEscape::Custom(IN_ADDRESS.into())
    } else {
        AutoEscape::None
    }
}

fn header_names(
    name: &str,
    headers: &BTreeMap<String, String>,
) -> Result<Vec<(HeaderName, String)>, GatewayFault> {
    headers
        .keys()
        .map(|header| {
            let field = format!("headers.{header}");
            HeaderName::from_bytes(header.as_bytes())
                .map(|parsed| (parsed, field.clone()))
                .map_err(|_| {
                    let remedy = "write a header's name: letters, digits and '-'";
                    GatewayFault::shown(name, &field, header, remedy)
                })
        })
        .collect()
}

/// Every text of a JSON value with its path.
fn texts_of(path: &str, value: &Value, found: &mut Vec<(String, String)>) {
    match value {
        Value::String(source) => found.push((path.to_owned(), source.clone())),
        Value::Array(values) => {
            for (at, value) in values.iter().enumerate() {
                texts_of(&format!("{path}.{at}"), value, found);
            }
        }
        Value::Object(members) => {
            for (key, value) in members {
                texts_of(&format!("{path}.{key}"), value, found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn template_fault(name: &str, field: &str, source: &str, error: &minijinja::Error) -> GatewayFault {
    let why = error.detail().map_or_else(
        || format!("{:?}", error.kind()),
        |detail| format!("{:?}: {detail}", error.kind()),
    );
    GatewayFault::shown(
        name,
        field,
        source,
        &format!("mend the template ({why}); it may use {WORDS}"),
    )
}

fn address_fault(name: &str, source: &str) -> GatewayFault {
    let remedy = "write a whole address such as https://gateway.example.go.id/send; user name and \
                  password belong into basic";
    // A password in the address must not come out again in the fault.
    if source.contains('@') {
        GatewayFault::hidden(name, "url", remedy)
    } else {
        GatewayFault::shown(name, "url", source, remedy)
    }
}
