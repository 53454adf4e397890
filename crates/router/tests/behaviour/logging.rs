//! What an operator reads in the log.
#![cfg(feature = "tracing")]

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use tracing::Level;
use wirebahn_core::wamp::{Message, RequestId};
use wirebahn_router::{RealmConfig, SlowConsumers};

use crate::world::{World, all_features, hello};

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What is logged at this level or above while `story` happens in a realm in which ten messages may wait for a session.
fn logged(level: Level, slow: SlowConsumers, story: impl FnOnce(&mut World)) -> String {
    let mut config = RealmConfig::default();
    config.queue.messages = 10;
    config.slow_consumers = slow;
    let mut world = World::new(config);
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_writer(move || writer.clone())
        .with_ansi(false)
        .without_time()
        .with_max_level(level)
        .finish();
    tracing::subscriber::with_default(subscriber, || story(&mut world));
    String::from_utf8(log.0.lock().unwrap().clone()).unwrap()
}

fn overflow(world: &mut World) {
    let [publisher, subscriber] = std::array::from_fn(|_| world.join());
    world.subscribe(subscriber, "com.t");
    for _ in 0..12 {
        world.publish(publisher, "com.t", "x");
    }
}

#[test]
fn a_session_that_is_disconnected_for_being_slow_is_a_warning_with_its_name() {
    let log = logged(Level::WARN, SlowConsumers::Disconnect, overflow);
    assert!(log.starts_with(" WARN wirebahn::session: disconnected: messages come in faster"), "{log}");
    assert!(log.contains("realm=\"realm1\" session="), "{log}");
    assert_eq!(log.lines().count(), 1, "{log}");
}

#[test]
fn the_beginning_of_a_loss_is_a_warning_and_the_rest_is_not_repeated() {
    let log = logged(Level::WARN, SlowConsumers::DropNewest, overflow);
    assert!(log.starts_with(" WARN wirebahn::session: reads too slowly: events are dropped"), "{log}");
    assert_eq!(log.lines().count(), 1, "{log}");
}

#[test]
fn peers_that_break_the_protocol_or_may_not_join_are_noted() {
    let log = logged(Level::INFO, SlowConsumers::Disconnect, |world| {
        let client = world.join();
        world.yield_text(client, RequestId::FIRST, "nobody has asked");
        let stranger = world.attach();
        world.send(stranger, hello("com.no.such.realm", all_features()));
    });
    let lines: Vec<&str> = log.lines().collect();
    assert_eq!(lines.len(), 2, "{log}");
    assert!(lines[0].contains("protocol violation: there has been no invocation 1"), "{log}");
    assert!(lines[1].contains("the peer may not join: wamp.error.no_such_realm"), "{log}");
}

#[test]
fn sessions_that_come_and_go_are_for_those_who_look_closely() {
    let come_and_go = |world: &mut World| {
        let client = world.join();
        world.goodbye(client);
        assert!(world.received(client.key).iter().any(|message| matches!(message, Message::Goodbye(_))));
    };
    assert_eq!(logged(Level::INFO, SlowConsumers::Disconnect, come_and_go), "");
    let log = logged(Level::DEBUG, SlowConsumers::Disconnect, come_and_go);
    assert!(log.contains(" joined realm=\"realm1\"") && log.contains(" left realm=\"realm1\""), "{log}");
}
