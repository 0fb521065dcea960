//! The index of units that is live: made anew when the directory changes, not at every look.

use std::sync::{Arc, Mutex, PoisonError};

use super::units::UnitIndex;
use crate::store::{World, Worlds};

/// Finds units in the directory that is in force. Cheap to clone.
#[derive(Debug, Clone)]
pub struct LiveUnits {
    worlds: Worlds,
    made: Arc<Mutex<Option<Made>>>,
}

/// An index and the world it was made of.
type Made = (Arc<World>, Arc<UnitIndex>);

impl LiveUnits {
    /// The index of what is in force in these worlds.
    pub fn new(worlds: Worlds) -> Self {
        Self {
            worlds,
            made: Arc::default(),
        }
    }

    /// The index of what is in force now.
    pub fn get(&self) -> Arc<UnitIndex> {
        let world = self.worlds.get();
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((of, index)) = &*made
            && Arc::ptr_eq(of, &world)
        {
            return index.clone();
        }
        let index = Arc::new(UnitIndex::new(world.directory()));
        *made = Some((world, index.clone()));
        index
    }
}
