//! Sessions that come, do this and that, and go.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use wirebahn_tokio::wamp::{CancelMode, Error, InvocationPolicy, LeftCause, Session, Value, error_uri};

use crate::chaos::KILLED;
use crate::keeper::{ECHO, ENDLESS, EVENTS, PROGRESS};
use crate::ledger::Ledger;
use crate::random::Random;
use crate::{Outcome, Routes};

const SHARED: &str = "soak.shared";
/// What calls to it may meet.
const GONE: [&str; 3] = [error_uri::NO_SUCH_PROCEDURE, error_uri::NO_SUCH_REGISTRATION, error_uri::CANCELED];
/// Topics that workers subscribe to among themselves.
const TOPICS: u64 = 16;
const LONGEST_LIFE: u64 = 300;
const BATCH: u64 = 16;
/// Most payloads are small; some are larger than any buffer.
const PAYLOADS: [u64; 6] = [0, 10, 100, 1000, 5000, 100_000];
/// Messages of a call: CALL, INVOCATION, YIELD, RESULT.
const PER_CALL: u64 = 4;
/// Messages of an acknowledged publication without its events.
const PER_PUBLISH: u64 = 2;

/// One life after the other, until the goal is reached.
pub(crate) async fn work(routes: Arc<Routes>, ledger: Arc<Ledger>, mut random: Random, goal: u64) -> Outcome {
    while ledger.messages() < goal {
        let session = routes.join(&mut random).await?;
        let life = Life {
            number: ledger.next_life(),
            session: session.clone(),
            ledger: Arc::clone(&ledger),
            published: 0,
        };
        ledger.count_messages(PER_PUBLISH);
        match life.live(&mut random, goal).await {
            Ok(()) => go(session, &mut random).await,
            // It may be killed at any time, and only that.
            Err(Error::Ended(left)) => match &left.cause {
                LeftCause::Goodbye { reason, .. } if reason == KILLED => ledger.killed.add(),
                other => return Err(format!("a session ended: {other:?}").into()),
            },
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Ends a session in one of the ways there are.
async fn go(session: Session, random: &mut Random) {
    match random.below(3) {
        0 => drop(session.leave().await),
        1 => session.start_leave("soak.enough", None),
        _ => drop(session),
    }
}

struct Life {
    number: u64,
    session: Session,
    ledger: Arc<Ledger>,
    published: u64,
}

impl Life {
    async fn live(mut self, random: &mut Random, goal: u64) -> Result<(), Error> {
        // They go with the life, unless they are given up earlier.
        let mut subscriptions = Vec::new();
        let mut registrations = Vec::new();
        let length = random.below(LONGEST_LIFE);
        let ledger = Arc::clone(&self.ledger);
        for _ in (0..length).take_while(|_| ledger.messages() < goal) {
            match random.below(100) {
                0..50 => self.echo(random).await?,
                50..60 => self.echo_many(random).await?,
                60..63 => self.progress(random).await?,
                63..66 => self.give_up(random).await?,
                66..85 => self.publish(random).await?,
                85..89 => self.publish_unacknowledged(random).await?,
                89..91 => self.call_shared().await?,
                91..93 => {
                    let topic = format!("soak.topic.{}", random.below(TOPICS));
                    let subscription = match random.below(3) {
                        0 => self.session.subscribe(topic).await?,
                        1 => self.session.subscribe("soak.topic.1").prefix().await?,
                        _ => self.session.subscribe("soak..3").wildcard().await?,
                    };
                    self.ledger.count_messages(PER_PUBLISH);
                    subscriptions.push(subscription);
                }
                // One session has one part in a shared registration.
                93..95 if registrations.is_empty() => {
                    let number = self.number;
                    let shared = self.session.register(SHARED, move |(): ()| async move { Ok(number) });
                    registrations.push(shared.invoke(InvocationPolicy::RoundRobin).await?);
                    self.ledger.count_messages(PER_PUBLISH);
                }
                95..97 => {
                    let own = format!("soak.own.{}", self.number);
                    let own = self.session.register(own, |(): ()| async { Ok(()) }).await?;
                    self.ledger.count_messages(PER_PUBLISH);
                    own.unregister().await?;
                }
                97..99 => drop((subscriptions.pop(), registrations.pop())),
                _ => tokio::time::sleep(Duration::from_millis(random.below(5))).await,
            }
        }
        Ok(())
    }

    async fn echo(&self, random: &mut Random) -> Result<(), Error> {
        let value = payload(random);
        let outcome = self.session.call::<_, Value>(ECHO, (&value,)).await;
        let echoed = self.outcome(outcome)?;
        assert!(echoed.is_none_or(|got| got == value), "an echo came back changed");
        Ok(())
    }

    async fn echo_many(&self, random: &mut Random) -> Result<(), Error> {
        let mut calls = JoinSet::new();
        for n in 0..random.below(BATCH) {
            let call = self.session.call::<_, u64>(ECHO, (n,)).into_future();
            calls.spawn(async move { (n, call.await) });
        }
        while let Some(call) = calls.join_next().await {
            let (n, outcome) = call.expect("a call does not panic");
            if let Some(got) = self.outcome(outcome)? {
                assert_eq!(got, n, "an echo came back changed");
            }
        }
        Ok(())
    }

    async fn progress(&self, random: &mut Random) -> Result<(), Error> {
        let count = random.below(BATCH);
        let mut pieces = self.session.call::<_, u64>(PROGRESS, (count,)).stream();
        let mut wanted = 0;
        let mut last = Ok(count);
        while let Some(piece) = pieces.next().await {
            match piece.and_then(|piece| Ok(piece.value::<u64>()?)) {
                Ok(got) => {
                    assert_eq!(got, wanted, "a piece is missing, or too many");
                    wanted += 1;
                    self.ledger.count_messages(PER_CALL / 2);
                }
                Err(error) => last = Err(error),
            }
        }
        self.outcome(last)?;
        Ok(())
    }

    /// Calls what never ends, and stops waiting.
    async fn give_up(&self, random: &mut Random) -> Result<(), Error> {
        let mode = *random.pick(&[CancelMode::Kill, CancelMode::KillNoWait]);
        let call = self.session.call::<_, ()>(ENDLESS, ()).cancel_mode(mode);
        match call.timeout(Duration::from_millis(random.below(10))).await {
            Err(Error::TimedOut) => {
                self.ledger.count_messages(PER_CALL);
                Ok(())
            }
            Err(error) if error.is(error_uri::CANCELED) || error.is("soak.interrupted") => Ok(()),
            Err(error) => Err(error),
            Ok(()) => panic!("what never ends has ended"),
        }
    }

    async fn publish(&mut self, random: &mut Random) -> Result<(), Error> {
        self.published += 1;
        let event = (self.number, self.published, payload(random));
        self.session.publish(EVENTS, event).acknowledge().await?;
        self.ledger.count_messages(PER_PUBLISH);
        self.ledger.acknowledge(self.number, self.published);
        Ok(())
    }

    async fn publish_unacknowledged(&self, random: &mut Random) -> Result<(), Error> {
        let topic = format!("soak.topic.{}", random.below(TOPICS));
        self.session.publish(topic, (payload(random),)).await?;
        self.ledger.count_messages(1);
        Ok(())
    }

    async fn call_shared(&self) -> Result<(), Error> {
        let outcome = self.session.call::<_, u64>(SHARED, ()).await;
        self.outcome(outcome)?;
        Ok(())
    }

    /// Counts the outcome of a call. Callees of the shared procedure come and go: that they are not there, not any more, or
    /// went away over the call, belongs to the game. Other errors end the run.
    fn outcome<T>(&self, outcome: Result<T, Error>) -> Result<Option<T>, Error> {
        self.ledger.calls.add();
        self.ledger.count_messages(PER_CALL);
        match outcome {
            Ok(result) => {
                self.ledger.results.add();
                Ok(Some(result))
            }
            Err(error) => {
                self.ledger.errors.add();
                if GONE.iter().any(|uri| error.is(uri)) { Ok(None) } else { Err(error) }
            }
        }
    }
}

fn payload(random: &mut Random) -> Value {
    let longest = *random.pick(&PAYLOADS);
    let len = random.below(longest + 1);
    let len = usize::try_from(len).unwrap_or(0);
    match random.below(3) {
        0 => Value::from("ü".repeat(len / 2)),
        1 => Value::Bytes(vec![0xA5; len]),
        _ => Value::List(vec![Value::from(len as u64); len.min(64)]),
    }
}
