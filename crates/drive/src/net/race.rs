//! Happy Eyeballs (RFC 8305): whichever address answers first.

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::Poll;

use wirebahn_core::{ATTEMPT_DELAY, AddressRace};

use super::time::Wait;
use crate::Runtime;

/// What `connect` makes of the first address that it works for. The attempts that are left are dropped.
///
/// # Errors
///
/// It worked for none; the first error is of the address that the system prefers.
pub(crate) async fn race<R: Runtime, T, F>(
    addresses: Vec<SocketAddr>,
    connect: impl Fn(SocketAddr) -> F,
) -> io::Result<T>
where
    F: Future<Output = io::Result<T>> + Send,
{
    let mut race = AddressRace::new(addresses, ATTEMPT_DELAY);
    let mut attempts: Vec<Pin<Box<F>>> = Vec::new();
    let mut wait: Option<Wait<R>> = None;
    let mut first_error = None;
    poll_fn(|cx| {
        loop {
            while let Some(address) = race.poll_attempt(R::now()) {
                attempts.push(Box::pin(connect(address)));
                wait = None;
            }
            let mut failed = false;
            let mut index = 0;
            while let Some(attempt) = attempts.get_mut(index) {
                match attempt.as_mut().poll(cx) {
                    Poll::Ready(Ok(connected)) => return Poll::Ready(Ok(connected)),
                    Poll::Ready(Err(error)) => {
                        first_error.get_or_insert(error);
                        drop(attempts.swap_remove(index));
                        race.handle_failure(R::now());
                        failed = true;
                    }
                    Poll::Pending => index += 1,
                }
            }
            if race.is_lost() {
                let none = || io::Error::new(io::ErrorKind::NotFound, "the host has no address");
                return Poll::Ready(Err(first_error.take().unwrap_or_else(none)));
            }
            if failed {
                continue;
            }
            let Some(next) = race.poll_timeout() else { return Poll::Pending };
            if wait.get_or_insert_with(|| Wait::until(next)).poll(cx).is_pending() {
                return Poll::Pending;
            }
        }
    })
    .await
}
