//! The table of all messages.
//!
//! A message is a list: its code, then its fields in the order of the table, then what follows the `+`: `payload` is
//! arguments and keyword arguments, with the condition on which they may be opaque, and `optional` an element that is
//! left out if it is the default. `layout` makes of this the types, and the code that reads and writes them.

use alloc::boxed::Box;

use super::RequestType;
use super::layout::messages;
use crate::wamp::{
    AbortDetails, CallOptions, CancelOptions, Dict, ErrorDetails, EventDetails, GoodbyeDetails, HelloDetails,
    InterruptOptions, InvocationDetails, PayloadPassthru, PublicationId, PublishOptions, RegisterOptions,
    RegistrationId, RequestId, ResultDetails, SessionId, SubscribeOptions, SubscriptionId, Text,
    UnregisterOptions, UnregisteredDetails, UnsubscribeOptions, UnsubscribedDetails, Uri, WelcomeDetails,
    YieldOptions,
};

messages! {
    /// HELLO: a client wants to join a realm. The first message on a transport.
    1 Hello = "HELLO" {
        /// The realm; `None` leaves the choice to the router, where that is possible.
        realm: Option<Uri>,
        /// Roles and authentication.
        details: Box<HelloDetails>,
    }
    /// WELCOME: the client has joined.
    2 Welcome = "WELCOME" {
        /// The session that begins.
        session: SessionId,
        /// Roles and identity.
        details: Box<WelcomeDetails>,
    }
    /// ABORT: there will be no session, or it ends because of a violation. Never answered.
    3 Abort = "ABORT" {
        /// An explanation.
        details: AbortDetails,
        /// Why, such as [`NO_SUCH_REALM`](crate::wamp::error_uri::NO_SUCH_REALM).
        reason: Uri,
    } + payload(|_| false)
    /// CHALLENGE: the router wants to know who the client is.
    4 Challenge = "CHALLENGE" {
        /// How it is to be proved.
        method: Text,
        /// What the method needs.
        extra: Dict,
    }
    /// AUTHENTICATE: the answer to a CHALLENGE.
    5 Authenticate = "AUTHENTICATE" {
        /// The proof.
        signature: Text,
        /// What the method needs.
        extra: Dict,
    }
    /// GOODBYE: the session ends. Answered with GOODBYE, once.
    6 Goodbye = "GOODBYE" {
        /// An explanation.
        details: GoodbyeDetails,
        /// Why, such as [`CLOSE_REALM`](crate::wamp::close_reason::CLOSE_REALM).
        reason: Uri,
    }
    /// ERROR: a request failed.
    8 Error = "ERROR" {
        /// What kind of request.
        request_type: RequestType,
        /// Which request.
        request: RequestId,
        /// Circumstances.
        details: ErrorDetails,
        /// What happened, such as [`NO_SUCH_PROCEDURE`](crate::wamp::error_uri::NO_SUCH_PROCEDURE).
        error: Uri,
    } + payload(|error| has_algorithm(&error.details.passthru))
    /// PUBLISH: publisher to broker.
    16 Publish = "PUBLISH" {
        /// Number of the request.
        request: RequestId,
        /// How the event is handled.
        options: PublishOptions,
        /// The topic.
        topic: Uri,
    } + payload(|publish| has_algorithm(&publish.options.passthru))
    /// PUBLISHED: broker to publisher, if the publication was to be acknowledged.
    17 Published = "PUBLISHED" {
        /// The PUBLISH.
        request: RequestId,
        /// The publication.
        publication: PublicationId,
    }
    /// SUBSCRIBE: subscriber to broker.
    32 Subscribe = "SUBSCRIBE" {
        /// Number of the request.
        request: RequestId,
        /// How topics are compared.
        options: SubscribeOptions,
        /// The topic, or a pattern of topics.
        topic: Uri,
    }
    /// SUBSCRIBED: broker to subscriber.
    33 Subscribed = "SUBSCRIBED" {
        /// The SUBSCRIBE.
        request: RequestId,
        /// The subscription.
        subscription: SubscriptionId,
    }
    /// UNSUBSCRIBE: subscriber to broker.
    34 Unsubscribe = "UNSUBSCRIBE" {
        /// Number of the request.
        request: RequestId,
        /// The subscription that ends.
        subscription: SubscriptionId,
    } + optional {
        /// An element that only Autobahn and Crossbar have.
        options: UnsubscribeOptions
    }
    /// UNSUBSCRIBED: broker to subscriber.
    35 Unsubscribed = "UNSUBSCRIBED" {
        /// The UNSUBSCRIBE; `None` if the broker takes a subscription back of its own accord.
        request: Option<RequestId>,
    } + optional {
        /// Which subscription is taken back, and why.
        details: UnsubscribedDetails
    }
    /// EVENT: broker to subscriber.
    36 Event = "EVENT" {
        /// The subscription that the event matches.
        subscription: SubscriptionId,
        /// The publication.
        publication: PublicationId,
        /// Circumstances.
        details: EventDetails,
    } + payload(|event| has_algorithm(&event.details.passthru))
    /// CALL: caller to dealer.
    48 Call = "CALL" {
        /// Number of the request.
        request: RequestId,
        /// How the call is handled.
        options: CallOptions,
        /// The procedure.
        procedure: Uri,
    } + payload(|call| has_algorithm(&call.options.passthru))
    /// CANCEL: caller to dealer.
    49 Cancel = "CANCEL" {
        /// The CALL.
        request: RequestId,
        /// What happens to the callee.
        options: CancelOptions,
    }
    /// RESULT: dealer to caller.
    50 Result = "RESULT" {
        /// The CALL.
        request: RequestId,
        /// Circumstances.
        details: ResultDetails,
    } + payload(|result| has_algorithm(&result.details.passthru))
    /// REGISTER: callee to dealer.
    64 Register = "REGISTER" {
        /// Number of the request.
        request: RequestId,
        /// How procedures are compared, and calls shared.
        options: RegisterOptions,
        /// The procedure, or a pattern of procedures.
        procedure: Uri,
    }
    /// REGISTERED: dealer to callee.
    65 Registered = "REGISTERED" {
        /// The REGISTER.
        request: RequestId,
        /// The registration.
        registration: RegistrationId,
    }
    /// UNREGISTER: callee to dealer.
    66 Unregister = "UNREGISTER" {
        /// Number of the request.
        request: RequestId,
        /// The registration that ends.
        registration: RegistrationId,
    } + optional {
        /// An element that only Autobahn and Crossbar have.
        options: UnregisterOptions
    }
    /// UNREGISTERED: dealer to callee.
    67 Unregistered = "UNREGISTERED" {
        /// The UNREGISTER; `None` if the dealer takes a registration back of its own accord.
        request: Option<RequestId>,
    } + optional {
        /// Which registration is taken back, and why.
        details: UnregisteredDetails
    }
    /// INVOCATION: dealer to callee.
    68 Invocation = "INVOCATION" {
        /// Number of the request, counted by the dealer.
        request: RequestId,
        /// The registration that the call matches.
        registration: RegistrationId,
        /// Circumstances.
        details: InvocationDetails,
    } + payload(|invocation| has_algorithm(&invocation.details.passthru))
    /// INTERRUPT: dealer to callee.
    69 Interrupt = "INTERRUPT" {
        /// The INVOCATION.
        request: RequestId,
        /// Circumstances.
        options: InterruptOptions,
    }
    /// YIELD: callee to dealer.
    70 Yield = "YIELD" {
        /// The INVOCATION.
        request: RequestId,
        /// Circumstances.
        options: YieldOptions,
    } + payload(|result| has_algorithm(&result.options.passthru))
    /// EVENT_RECEIVED: subscriber to broker, if the event was to be acknowledged (Autobahn, Crossbar).
    337 EventReceived = "EVENT_RECEIVED" {
        /// The publication.
        publication: PublicationId,
    }
}

/// Whether the payload may be opaque: it is if an algorithm of the older form of payload passthru is named.
fn has_algorithm(passthru: &Option<Box<PayloadPassthru>>) -> bool {
    passthru.as_ref().is_some_and(|passthru| passthru.enc_algo.is_some())
}
