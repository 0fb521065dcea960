//! Where a command writes what it was asked for: a file, or standard output, which may be closed by whoever reads it.

use std::{
    fs::File,
    io::{self, BufWriter, Write},
    path::PathBuf,
    process::ExitCode,
};

use super::Failure;

/// What is written to.
pub(super) type Output = BufWriter<Box<dyn Write>>;

/// Opens the file of `--out`, or standard output.
pub(super) fn open(out: Option<&PathBuf>) -> Result<Output, Failure> {
    let target: Box<dyn Write> = match out {
        Some(path) => Box::new(File::create(path).map_err(|error| {
            Failure::Wrong(format!(
                "--out {}: {error}: name a file that can be written",
                path.display()
            ))
        })?),
        None => Box::new(io::stdout()),
    };
    Ok(BufWriter::new(target))
}

/// How a command ends that has written.
pub(super) fn end(written: anyhow::Result<()>) -> Result<ExitCode, Failure> {
    match written {
        Ok(()) => Ok(ExitCode::SUCCESS),
        // Whoever reads it has read enough.
        Err(error) if is_broken_pipe(&error) => Ok(ExitCode::SUCCESS),
        Err(error) => Err(error.into()),
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let io = error.downcast_ref::<io::Error>();
    io.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
