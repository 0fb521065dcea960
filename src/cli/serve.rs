//! `siaga serve`: the service, until it is told to stop.

use std::{process::ExitCode, sync::Arc};

use super::Failure;
use crate::{
    app::{self, Service, Surroundings},
    channel::sandbox::SandboxBoard,
    clock::SystemClock,
    config::Settings,
};

pub(super) async fn run(settings: Settings) -> Result<ExitCode, Failure> {
    let (seeds, faults) = app::seeds(&settings, false);
    if faults.has_errors() {
        return Err(Failure::Wrong(faults.to_string()));
    }
    let around = Surroundings {
        clock: Arc::new(SystemClock),
        demo: None,
        board: SandboxBoard::default(),
    };
    let service = Service::start(&settings, seeds, around).await?;
    tracing::info!(address = %service.address, "siaga is on the alert");
    until_told().await;
    tracing::info!("stopping: what is in flight is settled first");
    service.stop().await;
    Ok(ExitCode::SUCCESS)
}

/// Waits for the signal to stop: Ctrl-C, or what a service manager sends.
pub(super) async fn until_told() {
    use tokio::signal::unix::{SignalKind, signal};
    let interrupt = tokio::signal::ctrl_c();
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => {
            tokio::select! {
                _ = interrupt => {}
                _ = terminate.recv() => {}
            }
        }
        Err(_) => {
            let _ = interrupt.await;
        }
    }
}
