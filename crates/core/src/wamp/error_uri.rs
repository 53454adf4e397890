//! The URIs of errors, for [`Error`](super::message::Error) and [`Abort`](super::message::Abort).
//!
//! Where the specification and the field disagree, both forms are here, and the documentation says who sends which.

macro_rules! uris {
    ($($(#[$doc:meta])* $name:ident = $uri:literal)*) => { $(
        $(#[$doc])*
        pub const $name: &str = $uri;
    )* };
}

uris! {
    /// A URI that is malformed, reserved, or not allowed here.
    INVALID_URI = "wamp.error.invalid_uri"
    /// No procedure is registered under the URI that was called.
    NO_SUCH_PROCEDURE = "wamp.error.no_such_procedure"
    /// A procedure is registered under this URI already, and it is not shared.
    PROCEDURE_ALREADY_EXISTS = "wamp.error.procedure_already_exists"
    /// A procedure is registered under this URI already, with another invocation policy (Crossbar, bondy).
    PROCEDURE_EXISTS_WITH_DIFFERENT_INVOCATION_POLICY =
        "wamp.error.procedure_exists_with_different_invocation_policy"
    /// No registration of this session has the id.
    NO_SUCH_REGISTRATION = "wamp.error.no_such_registration"
    /// No subscription of this session has the id.
    NO_SUCH_SUBSCRIPTION = "wamp.error.no_such_subscription"
    /// No session in this realm has the id.
    NO_SUCH_SESSION = "wamp.error.no_such_session"
    /// The callee, or the router for a procedure of its own, cannot take these arguments.
    INVALID_ARGUMENT = "wamp.error.invalid_argument"
    /// The call was canceled, or one of its two ends is gone.
    CANCELED = "wamp.error.canceled"
    /// The same with the other spelling, which the basic profile has.
    CANCELLED = "wamp.error.cancelled"
    /// The payload is longer than the receiver takes.
    PAYLOAD_SIZE_EXCEEDED = "wamp.error.payload_size_exceeded"
    /// The payload cannot be decoded, or is not what the procedure or topic takes.
    INVALID_PAYLOAD = "wamp.error.invalid_payload"
    /// The peer broke the protocol; the session ends.
    PROTOCOL_VIOLATION = "wamp.error.protocol_violation"
    /// The principal may not do this.
    NOT_AUTHORIZED = "wamp.error.not_authorized"
    /// Whether the principal may do this could not be found out.
    AUTHORIZATION_FAILED = "wamp.error.authorization_failed"
    /// Whether the principal may do this was decided with no.
    AUTHORIZATION_DENIED = "wamp.error.authorization_denied"
    /// The action needs an authorization that was not shown.
    AUTHORIZATION_REQUIRED = "wamp.error.authorization_required"
    /// The realm of the HELLO does not exist and is not made on demand.
    NO_SUCH_REALM = "wamp.error.no_such_realm"
    /// The role that authentication resulted in does not exist in the realm.
    NO_SUCH_ROLE = "wamp.error.no_such_role"
    /// The authid does not exist.
    NO_SUCH_PRINCIPAL = "wamp.error.no_such_principal"
    /// None of the authentication methods of the HELLO is offered.
    NO_MATCHING_AUTH_METHOD = "wamp.error.no_matching_auth_method"
    /// The same as Crossbar says it.
    NO_AUTH_METHOD = "wamp.error.no_auth_method"
    /// The peer authenticated itself, but may not join.
    AUTHENTICATION_DENIED = "wamp.error.authentication_denied"
    /// The peer could not authenticate itself.
    AUTHENTICATION_FAILED = "wamp.error.authentication_failed"
    /// Joining this realm needs authentication.
    AUTHENTICATION_REQUIRED = "wamp.error.authentication_required"
    /// The call took longer than its timeout.
    TIMEOUT = "wamp.error.timeout"
    /// An option is not allowed, for this peer or in general.
    OPTION_NOT_ALLOWED = "wamp.error.option_not_allowed"
    /// The router does not disclose identities, or not that of this peer.
    OPTION_DISALLOWED_DISCLOSE_ME = "wamp.error.option_disallowed.disclose_me"
    /// The same in the form that an example of the specification has.
    DISCLOSE_ME_NOT_ALLOWED = "wamp.error.disclose_me.not_allowed"
    /// The router could not reach the other end.
    NETWORK_FAILURE = "wamp.error.network_failure"
    /// The callee cannot take the call now; another one may.
    UNAVAILABLE = "wamp.error.unavailable"
    /// No callee of a shared registration can take the call.
    NO_AVAILABLE_CALLEE = "wamp.error.no_available_callee"
    /// A callee does not have the feature that the call needs.
    FEATURE_NOT_SUPPORTED = "wamp.error.feature_not_supported"
    /// The router keeps no history of the events of this subscription (Crossbar).
    HISTORY_UNAVAILABLE = "wamp.error.history_unavailable"
    /// A procedure failed in a way that its author gave no URI: what Autobahn sends for any exception.
    RUNTIME_ERROR = "wamp.error.runtime_error"
    /// All callees have as many calls as they take at once (Crossbar).
    MAX_CONCURRENCY_REACHED = "crossbar.error.max_concurrency_reached"
}
