//! A router that is used hard for long, and must not keep anything: messages go in by the million, from clients that come
//! and go in every way there is, keep rules and break them, read and don't. Again and again all clients leave, and then
//! nothing may be left: no session, subscription, registration or call, and no memory. Alone in its program, for it
//! counts every allocation.
//!
//! `SOAK_MESSAGES` is how many messages each policy for slow consumers gets, by default few enough for a test.

#[cfg(test)]
mod client;
#[cfg(test)]
mod crowd;

#[cfg(test)]
mod tests {
    use std::alloc::System;
    use std::time::Duration;

    use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
    use wirebahn_router::SlowConsumers;

    use crate::crowd::Crowd;

    #[global_allocator]
    static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

    const DEFAULT_MESSAGES: u64 = 60_000;
    /// How often everybody leaves. The first time fills what the router keeps for later: tables do not shrink.
    const PHASES: u64 = 6;
    /// Tables grow in jumps, and late ones may come late: less than what a byte for every message would be.
    const TOLERANCE: usize = 256 * 1024;

    fn allocated() -> usize {
        let stats = ALLOCATOR.stats();
        stats.bytes_allocated - stats.bytes_deallocated
    }

    fn messages() -> u64 {
        std::env::var("SOAK_MESSAGES").map_or(DEFAULT_MESSAGES, |text| text.parse().unwrap())
    }

    /// The tests of a program run at the same time, and this one counts memory: it is one test.
    #[test]
    fn nothing_is_left_of_clients_that_have_left() {
        let hold = SlowConsumers::HoldPublishers { at_most: Duration::from_millis(200) };
        let policies =
            [SlowConsumers::Disconnect, SlowConsumers::DropNewest, SlowConsumers::DropOldest, hold];
        for (seed, policy) in (1..).zip(policies) {
            let mut crowd = Crowd::new(policy, seed);
            let mut memory = Vec::new();
            for phase in 1..=PHASES {
                crowd.run(messages() * phase / PHASES);
                crowd.leave_and_check();
                memory.push(allocated());
            }
            let (first, last) = (memory[0], memory[memory.len() - 1]);
            assert!(last < first + TOLERANCE, "{policy:?}: memory grew: {memory:?}");
        }
    }
}
