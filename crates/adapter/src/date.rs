use std::time::{Duration, SystemTime};

/// What date the system has, as the time since the beginning of 1970 in UTC. A clock that is before that is wrong anyhow, and
/// counts as that.
#[must_use]
pub fn since_1970() -> Duration {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
}
