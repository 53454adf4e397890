//! Publishing and subscribing.

use std::sync::mpsc::channel;

use wirebahn_blocking::wamp::{Error, Event, OperationError, Overflow, Subscription};

use super::support::{InTime, Running};
use crate::adapter::{STUCK, until};

fn number(event: &Event) -> u32 {
    event.args::<(u32,)>().unwrap().0
}

fn next(subscription: &mut Subscription) -> u32 {
    number(&subscription.recv_timeout(STUCK).expect("this must not hang").unwrap())
}

#[test]
fn an_event_has_the_number_that_its_publisher_was_told() {
    let running = Running::start();
    let session = running.join();
    let mut subscription = session.subscribe("com.numbers").wait().unwrap();
    let publication = session.publish("com.numbers", (7,)).exclude_me(false).acknowledge().unwrap();
    let event = subscription.recv_timeout(STUCK).unwrap().unwrap();
    assert_eq!((event.publication, number(&event)), (publication, 7));
    running.end();
}

#[test]
fn a_callback_gets_events_until_its_handle_is_dropped() {
    let running = Running::start();
    let (publisher, session) = (running.join(), running.join());
    let (events, got) = channel();
    let subscription = session.subscribe("com.numbers").wait().unwrap();
    let handled = subscription.on_event(move |event| events.send(number(&event)).unwrap()).unwrap();
    publisher.publish("com.numbers", (1,)).send().unwrap();
    publisher.publish("com.numbers", (2,)).send().unwrap();
    assert_eq!((got.take(), got.take()), (1, 2));
    drop(handled);
    // The callback is gone, and with it the channel.
    assert!(
        got.recv_timeout(STUCK).is_err_and(|error| error == std::sync::mpsc::RecvTimeoutError::Disconnected)
    );
    running.end();
}

#[test]
fn a_subscriber_that_takes_nothing_loses_the_oldest_or_the_newest() {
    let running = Running::start();
    let (publisher, session) = (running.join(), running.join());
    let subscribe =
        |overflow| session.subscribe("com.numbers").capacity(3).overflow(overflow).wait().unwrap();
    let (mut old, mut new) = (subscribe(Overflow::DropNewest), subscribe(Overflow::DropOldest));
    for n in 0..10 {
        publisher.publish("com.numbers", (n,)).send().unwrap();
    }
    until(|| old.missed() == 7 && new.missed() == 7);
    assert_eq!([next(&mut old), next(&mut old), next(&mut old)], [0, 1, 2]);
    assert_eq!([next(&mut new), next(&mut new), next(&mut new)], [7, 8, 9]);
    running.end();
}

#[test]
fn events_end_with_the_session() {
    let running = Running::start();
    let session = running.join();
    let subscription = session.subscribe("com.numbers").wait().unwrap();
    session.publish("com.numbers", (1,)).exclude_me(false).acknowledge().unwrap();
    let leaving = session.clone();
    let thread = std::thread::spawn(move || leaving.leave());
    // What has come is still there.
    assert_eq!(subscription.map(|event| number(&event)).collect::<Vec<_>>(), [1]);
    thread.join().unwrap();
    let error = session.publish("com.numbers", (1,)).send().unwrap_err();
    assert!(matches!(error, Error::Ended(_) | Error::Operation(OperationError::NotJoined)), "{error}");
    running.end();
}
