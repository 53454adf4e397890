//! Publishing events.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use serde::Serialize;
use wirebahn_core::wamp::session::SessionEvent;
use wirebahn_core::wamp::{Payload, PublicationId, PublishOptions, Uri};

use super::Session;
use super::request::Request;
use crate::wamp::Error;
use crate::wamp::shared::Answer;

/// An event to be published; see [`Session::publish`].
///
/// ```
/// # use wirebahn_drive::wamp::{Error, Session};
/// # async fn run(session: Session) -> Result<(), Error> {
/// session.publish("com.example.news", ("Hello",)).exclude_me(false).acknowledge().await?;
/// # Ok(())
/// # }
/// ```
#[must_use = "an event is published when this is awaited"]
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

    /// Waits for the router to confirm the publication.
    pub fn acknowledge(mut self) -> PublishAcknowledged {
        self.options.acknowledge = true;
        PublishAcknowledged { request: self.request() }
    }

    fn request(self) -> Request {
        let Self { session, topic, options, .. } = self;
        let payload = match Payload::encode(session.serializer(), &self.args, &self.kwargs) {
            Ok(payload) => payload,
            Err(error) => return Request::failed(session, error.into()),
        };
        Request::new(session, move |state| {
            let (len, acknowledge) = (payload.len(), options.acknowledge);
            let request = state.session.publish(topic, options, payload)?;
            state.note_queued(len);
            Ok(acknowledge.then_some((request, None)))
        })
    }
}

impl<A: Serialize, K: Serialize> IntoFuture for Publish<A, K> {
    type Output = Result<(), Error>;
    type IntoFuture = PublishFuture;

    fn into_future(mut self) -> PublishFuture {
        self.options.acknowledge = false;
        PublishFuture { request: self.request() }
    }
}

/// Waits for room to publish.
#[must_use = "futures do nothing unless awaited"]
pub struct PublishFuture {
    request: Request,
}

impl Future for PublishFuture {
    type Output = Result<(), Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(ready!(self.request.poll_sent(cx)).map(drop))
    }
}

/// Waits for the router to confirm a publication.
#[must_use = "futures do nothing unless awaited"]
pub struct PublishAcknowledged {
    request: Request,
}

impl Future for PublishAcknowledged {
    type Output = Result<PublicationId, Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Poll::Ready(match ready!(self.request.poll_answer(cx)) {
            Some(Ok(Answer::Event(SessionEvent::Published { publication, .. }))) => Ok(publication),
            Some(Ok(Answer::Event(SessionEvent::RequestFailed(error)))) => Err(error.into()),
            Some(Err(error)) => Err(error),
            _ => panic!("a publication was polled after it had ended"),
        })
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

impl fmt::Debug for PublishFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PublishFuture").finish_non_exhaustive()
    }
}

impl fmt::Debug for PublishAcknowledged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PublishAcknowledged").finish_non_exhaustive()
    }
}
