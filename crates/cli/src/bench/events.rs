//! Events: from one publisher to one subscriber each, and to many.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use clap::Args;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use wirebahn_tokio::wamp::{Error, Event, Serializer, Session, Subscription};

use super::pace::{Pace, Turn};
use super::tally::Tally;
use super::{About, Load, Size, Stage, Workload};
use crate::Failure;
use crate::wamp::failure;

#[derive(Args, Debug)]
pub(super) struct PubsubOptions {
    /// How many pairs there are, each of a publisher and a subscriber with a topic of their own
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = super::connections)]
    connections: usize,
    #[command(flatten)]
    publishing: Publishing,
}

#[derive(Args, Debug)]
pub(super) struct FanoutOptions {
    /// How many sessions subscribe, all to one topic
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = super::connections)]
    subscribers: usize,
    /// How many sessions publish to it
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = super::connections)]
    publishers: usize,
    #[command(flatten)]
    publishing: Publishing,
}

#[derive(Args, Debug)]
struct Publishing {
    /// How many events of a publisher are under way at once: published, but not received by all yet
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = super::in_flight)]
    in_flight: usize,
    /// Wait for the router to confirm each publication before the next
    #[arg(long)]
    acknowledge: bool,
    #[command(flatten)]
    size: Size,
    #[command(flatten)]
    load: Load,
}

impl Workload for PubsubOptions {
    type Stage = Events;

    fn load(&self) -> &Load {
        &self.publishing.load
    }

    fn about(&self) -> About {
        self.publishing.about("pubsub", &[("connections", self.connections)])
    }

    async fn prepare(&self) -> Result<Events, Failure> {
        let mut topics = Vec::new();
        for number in 0..self.connections {
            topics.push(self.publishing.topic(number, 1, 1).await?);
        }
        Ok(self.publishing.events(topics))
    }
}

impl Workload for FanoutOptions {
    type Stage = Events;

    fn load(&self) -> &Load {
        &self.publishing.load
    }

    fn about(&self) -> About {
        let settings = [("subscribers", self.subscribers), ("publishers", self.publishers)];
        self.publishing.about("fanout", &settings)
    }

    async fn prepare(&self) -> Result<Events, Failure> {
        let topic = self.publishing.topic(0, self.publishers, self.subscribers).await?;
        Ok(self.publishing.events(vec![topic]))
    }
}

impl Publishing {
    fn about(&self, mode: &'static str, settings: &[(&'static str, usize)]) -> About {
        let mut settings: Vec<_> = settings.iter().map(|&(name, value)| (name, value as u64)).collect();
        settings.extend([("in_flight", self.in_flight as u64), ("size", self.size.bytes)]);
        About { mode, operations: "events", settings }
    }

    async fn topic(&self, number: usize, publishers: usize, subscribers: usize) -> Result<Topic, Failure> {
        let publishers = self.load.join_many(publishers).await?;
        let Some(first) = publishers.first() else {
            return Err(Failure::Usage("there has to be a publisher".into()));
        };
        let uri = self.load.uri(first, "topic", number);
        let mut receivers = Vec::with_capacity(subscribers);
        let room = self.in_flight.saturating_mul(publishers.len()).saturating_add(1);
        for session in self.load.join_many(subscribers).await? {
            let subscribe = session.subscribe(uri.as_str()).capacity(room);
            let subscription = self.load.connection.answer(subscribe.into_future()).await?;
            receivers.push((subscription, Arc::new(Receiver::new(publishers.len()))));
        }
        Ok(Topic { uri, publishers, receivers })
    }

    fn events(&self, topics: Vec<Topic>) -> Events {
        Events {
            topics,
            sent: Vec::new(),
            in_flight: self.in_flight as u64,
            acknowledge: self.acknowledge,
            text: self.size.text(),
            epoch: Instant::now(),
        }
    }
}

/// A topic, who publishes to it, and who subscribes to it.
struct Topic {
    uri: String,
    publishers: Vec<Session>,
    receivers: Vec<(Subscription, Arc<Receiver>)>,
}

pub(super) struct Events {
    topics: Vec<Topic>,
    sent: Vec<Arc<Sent>>,
    in_flight: u64,
    acknowledge: bool,
    text: Arc<str>,
    /// What times in events count from.
    epoch: Instant,
}

impl Stage for Events {
    fn serializer(&self) -> Serializer {
        let publisher = self.topics.first().and_then(|topic| topic.publishers.first());
        publisher.map_or_else(Serializer::default, Session::serializer)
    }

    async fn run(&mut self, pace: &Arc<Pace>, tally: &Arc<Tally>) {
        let (mut publishing, mut receiving) = (JoinSet::new(), JoinSet::new());
        for topic in &mut self.topics {
            let receivers: Arc<[_]> =
                topic.receivers.iter().map(|(_, receiver)| Arc::clone(receiver)).collect();
            let mut all_sent = Vec::new();
            for (index, session) in topic.publishers.drain(..).enumerate() {
                let sent = Arc::new(Sent { index, receivers: Arc::clone(&receivers), ..Sent::default() });
                all_sent.push(Arc::clone(&sent));
                let publisher = Publisher {
                    session,
                    topic: topic.uri.clone(),
                    sent,
                    in_flight: self.in_flight,
                    acknowledge: self.acknowledge,
                    text: Arc::clone(&self.text),
                    epoch: self.epoch,
                };
                publishing.spawn(publisher.run(Arc::clone(pace), Arc::clone(tally)));
            }
            self.sent.extend(all_sent.iter().cloned());
            let all_sent: Arc<[_]> = all_sent.into();
            for (subscription, receiver) in topic.receivers.drain(..) {
                let (sent, tally) = (Arc::clone(&all_sent), Arc::clone(tally));
                receiving.spawn(receiver.run(subscription, sent, tally, self.text.len(), self.epoch));
            }
        }
        while publishing.join_next().await.is_some() {}
    }

