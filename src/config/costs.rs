//! Whether the ceilings of the costs make sense.

use super::{document::Document, settings::Settings};

/// Checks `[costs]` against itself and against the gateways' prices.
pub(super) fn check(settings: &Settings, document: &mut Document) {
    let costs = &settings.costs;
    if !(1..=100).contains(&costs.careful_from) {
        document.fault(
            "costs.careful_from",
            &costs.careful_from.to_string(),
            "not a share of a ceiling",
            "write a percentage from 1 to 100, like 80",
        );
    }
    for (field, ceiling) in [("per_day", costs.per_day), ("per_month", costs.per_month)] {
        if ceiling == Some(0) {
            document.fault(
                &format!("costs.{field}"),
                "0",
                "a ceiling that is always reached",
                &format!("write an amount, or leave {field} out for no ceiling"),
            );
        }
    }
    if let (Some(day), Some(month)) = (costs.per_day, costs.per_month)
        && month < day
    {
        document.warn(
            "costs.per_month",
            &month.to_string(),
            "less than in a day: the day's ceiling never counts",
            "write what may be spent in the whole month",
        );
    }
    let is_free = settings.gateways.iter().all(|gateway| gateway.price == 0);
    if (costs.per_day.is_some() || costs.per_month.is_some()) && is_free {
        document.warn(
            "costs",
            "",
            "no gateway has a price, so no ceiling is ever reached",
            "write what a message costs at each gateway: price = 350",
        );
    }
}
