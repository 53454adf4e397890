//! Lines on stdout.

use std::io::{self, Write as _};

/// Prints where a server listens, or what else is good to know. If nobody reads that, the server works all the same.
pub(crate) fn announce(line: &str) {
    let mut stdout = io::stdout().lock();
    let _ = writeln!(stdout, "{line}").and_then(|()| stdout.flush());
}
