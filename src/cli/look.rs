//! Looking: a complaint's timeline, what is due next, whether the ledger holds; and making a key.

use std::{io::Read, process::ExitCode};

use sha2::{Digest, Sha256};

use super::Failure;
use crate::{
    app::Backend,
    config::Settings,
    domain::{
        calendar::local_time,
        directory::Language,
        id::{ComplaintId, PolicyId},
    },
    report::timeline,
    simulate,
    store::{Side, Store, World},
};

pub(super) async fn show(
    settings: &Settings,
    complaint: Option<String>,
) -> Result<ExitCode, Failure> {
    let backend = Backend::join(settings).await?;
    let shown = match complaint {
        Some(text) => one(settings, &backend.store, &text).await,
        None => due(settings, &backend.store).await,
    };
    backend.close();
    shown
}

async fn one(settings: &Settings, store: &Store, text: &str) -> Result<ExitCode, Failure> {
    let id = ComplaintId::parse(text).map_err(|error| Failure::Wrong(error.to_string()))?;
    let found = store
        .load_escalation(&id)
        .await
        .map_err(anyhow::Error::from)?;
    let Some(found) = found else {
        return Err(Failure::Failed(anyhow::anyhow!(
            "there is no complaint {id}"
        )));
    };
    let state = found.value;
    let live = store.live().await.map_err(anyhow::Error::from)?;
    let world = World::of(
        live.unwrap_or_default(),
        &PolicyId::parse(&settings.data.default_policy).map_err(anyhow::Error::from)?,
    )
    .map_err(anyhow::Error::from)?;
    let world = store.covering(&world, [&state.policy]).await;
    let world = world.map_err(anyhow::Error::from)?;
    let directory = world.directory();
    // In the zone of the unit's hours, as everybody who was paged about it has read it.
    let zone = world.context_of(&state).map(|context| context.zone());
    let zone = &zone.unwrap_or_else(|| settings.server.zone.as_str().into());
    println!("{id}: {} ({})", state.complaint.status, state.phase());
    let policy = &state.policy;
    println!("Kebijakan: {}@{}", policy.id, policy.version);
    if let Some(context) = world.context_of(&state)
        && !state.is_closed()
    {
        if let Some(due) = state.promise.due_at(&context) {
            println!("Tenggat: {}", local_time(due, zone, Language::Id));
        }
        println!("  {}", state.explain(&context, Language::Id));
    }
    for fact in store.timeline(&id).await.map_err(anyhow::Error::from)? {
        let line = timeline::line(&fact, directory, Language::Id);
        println!(
            "  {}  {}",
            local_time(line.at, zone, Language::Id),
            line.text
        );
    }
    if let Some(context) = world.context_of(&state) {
        println!("Berikutnya, bila tidak ada jawaban:");
        for next in simulate::upcoming(&state, context, 6) {
            let who: Vec<String> = next.told.iter().map(|(_, post)| post.to_string()).collect();
            println!(
                "  {}  {}",
                local_time(next.at, zone, Language::Id),
                who.join(", ")
            );
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn due(settings: &Settings, store: &Store) -> Result<ExitCode, Failure> {
    for shard in store.keys().shards(Side::Complaints) {
        let (waiting, outbox) = store.depths(shard).await.map_err(anyhow::Error::from)?;
        let next = store.next_due(shard).await.map_err(anyhow::Error::from)?;
        let next = next.map_or_else(
            || "-".to_owned(),
            |at| local_time(at, &settings.server.zone, Language::Id),
        );
        println!("{shard}: {waiting} waiting, {outbox} to be handed over, next at {next}");
    }
    let letters = store.count_dead_letters().await;
    let letters = letters.map_err(anyhow::Error::from)?;
    if letters > 0 {
        println!("{letters} dead letters: siaga dead-letters list");
    }
    Ok(ExitCode::SUCCESS)
}

pub(super) fn key(name: &str) -> Result<ExitCode, Failure> {
    let _: PolicyId = PolicyId::parse(name).map_err(|_| {
        Failure::Wrong(format!(
            "{name:?} is no name for a key: use letters, digits, '.', '_' or '-'"
        ))
    })?;
    let mut bytes = [0_u8; 32];
    std::fs::File::open("/dev/urandom")
        .and_then(|mut source| source.read_exact(&mut bytes))
        .map_err(anyhow::Error::from)?;
    let key = format!("siaga_{}", hex::encode(bytes));
    println!("The key, shown this once:\n\n    {key}\n\nFor the settings:\n");
    println!("[[api_keys]]\nname = \"{name}\"");
    println!(
        "sha256 = \"{}\"\nscopes = [\"intake\", \"read\"]",
        hex::encode(Sha256::digest(key.as_bytes()))
    );
    Ok(ExitCode::SUCCESS)
}
