//! Joining the parts of a message without taking more room than a message may have.

use alloc::vec::Vec;

/// Appends a part, of which there may still be `allowed` bytes, this one included.
///
/// The first one gets just the room it needs, since it mostly is all there is; then the room doubles, but not beyond
/// what is allowed: a message that is as long as it may be takes no more than that.
pub(super) fn append(joined: &mut Vec<u8>, part: &[u8], allowed: u64) {
    if joined.capacity() - joined.len() < part.len() {
        let allowed = usize::try_from(allowed).unwrap_or(usize::MAX);
        joined.reserve_exact(joined.capacity().min(allowed).max(part.len()));
    }
    joined.extend_from_slice(part);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_doubles_up_to_the_limit_and_never_goes_beyond_it() {
        let (mut joined, mut grown) = (Vec::new(), 0);
        for at in 0..1000 {
            let before = joined.capacity();
            append(&mut joined, &[1; 10], 10_000 - at * 10);
            grown += usize::from(joined.capacity() != before);
            assert!(joined.capacity() <= 10_000);
        }
        assert_eq!(joined.len(), 10_000);
        assert!(grown < 20, "{grown} times");
    }
}
