//! `siaga check`: everything that is wrong, at once.

use std::{path::PathBuf, process::ExitCode};

use super::{Failure, settings_file};
use crate::{
    app,
    channel::{registry, sandbox::SandboxBoard},
    config,
    template::Renderer,
};

pub(super) fn run(named: Option<PathBuf>) -> Result<ExitCode, Failure> {
    let path = settings_file(named);
    let mut wrong = false;
    let mut warnings = 0;
    let settings = match config::load(path.as_deref(), std::env::vars()) {
        Ok((settings, found)) => {
            warnings += found.len();
            for fault in &found {
                println!("{fault}");
            }
            settings
        }
        Err(faults) => {
            print!("{faults}");
            wrong = true;
            // The rest is checked by the defaults, so that all is told at once.
            config::Settings::default()
        }
    };
    let (seeds, faults) = app::seeds(&settings, false);
    wrong |= faults.has_errors();
    warnings += faults
        .0
        .iter()
        .filter(|f| f.gravity == config::Gravity::Warning)
        .count();
    print!("{faults}");
    let parts = registry::Parts {
        http: registry::http_client().map_err(|error| Failure::Failed(error.into()))?,
        sandbox: SandboxBoard::default(),
    };
    for gateway in &settings.gateways {
        if let Err(fault) = registry::build(&gateway.name, gateway.settings.clone(), &parts) {
            println!("error: {fault}");
            wrong = true;
        }
    }
    if let Some(folder) = &settings.data.templates {
        match Renderer::with_overrides(folder, &settings.server.zone) {
            Ok((_, faults)) => {
                wrong |= !faults.is_empty();
                for fault in &faults {
                    println!("error: {fault}");
                }
            }
            Err(error) => {
                println!("error: {error}");
                wrong = true;
            }
        }
    }
    println!(
        "{} units, {} posts, {} people, {} policies, {} calendars: {}",
        seeds.directory.units.len(),
        seeds.directory.posts.len(),
        seeds.directory.responders.len(),
        seeds.policies.len(),
        seeds.calendars.len(),
        if wrong {
            "not usable".to_owned()
        } else {
            format!("usable, {warnings} warnings")
        }
    );
    Ok(if wrong {
        ExitCode::from(2)
    } else {
        ExitCode::SUCCESS
    })
}
