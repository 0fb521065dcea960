//! Siaga from outside: one binary, so that the crate is linked once; real peers.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    unreachable_pub,
    reason = "a test that cannot go on fails, and its name says what it is for"
)]

mod anchors;
mod backups;
mod bad_requests;
mod bundles;
mod by_hand;
mod changes;
mod checks;
mod costs;
mod costs_service;
mod damages;
mod dead_letters;
mod deadlines;
mod duty_calendars;
mod evidence;
mod export;
mod failover;
mod failover_service;
mod failure_drills;
mod further_clocks;
mod gammu_service;
mod gateway_examples;
mod guarded_requests;
mod handing_over;
mod hostile;
mod http_limits;
mod imports;
#[cfg(debug_assertions)] // Only then does the program know how to halt.
mod kills;
mod late_answers;
mod lost_answers;
mod mail_service;
mod news;
mod news_service;
mod notification_rules;
mod openapi;
mod out_of_use;
mod peers;
mod posts_above;
mod previews;
mod providers_whatsapp;
mod redis_groups;
mod redis_refused;
mod refused_templates;
mod replanned;
mod retries;
mod rosters;
mod seeds;
mod selection;
mod self_tests_service;
mod service;
mod service_manager;
mod shared_telephone;
mod sheets;
mod silences;
mod silences_service;
mod simulations;
mod slow_gateway;
mod smpp_service;
mod smtp_service;
mod stories;
mod storm;
mod support;
mod templates_service;
mod throttle;
mod throttle_service;
mod together;
mod torture;
mod twilio_service;
mod unit_hours;
mod versions;
mod voice_service;
mod watch_service;
mod whatsapp_service;
mod words_by_channel;
