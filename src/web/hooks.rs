//! Webhooks of the gateways. Each is authenticated, made into inputs, committed, and only then
//! answered; on a failure of ours the gateway is told to try again.

use axum::{
    Form,
    body::Bytes,
    extract::{OriginalUri, Path, Query, State, rejection::FormRejection},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use secrecy::ExposeSecret;
use serde::Deserialize;

use super::{Web, problem::Problem};
use crate::inbound::{kannel, twilio, webhook, whatsapp};

impl From<kannel::Refused> for Problem {
    fn from(refused: kannel::Refused) -> Self {
        let status = match &refused {
            kannel::Refused::Secret => StatusCode::FORBIDDEN,
            kannel::Refused::Field { .. } => StatusCode::BAD_REQUEST,
        };
        Self::new(status, refused.to_string())
    }
}

/// `GET /hooks/kannel/mo`: a short message came in. The empty answer keeps Kannel silent.
pub(super) async fn kannel_message(
    State(web): State<Web>,
    Query(message): Query<kannel::Message>,
) -> Result<StatusCode, Problem> {
    let reply = kannel::reply(&message, web.secrets.kannel.expose_secret())?;
    web.inbound.reply(reply).await?;
    Ok(StatusCode::OK)
}

/// `GET /hooks/kannel/dlr`: how a short message fared.
pub(super) async fn kannel_report(
    State(web): State<Web>,
    Query(report): Query<kannel::Report>,
) -> Result<StatusCode, Problem> {
    if let Some(receipt) = kannel::receipt(&report, web.secrets.kannel.expose_secret())? {
        web.inbound.receipt(receipt).await?;
    }
    Ok(StatusCode::OK)
}

/// The handshake's parameters.
#[derive(Deserialize)]
pub(super) struct Handshake {
    #[serde(rename = "hub.mode", default)]
    mode: String,
    #[serde(rename = "hub.verify_token", default)]
    token: String,
    #[serde(rename = "hub.challenge", default)]
    challenge: String,
}

/// `GET /hooks/whatsapp`: Meta asks whether the address is ours.
pub(super) async fn whatsapp_handshake(
    State(web): State<Web>,
    Query(handshake): Query<Handshake>,
) -> Response {
    let ours = web.secrets.whatsapp_verify_token.expose_secret();
    if whatsapp::handshake(&handshake.mode, &handshake.token, ours) {
        handshake.challenge.into_response()
    } else {
        Problem::new(StatusCode::FORBIDDEN, "hub.verify_token is not ours")
            .detail("enter the value of inbound.whatsapp_verify_token at Meta")
            .into_response()
    }
}

/// `POST /hooks/whatsapp`: messages and statuses.
pub(super) async fn whatsapp_event(
    State(web): State<Web>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<StatusCode, Problem> {
    let signature = headers
        .get("x-hub-signature-256")
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    if !whatsapp::is_signed(
        signature,
        &body,
        web.secrets.whatsapp_app_secret.expose_secret(),
    ) {
        return Err(Problem::new(
            StatusCode::FORBIDDEN,
            "X-Hub-Signature-256 does not fit the body",
        )
        .detail("compare inbound.whatsapp_app_secret with the app secret at Meta"));
    }
    let brought = whatsapp::read(&body, &web.whatsapp_numbers).map_err(|error| {
        Problem::new(
            StatusCode::BAD_REQUEST,
            "the body is no webhook of the documented shape",
        )
        .detail(error.to_string())
    })?;
    // Answered 200 all the same: sent again, it would still be nothing for us.
    for (count, result) in [
        (brought.passed_over, "passed_over"),
        (brought.for_others, "for_others"),
    ] {
        if count > 0 {
            metrics::counter!("siaga_webhook_parts_total", "transport" => "whatsapp", "result" => result).increment(count as u64);
            tracing::info!(count, result, "parts of a WhatsApp webhook were not used");
        }
    }
    for reply in brought.replies {
        web.inbound.reply(reply).await?;
    }
    for receipt in brought.receipts {
        web.inbound.receipt(receipt).await?;
    }
    Ok(StatusCode::OK)
}

impl From<twilio::Refused> for Problem {
    fn from(refused: twilio::Refused) -> Self {
        let status = match &refused {
            twilio::Refused::Account | twilio::Refused::Signature => StatusCode::FORBIDDEN,
            twilio::Refused::Field { .. } => StatusCode::BAD_REQUEST,
        };
        Self::new(status, refused.to_string())
    }
}

/// A webhook's parameters, or why they cannot be read.
pub(super) type Parameters = Result<Form<Vec<(String, String)>>, FormRejection>;

/// The webhook, when one of our accounts has signed it.
pub(super) fn twilio_webhook(
    web: &Web,
    uri: &OriginalUri,
    headers: &HeaderMap,
    parameters: Parameters,
) -> Result<twilio::Webhook, Problem> {
    let Form(parameters) = parameters.map_err(|rejection| {
        Problem::new(rejection.status(), "the body is no form").detail(rejection.body_text())
    })?;
    let signature = headers
        .get("x-twilio-signature")
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let webhook = twilio::Webhook {
        url: format!("{}{}", web.public_url, uri.0),
        signature: signature.to_owned(),
        parameters,
    };
    webhook.authenticate(&web.twilio_accounts)?;
    Ok(webhook)
}

/// `POST /hooks/twilio/message`: a message came in. The answer is TwiML that says nothing.
pub(super) async fn twilio_message(
    State(web): State<Web>,
    uri: OriginalUri,
    headers: HeaderMap,
    parameters: Parameters,
) -> Result<Response, Problem> {
    let webhook = twilio_webhook(&web, &uri, &headers, parameters)?;
    web.inbound.reply(webhook.reply()?).await?;
    let kind = [(header::CONTENT_TYPE, "text/xml; charset=utf-8")];
    Ok((kind, twilio::SAY_NOTHING).into_response())
}

/// What a status callback's address says.
#[derive(Deserialize)]
pub(super) struct About {
    #[serde(default)]
    pub(super) reference: String,
}

/// `POST /hooks/twilio/status`: how a message fared.
pub(super) async fn twilio_status(
    State(web): State<Web>,
    uri: OriginalUri,
    Query(about): Query<About>,
    headers: HeaderMap,
    parameters: Parameters,
) -> Result<StatusCode, Problem> {
    let webhook = twilio_webhook(&web, &uri, &headers, parameters)?;
    if let Some(receipt) = webhook.receipt(&about.reference)? {
        web.inbound.receipt(receipt).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Where a described webhook is called: its name, and its secret unless a header has it.
#[derive(Deserialize)]
pub(super) struct Called {
    name: String,
    #[serde(default)]
    secret: String,
}

/// `POST /hooks/in/NAME/SECRET`, or with the secret in the header `X-Webhook-Secret`: what a provider
/// brings whose webhook the settings describe.
pub(super) async fn described(
    State(web): State<Web>,
    Path(called): Path<Called>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<StatusCode, Problem> {
    let known = web.webhooks.iter();
    let hook = known.into_iter().find(|it| it.shape.name == called.name);
    let hook = hook.ok_or_else(|| {
        Problem::new(
            StatusCode::NOT_FOUND,
            "no webhook of this name is configured",
        )
        .detail("compare the address with the names under [[webhooks]] in the settings")
    })?;
    let header = headers
        .get("x-webhook-secret")
        .and_then(|value| value.to_str().ok());
    if !webhook::is_secret(header.unwrap_or(&called.secret), &hook.secret) {
        return Err(
            Problem::new(StatusCode::FORBIDDEN, "the webhook's secret is wrong").detail(
                "put the secret of its [[webhooks]] behind the name in the address, or into the \
                 header X-Webhook-Secret",
            ),
        );
    }
    let brought = webhook::read(&hook.shape, &body, web.inbound.clock.now())
        .map_err(|refused| Problem::new(StatusCode::BAD_REQUEST, refused.to_string()))?;
    match brought {
        webhook::Brought::Reply(reply) => {
            web.inbound.reply(reply).await?;
        }
        webhook::Brought::Receipt(receipt) => {
            web.inbound.receipt(receipt).await?;
        }
        webhook::Brought::Nothing => {
            metrics::counter!("siaga_webhook_parts_total", "transport" => hook.shape.transport.as_str(), "result" => "passed_over").increment(1);
            tracing::info!(
                webhook = called.name,
                "a status that [[webhooks]] gives no meaning was not used"
            );
        }
    }
    Ok(StatusCode::OK)
}
