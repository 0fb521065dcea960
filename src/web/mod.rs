//! The HTTP surface: the API for machines, webhooks of gateways, the page behind a signed link,
//! health, and the demo's telephones.
//!
//! A handler reads the request, calls one room, and answers; it decides nothing. A 2xx on intake
//! means that what was handed in is durable.

pub mod acknowledge;
pub mod api;
pub mod auth;
mod by_hand;
mod calendar;
mod caller;
mod calls;
mod change;
pub mod demo;
mod durable;
mod gate;
pub mod health;
mod hooks;
mod letters;
pub mod problem;
pub mod responders;
mod routes;
mod schemas;
mod serve;
pub mod silences;
mod surface;

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    extract::{DefaultBodyLimit, State},
    http::{HeaderValue, StatusCode, header},
    response::{Html, IntoResponse, Response},
};
use jiff::{
    Timestamp,
    civil::DateTime,
    tz::{TimeZone, TimeZoneDatabase},
};
use secrecy::SecretString;
use tower_http::{
    catch_panic::CatchPanicLayer, set_header::SetResponseHeaderLayer, timeout::TimeoutLayer,
};

use self::{auth::ApiKeys, demo::Demo, health::SharedHealth, problem::Problem};
pub use self::{calls::Calls, gate::Gate, serve::serve};
use crate::{
    config::settings::Webhook,
    inbound::{Inbound, link::Signer, twilio::Account},
    intake::live_units::LiveUnits,
};

/// What the handlers work with. Cheap to clone.
#[derive(Clone)]
pub struct Web {
    /// Replies and receipts; carries the store, the world and the clock too.
    pub inbound: Inbound,
    /// Who may use the API.
    pub keys: Arc<ApiKeys>,
    /// What the gateways' webhooks are authenticated by.
    pub secrets: Arc<Secrets>,
    /// Webhooks that the settings describe.
    pub webhooks: Arc<[Webhook]>,
    /// The ids of our WhatsApp numbers: a webhook for any other is not ours.
    pub whatsapp_numbers: Arc<[String]>,
    /// Our Twilio accounts: a webhook for any other is not ours.
    pub twilio_accounts: Arc<[Account]>,
    /// What is said on a call when a key was pressed.
    pub calls: Calls,
    /// How gateways reach the service from outside; Twilio signs the address that it calls.
    pub public_url: Arc<str>,
    /// Signs and checks acknowledgement links; none when no secret is configured.
    pub signer: Option<Arc<Signer>>,
    /// Units by the names that sources give them.
    pub units: LiveUnits,
    /// What the parts say of themselves.
    pub health: SharedHealth,
    /// The demo's telephones, in the demo.
    pub demo: Option<Arc<Demo>>,
    /// What a silence may be.
    pub silence_terms: Arc<silences::Terms>,
    /// The zone in which times are shown.
    pub zone: Arc<str>,
    /// How much a caller may have of the service.
    pub gate: Arc<Gate>,
}

impl Web {
    /// The time on the wall where times are shown.
    fn local(&self, now: Timestamp) -> DateTime {
        let zone = TimeZoneDatabase::bundled().get(&self.zone);
        zone.unwrap_or(TimeZone::UTC).to_datetime(now)
    }
}

/// What the gateways' webhooks are authenticated by. An empty one lets nobody in.
#[derive(Debug, Clone, Default)]
pub struct Secrets {
    /// The parameter `secret` of Kannel's calls.
    pub kannel: SecretString,
    /// The token of Meta's handshake.
    pub whatsapp_verify_token: SecretString,
    /// The app secret by which Meta signs.
    pub whatsapp_app_secret: SecretString,
}

/// How long a request may take: patience. Importing a full batch takes a second or two.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// Nothing is loaded from elsewhere, no page of ours stands in another's frame.
const CONTENT_SECURITY_POLICY: &str =
    "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'";

/// Every address of the service.
pub fn router(web: Web) -> Router {
    let mut router = routes::all().finish();
    if web.demo.is_some() {
        router = router.merge(demo::routes());
    }
    let set = |name, value: &'static str| {
        SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value))
    };
    router
        .fallback(nothing_here)
        .layer(axum::middleware::from_fn_with_state(
            web.clone(),
            durable::durable,
        ))
        // Whatever comes here has come by the gate, which knows how large it may be.
        .layer(DefaultBodyLimit::disable())
        .layer(TimeoutLayer::with_status_code(
            StatusCode::SERVICE_UNAVAILABLE,
            REQUEST_TIMEOUT,
        ))
        .layer(axum::middleware::from_fn_with_state(
            web.clone(),
            gate::guard,
        ))
        .layer(CatchPanicLayer::new())
        .layer(axum::middleware::map_response(problem::worded))
        .layer(set(
            header::CONTENT_SECURITY_POLICY,
            CONTENT_SECURITY_POLICY,
        ))
        .layer(set(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(set(header::REFERRER_POLICY, "no-referrer"))
        .layer(set(header::CACHE_CONTROL, "no-store"))
        .with_state(web)
}

async fn nothing_here() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "there is nothing at this address")
}

/// `GET /`: that the service runs, and where to look.
async fn home(State(web): State<Web>) -> Response {
    let trouble = web.health.trouble();
    let page = acknowledge::render(
        include_str!("../../templates/web/home.html"),
        minijinja::context! {
            lang => "id",
            healthy => trouble.is_none(),
            status_text => trouble.unwrap_or_else(|| "Semua bagian bekerja.".to_owned()),
            demo => web.demo.is_some(),
            version => env!("CARGO_PKG_VERSION"),
        },
    );
    match page {
        Ok(page) => Html(page).into_response(),
        Err(problem) => problem.into_response(),
    }
}
