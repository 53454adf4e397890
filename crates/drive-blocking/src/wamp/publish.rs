//! Publishing events.

use std::fmt;

use serde::Serialize;
use wirebahn_adapter::wamp::Error;
use wirebahn_core::wamp::session::SessionEvent;
use wirebahn_core::wamp::{Payload, PublicationId, PublishOptions, Uri};

use super::Session;
use super::request::Request;
use super::tables::Answer;

/// An event to be published; see [`Session::publish`].
///
/// ```no_run
/// # use wirebahn_blocking::wamp::{Error, Session};
/// # fn run(session: Session) -> Result<(), Error> {
/// session.publish("com.example.news", ("Hello",)).exclude_me(false).acknowledge()?;
/// # Ok(())
/// # }
/// ```
#[must_use = "an event is published by `send` or `acknowledge`"]
pub struct Publish<A, K> {
    session: Session,
    topic: Uri,
    args: A,
    kwargs: K,
    options: PublishOptions,
}

impl<A> Publish<A, ()> {
    pub(super) fn new(session: Session, topic: Uri, args: A) -> Self {
        Self { session, topic, args, kwargs: (), options: PublishOptions::default() }
    }

    /// Adds keyword arguments: a struct or a map.
    pub fn kwargs<K: Serialize>(self, kwargs: K) -> Publish<A, K> {
        let Self { session, topic, args, options, .. } = self;
        Publish { session, topic, args, kwargs, options }
    }
}

impl<A: Serialize, K: Serialize> Publish<A, K> {
    wirebahn_adapter::publish_setters!();

    /// Publishes, after waiting for room if need be. What becomes of the event is not known.
    ///
    /// # Errors
    ///
    /// The session has ended, or the event cannot be published like this.
    pub fn send(mut self) -> Result<(), Error> {
        self.options.acknowledge = false;
        let Self { session, topic, options, .. } = self;
        let payload = Payload::encode(session.serializer(), &self.args, &self.kwargs)?;
        session.shared().request(None, |state| {
            state.engine.session().publish(topic, options, payload)?;
            Ok(())
        })
    }

    /// Publishes, and waits for the router to confirm it.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send), or the router refuses.
    pub fn acknowledge(mut self) -> Result<PublicationId, Error> {
        self.options.acknowledge = true;
        let Self { session, topic, options, .. } = self;
        let payload = Payload::encode(session.serializer(), &self.args, &self.kwargs)?;
        let request = Request::new(session, None, None, |state| {
            Ok(state.engine.session().publish(topic, options, payload)?)
        })?;
        match request.only_answer()? {
            Answer::Event(SessionEvent::Published { publication, .. }) => Ok(publication),
            Answer::Event(SessionEvent::RequestFailed(error)) => Err(error.into()),
            _ => Err(Error::Canceled),
        }
    }
}

impl<A, K> fmt::Debug for Publish<A, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Publish")
            .field("topic", &self.topic)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}
