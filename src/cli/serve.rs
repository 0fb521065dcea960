//! `siaga serve`: the service, until it is told to stop.

use std::{process::ExitCode, sync::Arc};

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::Failure;
use crate::{
    app::{self, Service, Surroundings},
    channel::sandbox::SandboxBoard,
    clock::SystemClock,
    config::Settings,
};

pub(super) async fn run(settings: Settings) -> Result<ExitCode, Failure> {
    let files = app::files(&settings, false);
    let signals = Signals::listen()?;
    let around = Surroundings {
        clock: Arc::new(SystemClock),
        demo: None,
        board: SandboxBoard::default(),
    };
    let service = Service::start(&settings, &files, around).await?;
    tracing::info!(address = %service.address, "siaga is on the alert");
    signals.told().await;
    tracing::info!("stopping: what is in flight is settled first");
    service.stop().await;
    Ok(ExitCode::SUCCESS)
}

/// The signals to stop: Ctrl-C, or what a service manager sends.
///
/// Listened for from before the start: one that came between would end the process where it stands,
/// with its work unsettled.
pub(super) struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    pub(super) fn listen() -> anyhow::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    /// Waits for the first of them.
    pub(super) async fn told(mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
