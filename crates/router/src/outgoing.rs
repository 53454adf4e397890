//! What connections get.

use std::sync::Arc;

use wirebahn_core::wamp::link::LinkClose;
use wirebahn_core::wamp::message::Error;
use wirebahn_core::wamp::{ErrorDetails, Message, Payload, RequestId, RequestType, Uri, error_uri};

use crate::{CloseReason, SharedEvent};

/// What is to be sent to a peer.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Outgoing {
    /// A message.
    Message(Box<Message>),
    /// An EVENT that others get as well.
    Shared(Arc<SharedEvent>),
    /// The connection is to be closed, once everything before is sent. The last output; then
    /// [`Router::handle_detach`](crate::Router::handle_detach) is due.
    Close(CloseReason),
}

/// What to do about an output that is too long for the transport of its connection.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Instead {
    /// Send this message, before all others.
    Send(Box<Message>),
    /// Hand the router this message, as if the peer had sent it.
    Receive(Box<Message>),
    /// Close the connection.
    Close(LinkClose),
    /// Nothing: nobody waits for it.
    Nothing,
}

impl Outgoing {
    /// What to do if this is too long for the transport. Nothing that belongs to a call is dropped without its caller being
    /// told.
    #[must_use]
    pub fn instead(&self) -> Instead {
        let Self::Message(message) = self else { return Instead::Nothing };
        match &**message {
            Message::Invocation(invocation) => {
                Instead::Receive(too_long(RequestType::Invocation, invocation.request))
            }
            Message::Result(result) => Instead::Send(too_long(RequestType::Call, result.request)),
            Message::Error(error) => Instead::Send(too_long(error.request_type, error.request)),
            // There can be no session with a peer that cannot be told that it has one.
            Message::Welcome(_) | Message::Challenge(_) => Instead::Close(LinkClose::Policy),
            _ => Instead::Nothing,
        }
    }
}

fn too_long(request_type: RequestType, request: RequestId) -> Box<Message> {
    Box::new(Message::from(Error {
        request_type,
        request,
        details: ErrorDetails::default(),
        error: Uri::from_static(error_uri::PAYLOAD_SIZE_EXCEEDED),
        payload: Payload::empty(),
    }))
}

#[cfg(test)]
mod tests {
    use wirebahn_core::wamp::message::{Invocation, Published, Result};
    use wirebahn_core::wamp::{InvocationDetails, PublicationId, RegistrationId, ResultDetails};

    use super::*;

    fn instead(message: impl Into<Message>) -> Instead {
        Outgoing::Message(Box::new(message.into())).instead()
    }

    fn error_of(message: &Message) -> (RequestType, u64, &str) {
        let Message::Error(error) = message else { panic!("{message:?}") };
        (error.request_type, error.request.get(), &error.error)
    }

    #[test]
    fn a_caller_is_told_of_an_answer_that_is_too_long_for_him() {
        let request = RequestId::new(7).unwrap();
        let result = Result { request, details: ResultDetails::default(), payload: Payload::empty() };
        let answers = [instead(result), instead(*too_long(RequestType::Call, request))];
        for answer in answers {
            let Instead::Send(message) = answer else { panic!("{answer:?}") };
            assert_eq!(error_of(&message), (RequestType::Call, 7, "wamp.error.payload_size_exceeded"));
        }
    }

    #[test]
    fn an_invocation_that_is_too_long_fails_as_if_its_callee_had_said_so() {
        let invocation = Invocation {
            request: RequestId::new(8).unwrap(),
            registration: RegistrationId::new(1).unwrap(),
            details: InvocationDetails::default(),
            payload: Payload::empty(),
        };
        let Instead::Receive(message) = instead(invocation) else { panic!("the callee gets nothing") };
        assert_eq!(error_of(&message), (RequestType::Invocation, 8, "wamp.error.payload_size_exceeded"));
    }

    #[test]
    fn what_nobody_waits_for_is_dropped() {
        let (request, publication) = (RequestId::new(1).unwrap(), PublicationId::new(2).unwrap());
        assert_eq!(instead(Published { request, publication }), Instead::Nothing);
        assert_eq!(Outgoing::Close(CloseReason::TooSlow).instead(), Instead::Nothing);
    }
}
