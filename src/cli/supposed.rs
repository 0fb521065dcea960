//! A complaint that might come, in the words of a call: what is decided about it can be asked before it
//! is there.

use clap::Args;
use jiff::Timestamp;

use super::Failure;
use crate::{
    domain::{
        complaint::{Complaint, Privacy, Status},
        directory::Directory,
        id::{ComplaintId, UnitCode},
    },
    intake::units::UnitIndex,
};

/// The words that describe it.
#[derive(Args)]
pub(super) struct Supposed {
    /// The unit that has to answer, by any of its names; left out: the coordinator's desk.
    #[arg(long)]
    unit: Option<String>,
    /// Its category, as the source writes it.
    #[arg(long)]
    category: Option<String>,
    /// Where it is about.
    #[arg(long)]
    area: Option<String>,
    /// Its kind: Pengaduan, Aspirasi, ...
    #[arg(long)]
    classification: Option<String>,
    /// How urgent its source says that it is.
    #[arg(long)]
    urgency: Option<String>,
}

impl Supposed {
    /// The complaint.
    pub(super) fn complaint(
        &self,
        directory: &Directory,
        received_at: Timestamp,
    ) -> Result<Complaint, Failure> {
        let unit = match &self.unit {
            Some(written) => Some(unit(&UnitIndex::new(directory), written)?),
            None => None,
        };
        Ok(Complaint {
            id: ComplaintId::parse("CONTOH").map_err(anyhow::Error::from)?,
            received_at,
            unit,
            source: None,
            classification: self.classification.clone(),
            category: self.category.clone(),
            area: self.area.clone(),
            urgency: self.urgency.clone(),
            title: None,
            privacy: Privacy::default(),
            status: Status::new_complaint(),
        })
    }
}

fn unit(units: &UnitIndex, written: &str) -> Result<UnitCode, Failure> {
    let found = units.find(written).unit_or_problem();
    found.cloned().map_err(|problem| {
        Failure::Wrong(format!(
            "--unit {written}: {problem}: write a unit's code, as in the files of data.directory"
        ))
    })
}
