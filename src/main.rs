//! The command line.

use std::process::ExitCode;

fn main() -> ExitCode {
    siaga::cli::main()
}
