//! What was asked and waits for an answer.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::collections::btree_map::Entry;

use crate::Instant;
use crate::wamp::{CallOptions, MatchPolicy, MessageType, RegistrationId, RequestId, RequestType, Uri};

/// The requests that wait for an answer, by number.
#[derive(Debug, Default)]
pub(super) struct Requests(BTreeMap<RequestId, Request>);

#[derive(Debug)]
pub(super) enum Request {
    Publish,
    Subscribe { topic: Uri, match_policy: MatchPolicy },
    Unsubscribe,
    Register,
    Unregister { registration: RegistrationId },
    Call(Call),
}

#[derive(Debug)]
pub(super) struct Call {
    pub(super) deadline: Option<Instant>,
    pub(super) wants_progress: bool,
    /// What each further piece of the arguments repeats; `None` once they are complete.
    pub(super) more: Option<Box<(Uri, CallOptions)>>,
}

/// Why an answer has no request.
pub(super) enum Unmatched {
    /// It is of another kind.
    Mismatch,
    /// It was made, but does not wait any more; or it was never made.
    NotWaiting,
}

impl Request {
    const fn request_type(&self) -> RequestType {
        match self {
            Self::Publish => RequestType::Publish,
            Self::Subscribe { .. } => RequestType::Subscribe,
            Self::Unsubscribe => RequestType::Unsubscribe,
            Self::Register => RequestType::Register,
            Self::Unregister { .. } => RequestType::Unregister,
            Self::Call(_) => RequestType::Call,
        }
    }

    /// The message that says that the request succeeded.
    pub(super) const fn is_answered_by(&self, message: MessageType) -> bool {
        matches!(
            (self, message),
            (Self::Publish, MessageType::Published)
                | (Self::Subscribe { .. }, MessageType::Subscribed)
                | (Self::Unsubscribe, MessageType::Unsubscribed)
                | (Self::Register, MessageType::Registered)
                | (Self::Unregister { .. }, MessageType::Unregistered)
                | (Self::Call(_), MessageType::Result)
        )
    }
}

impl Requests {
    pub(super) fn insert(&mut self, id: RequestId, request: Request) {
        self.0.insert(id, request);
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    pub(super) fn call(&mut self, id: RequestId) -> Option<&mut Call> {
        match self.0.get_mut(&id)? {
            Request::Call(call) => Some(call),
            _ => None,
        }
    }

    pub(super) fn remove_call(&mut self, id: RequestId) -> Option<Call> {
        match self.take(id, |request| matches!(request, Request::Call(_))) {
            Ok(Request::Call(call)) => Some(call),
            _ => None,
        }
    }

    /// Takes the request that `message` answers.
    pub(super) fn answer(&mut self, id: RequestId, message: MessageType) -> Result<Request, Unmatched> {
        self.take(id, |request| request.is_answered_by(message))
    }

    /// Takes the request that an ERROR answers.
    pub(super) fn fail(&mut self, id: RequestId, request_type: RequestType) -> Result<Request, Unmatched> {
        self.take(id, |request| request.request_type() == request_type)
    }

    fn take(&mut self, id: RequestId, fits: impl FnOnce(&Request) -> bool) -> Result<Request, Unmatched> {
        match self.0.entry(id) {
            Entry::Occupied(entry) if fits(entry.get()) => Ok(entry.remove()),
            Entry::Occupied(_) => Err(Unmatched::Mismatch),
            Entry::Vacant(_) => Err(Unmatched::NotWaiting),
        }
    }

    /// Whether another SUBSCRIBE for the same topic waits.
    pub(super) fn has_subscribe(&self, topic: &Uri, match_policy: MatchPolicy) -> bool {
        self.0.values().any(|request| {
            matches!(request, Request::Subscribe { topic: other, match_policy: policy }
                if other == topic && *policy == match_policy)
        })
    }

    /// Whether an UNREGISTER for the registration waits.
    pub(super) fn has_unregister(&self, id: RegistrationId) -> bool {
        self.0
            .values()
            .any(|request| matches!(request, Request::Unregister { registration } if *registration == id))
    }
}
