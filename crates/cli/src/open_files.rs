//! How many files the process may have open.

/// Each connection is an open file, and the soft limit on those is often 1024, the hard one far beyond.
pub(crate) fn raise_limit() {
    match rlimit::increase_nofile_limit(u64::MAX) {
        Ok(limit) => tracing::debug!("up to {limit} open files"),
        Err(error) => tracing::warn!("cannot raise the number of open files: {error}"),
    }
}