    fn settle(&self, tally: &Tally) {
        for sent in &self.sent {
            let published = sent.published.load(Ordering::Acquire);
            for receiver in &*sent.receivers {
                tally.lost(published.saturating_sub(receiver.next(sent.index)));
            }
        }
    }
}

/// What a publisher has published.
#[derive(Default)]
struct Sent {
    /// The place of the publisher among those of its topic.
    index: usize,
    published: AtomicU64,
    /// A receiver has got on.
    moved: Notify,
    receivers: Arc<[Arc<Receiver>]>,
}

impl Sent {
    /// What the slowest of the receivers that are there waits for; `None` if none is.
    fn slowest(&self) -> Option<u64> {
        let there = self.receivers.iter().filter(|receiver| !receiver.is_gone.load(Ordering::Acquire));
        there.map(|receiver| receiver.next(self.index)).min()
    }

    /// Waits until all receivers have everything but the last few; says whether there is still anybody.
    async fn wait(&self, but: u64) -> bool {
        loop {
            let published = self.published.load(Ordering::Acquire);
            match self.slowest() {
                None => return false,
                Some(next) if published.saturating_sub(next) <= but => return true,
                // What moves after the look is remembered.
                Some(_) => self.moved.notified().await,
            }
        }
    }
}

struct Publisher {
    session: Session,
    topic: String,
    sent: Arc<Sent>,
    in_flight: u64,
    acknowledge: bool,
    text: Arc<str>,
    epoch: Instant,
}

impl Publisher {
    /// Publishes as long as there are turns, and waits until everything has come.
    async fn run(self, pace: Arc<Pace>, tally: Arc<Tally>) {
        while self.sent.wait(self.in_flight - 1).await
            && let Some(turn) = pace.next()
        {
            let number = self.sent.published.load(Ordering::Acquire);
            // Before it is published: it may come at once.
            self.sent.published.store(number + 1, Ordering::Release);
            if let Err(error) = self.publish(number, turn).await {
                self.sent.published.store(number, Ordering::Release);
                tally.failed(failure(&error).to_string());
                if let Error::Ended(_) = error {
                    break;
                }
            }
        }
        self.sent.wait(0).await;
    }

    async fn publish(&self, number: u64, turn: Turn) -> Result<(), Error> {
        let time = turn.begun.saturating_duration_since(self.epoch).as_nanos();
        let time = u64::try_from(time).unwrap_or(u64::MAX);
        let arguments = (self.sent.index, number, time, turn.is_measured, &*self.text);
        let publish = self.session.publish(self.topic.as_str(), arguments);
        if self.acknowledge { publish.acknowledge().await.map(drop) } else { publish.await }
    }
}

/// What one subscriber has received.
struct Receiver {
    /// The number of the next event, for each publisher.
    next: Vec<AtomicU64>,
    is_gone: AtomicBool,
}

/// The place of the publisher, the number of the event, its time in nanoseconds, whether it is measured, and the text.
type Arguments<'a> = (usize, u64, u64, bool, &'a str);

impl Receiver {
    fn new(publishers: usize) -> Self {
        Self { next: (0..publishers).map(|_| AtomicU64::new(0)).collect(), is_gone: AtomicBool::new(false) }
    }

    fn next(&self, publisher: usize) -> u64 {
        self.next.get(publisher).map_or(0, |next| next.load(Ordering::Acquire))
    }

    async fn run(
        self: Arc<Self>,
        mut subscription: Subscription,
        sent: Arc<[Arc<Sent>]>,
        tally: Arc<Tally>,
        len: usize,
        epoch: Instant,
    ) {
        while let Some(event) = subscription.next().await {
            if let Some(publisher) = self.receive(&event, &tally, len, epoch)
                && let Some(sent) = sent.get(publisher)
            {
                sent.moved.notify_one();
            }
        }
        tally.failed("a subscriber has lost its session");
        self.is_gone.store(true, Ordering::Release);
        sent.iter().for_each(|sent| sent.moved.notify_one());
    }

    /// Takes an event, and gives the place of its publisher.
    fn receive(&self, event: &Event, tally: &Tally, len: usize, epoch: Instant) -> Option<usize> {
        let Ok((publisher, number, time, is_measured, text)) = event.args::<Arguments<'_>>() else {
            tally.failed("an event is not what was published");
            return None;
        };
        if text.len() != len {
            tally.failed("an event is not what was published");
        }
        let next = self.next.get(publisher)?;
        let expected = next.load(Ordering::Acquire);
        if number < expected {
            tally.out_of_order();
            return None;
        }
        tally.lost(number - expected);
        next.store(number + 1, Ordering::Release);
        tally.done(Turn { begun: epoch + Duration::from_nanos(time), is_measured });
        Some(publisher)
    }
}
