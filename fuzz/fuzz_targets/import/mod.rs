//! Reads bytes as a file of complaints to its end.

use std::{env, fs, process};

use jiff::{Timestamp, tz::TimeZone};
use siaga::intake::file::{Options, open};

/// Every row is told with its line, in order, and a row that does not fit says why.
pub fn read(ending: &str, bytes: &[u8]) {
    let path = env::temp_dir().join(format!("siaga-fuzz-{}.{ending}", process::id()));
    fs::write(&path, bytes).expect("the folder for temporary files can be written");
    let now = Timestamp::from_second(1_795_500_000).expect("within the years");
    let options = Options {
        times_are: Some(TimeZone::UTC),
        ..Options::default()
    };
    if let Ok(rows) = open(&path, &options, now) {
        let mut line = 0;
        for row in rows.map_while(Result::ok) {
            assert!(row.line > line, "line {} after {line}", row.line);
            line = row.line;
            if let Err(faults) = row.record {
                assert!(!faults.is_empty());
            }
        }
    }
    fs::remove_file(&path).expect("the file is still there");
}
