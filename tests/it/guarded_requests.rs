//! Requests to addresses that somebody else may steer: what leads into the own network is not asked, at once or by a
//! redirect, and it is told with the remedy.

use axum::{
    Router,
    extract::Path,
    http::header,
    response::{IntoResponse as _, Redirect},
    routing::get,
};

use crate::support::{
    gateway::Gateway,
    siaga::{Settings, Siaga},
    wait::{PATIENCE, eventually_asked},
};

const ROSTER: &str = "[[people]]\nid = \"budi\"\nname = \"Budi Contohwan\"\nsms = \"0811-0000-0001\"\n\
    [[rosters]]\npost = \"GUBERNUR.piket\"\nmembers = [\"budi\"]\nrotation = \"daily\"\n\
    begins = \"2026-01-01T08:00:00+07:00\"\n";

#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_is_followed_no_further_than_the_first_address_might_have_led() {
    let bind = async |address: &str| tokio::net::TcpListener::bind((address, 0)).await.unwrap();
    let (listener, inner) = (bind("127.0.0.1").await, bind("127.0.0.2").await);
    let (base, inside) = (listener.local_addr().unwrap(), inner.local_addr().unwrap());
    let (asked, mut inside_asked) = tokio::sync::mpsc::unbounded_channel();
    tokio::spawn(async move {
        let routes = Router::new().fallback(move || {
            asked.send(()).unwrap();
            async { "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n" }
        });
        axum::serve(inner, routes).await
    });
    let routes = Router::new()
        .route(
            "/calendar",
            get(|| async { "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nEND:VCALENDAR\r\n" }),
        )
        .route("/once", get(|| async { Redirect::temporary("/calendar") }))
        .route(
            "/inside",
            get(move || async move { Redirect::temporary(&format!("http://{inside}/")) }),
        )
        .route(
            "/around/{left}",
            get(|Path(left): Path<u8>| async move {
                Redirect::temporary(&format!("/around/{}", left + 1))
            }),
        )
        .route(
            "/file",
            get(|| async {
                let to = (header::LOCATION, "file:///etc/passwd");
                (axum::http::StatusCode::FOUND, [to]).into_response()
            }),
        );
    tokio::spawn(async move { axum::serve(listener, routes).await });

    let mut siaga = Siaga::prepare();
    let subscription = |name: &str, path: &str| {
        format!(
            "[[subscriptions]]\nname = \"{name}\"\nurl = \"http://{base}/{path}\"\npost = \"GUBERNUR.piket\"\n"
        )
    };
    let all = ["once", "inside", "around", "file"].map(|name| match name {
        "around" => subscription(name, "around/0"),
        name => subscription(name, name),
    });
    siaga.set("outgoing.private", "[\"127.0.0.1\"]");
    siaga.write_settings(&Settings {
        more: &format!(
            "[[gateways]]\nname = \"sms\"\ntype = \"sandbox\"\ntransport = \"sms\"\n{}",
            all.concat()
        ),
        people: ROSTER,
        ..Settings::default()
    });
    siaga.start().await;
    let told = eventually_asked("each to be asked", PATIENCE, || async {
        let metrics = siaga.get("/metrics").await.1;
        let said = |(name, value): (&str, u8)| {
            metrics.contains(&format!(
                "siaga_calendar_unread{{calendar=\"{name}\"}} {value}"
            ))
        };
        [("once", 0), ("inside", 1), ("around", 1), ("file", 1)]
            .into_iter()
            .all(said)
            .then_some(siaga.log())
    })
    .await;
    assert!(
        inside_asked.try_recv().is_err(),
        "it was asked all the same"
    );
    for part in [
        "127.0.0.2 is at 127.0.0.2, which is no public address: put its network into outgoing.private",
        "it sends on more than 3 times",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
    siaga.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_of_the_own_network_is_refused_before_the_start_and_a_name_when_it_is_asked() {
    let hook = Gateway::start();
    let port = reqwest::Url::parse(&hook.url()).unwrap().port().unwrap();
    let mut siaga = Siaga::prepare();
    let settings = |webhook: &str| {
        format!(
            "[operators]\nwebhook = \"{webhook}\"\n[dead_man]\nurl = \"http://localhost:{port}/\"\nevery = \"1s\"\n"
        )
    };
    siaga.set("outgoing.private", "[]");
    siaga.write(
        "",
        &settings("http://169.254.169.254/latest/meta-data"),
        ROSTER,
    );
    let (told, code) = siaga.run_for_code(&["check"]);
    assert_ne!(code, 0, "{told}");
    assert!(
        told.contains("operators.webhook")
            && told.contains("outgoing.private = [\"169.254.169.254/32\"]")
            && !told.contains("meta-data"),
        "{told}"
    );
    siaga.write("", &settings("https://ops.example.invalid/"), ROSTER);
    siaga.start().await;
    eventually_asked("the name to be judged", PATIENCE, || async {
        siaga.log().contains("localhost is at ").then_some(())
    })
    .await;
    assert_eq!(hook.requests().len(), 0);
    siaga.stop().await;
    siaga.set("outgoing.private", "[\"lokal\"]");
    let (told, _) = siaga.run_for_code(&["check"]);
    assert!(
        told.contains("outgoing.private") && told.contains("is no network"),
        "{told}"
    );
}
