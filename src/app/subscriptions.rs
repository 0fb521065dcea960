//! Calendars of other programs that are asked who stands by at a desk. What is new in them becomes a change like any
//! other, in the calendar's name.
//!
//! A calendar that cannot be had or used changes nothing: what was known of it last stays in force, and an alarm says
//! so once an hour. Of several services one asks.

use std::{sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp, tz::TimeZoneDatabase};
use reqwest::Url;
use secrecy::ExposeSecret;
use tokio_util::sync::CancellationToken;

use super::slots::floor;
use crate::{
    changes::{ChangeError, Changes, Proposal},
    channel::guard::{GuardedClient, told},
    clock::Clock,
    config::{
        Settings,
        places::Places,
        subscriptions::{Subscription, TimesAre},
    },
    domain::{
        fact::Alarm,
        ical::{self, Wanted},
        rulebook::Rulebook,
    },
};

/// How long an answer may take, from the connection to its end.
const PATIENCE: Duration = Duration::from_secs(20);
/// How often it may be sent elsewhere.
const REDIRECTS: usize = 3;

/// Asks every calendar of the settings until `stop`.
pub(super) fn start(
    settings: &Settings,
    changes: &Changes,
    clock: &Arc<dyn Clock>,
    stop: &CancellationToken,
) -> anyhow::Result<()> {
    if settings.subscriptions.is_empty() {
        return Ok(());
    }
    let client = GuardedClient::new(settings.outgoing.reach(), REDIRECTS)?;
    for subscription in &settings.subscriptions {
        let asked = Asked {
            subscription: subscription.clone(),
            zone: settings.server.zone.clone(),
            changes: changes.clone(),
            clock: clock.clone(),
            client: client.clone(),
        };
        tokio::spawn(asked.keep(stop.clone()));
    }
    Ok(())
}

/// One calendar.
struct Asked {
    subscription: Subscription,
    zone: String,
    changes: Changes,
    clock: Arc<dyn Clock>,
    client: GuardedClient,
}

impl Asked {
    async fn keep(self, stop: CancellationToken) {
        let every = self.subscription.says.every;
        let name = &self.subscription.says.name;
        // The first time at once, then at the same times for all services.
        let mut slot = floor(self.clock.now(), every);
        loop {
            let store = &self.changes.store;
            match store.claim_slot(&format!("calendar:{name}"), slot).await {
                Ok(true) => self.ask().await,
                Ok(false) => {}
                Err(error) => tracing::error!(calendar = name, %error, "it is asked the next time"),
            }
            let next = floor(self.clock.now(), every);
            slot = next.saturating_add(every).unwrap_or(Timestamp::MAX);
            tokio::select! {
                () = self.clock.sleep_until(slot) => {}
                () = stop.cancelled() => return,
            }
        }
    }

    async fn ask(&self) {
        let name = self.subscription.says.name.clone();
        let failed = metrics::gauge!("siaga_calendar_unread", "calendar" => name.clone());
        let why = match self.take().await {
            Ok(changed) => {
                failed.set(0.0);
                tracing::info!(calendar = name, changed, "a calendar was read");
                return;
            }
            Err(why) => why,
        };
        failed.set(1.0);
        tracing::error!(
            calendar = name,
            why,
            "a calendar cannot be used; what was known of it stays in force"
        );
        let now = self.clock.now();
        let hour = floor(now, SignedDuration::from_hours(1));
        let job = format!("calendar-alarm:{name}");
        match self.changes.store.claim_slot(&job, hour).await {
            Ok(true) => {
                let calendar = name;
                self.changes
                    .alarm(Alarm::CalendarUnread { calendar, why }, now)
                    .await;
            }
            Ok(false) => {}
            Err(error) => tracing::error!(%error, "the alarm is not in the ledger"),
        }
    }

    /// Takes what is new; gives whether anything was.
    async fn take(&self) -> Result<bool, String> {
        let text = self.fetch().await?;
        let says = &self.subscription.says;
        let now = self.clock.now();
        let ahead = SignedDuration::from_hours(24 * i64::from(says.days));
        let wanted = Wanted {
            from: now,
            until: now.saturating_add(ahead).unwrap_or(Timestamp::MAX),
            zone: TimeZoneDatabase::bundled()
                .get(&self.zone)
                .map_err(|error| error.to_string())?,
        };
        let times = ical::read(&text, &wanted).map_err(|faults| first(&faults))?;
        let live = self
            .changes
            .store
            .live()
            .await
            .map_err(|error| error.to_string())?;
        let mut wished = live.ok_or("nothing is live yet")?.book;
        self.put(&mut wished, &times, now)?;
        let plan = self
            .changes
            .plan(wished)
            .await
            .map_err(|error| error.to_string())?;
        if plan.entries.is_empty() {
            return Ok(false);
        }
        let author = self.author();
        let proposal = Proposal {
            author: author.clone(),
            reason: format!("kalender {}", says.name),
            effective: None,
            ordered: false,
        };
        match self
            .changes
            .submit_again(&plan, &Places::default(), &proposal, now)
            .await
        {
            Ok(submitted) => Ok(submitted.is_some()),
            // Somebody else changed something at this moment: the next time.
            Err(ChangeError::Raced(_)) => Ok(false),
            Err(other) => Err(other.to_string()),
        }
    }

    fn author(&self) -> String {
        format!("calendar:{}", self.subscription.says.name)
    }

    fn put(
        &self,
        wished: &mut Rulebook,
        times: &[ical::Occurrence],
        now: Timestamp,
    ) -> Result<(), String> {
        let says = &self.subscription.says;
        let only = says.person.as_ref();
        let directory = &mut wished.directory;
        let author = self.author();
        let reason = format!("kalender {}", says.name);
        let (overrides, leave) = match says.times_are {
            TimesAre::Overrides => {
                let read = directory.as_overrides(times, only, (&author, &reason));
                (Some(read.map_err(|faults| first(&faults))?), None)
            }
            TimesAre::Leave => {
                let read = directory.as_leave(times, only);
                (None, Some(read.map_err(|faults| first(&faults))?))
            }
        };
        let desk = directory.posts.get_mut(&says.post);
        let roster = desk.and_then(|post| post.roster.as_mut());
        let roster =
            roster.ok_or_else(|| format!("there is no desk {} with a roster", says.post))?;
        if let Some(overrides) = overrides {
            roster.put_overrides(overrides, Some(&author), now);
        }
        if let Some(leave) = leave {
            roster.take_leave(only, now);
            roster.put_leave(leave);
        }
        Ok(())
    }

    async fn fetch(&self) -> Result<String, String> {
        let address = self.subscription.url.expose_secret();
        let address = match address.strip_prefix("webcal://") {
            Some(rest) => format!("https://{rest}"),
            None => address.to_owned(),
        };
        let address = Url::parse(&address).map_err(|error| error.to_string())?;
        let request = self.client.get(address).map_err(|it| it.to_string())?;
        let answer = request.timeout(PATIENCE).send().await.map_err(told)?;
        if !answer.status().is_success() {
            return Err(format!("it answers {}", answer.status()));
        }
        let mut answer = answer;
        let mut body = Vec::new();
        while let Some(piece) = answer.chunk().await.map_err(told)? {
            body.extend_from_slice(&piece);
            if body.len() > ical::LARGEST {
                return Err(format!("it has more than {} bytes", ical::LARGEST));
            }
        }
        String::from_utf8(body).map_err(|_| "it is not UTF-8".to_owned())
    }
}

fn first(faults: &[ical::Fault]) -> String {
    let more = match faults.len().saturating_sub(1) {
        0 => String::new(),
        more => format!(" (and {more} more)"),
    };
    faults
        .first()
        .map_or_else(String::new, |it| format!("{it}{more}"))
}
