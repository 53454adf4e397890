//! The requests that an ERROR can answer.

use super::MessageType;

/// The type of the request that an [`Error`](super::Error) answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "the protocol has these seven")]
pub enum RequestType {
    /// PUBLISH, with `acknowledge`.
    Publish,
    /// SUBSCRIBE.
    Subscribe,
    /// UNSUBSCRIBE.
    Unsubscribe,
    /// CALL.
    Call,
    /// REGISTER.
    Register,
    /// UNREGISTER.
    Unregister,
    /// INVOCATION: the error goes from the callee to the dealer.
    Invocation,
}

impl RequestType {
    const ALL: [Self; 7] = [
        Self::Publish,
        Self::Subscribe,
        Self::Unsubscribe,
        Self::Call,
        Self::Register,
        Self::Unregister,
        Self::Invocation,
    ];

    /// The type of the message.
    #[must_use]
    pub const fn message_type(self) -> MessageType {
        match self {
            Self::Publish => MessageType::Publish,
            Self::Subscribe => MessageType::Subscribe,
            Self::Unsubscribe => MessageType::Unsubscribe,
            Self::Call => MessageType::Call,
            Self::Register => MessageType::Register,
            Self::Unregister => MessageType::Unregister,
            Self::Invocation => MessageType::Invocation,
        }
    }

    /// The request with this code.
    #[must_use]
    pub fn from_code(code: u64) -> Option<Self> {
        Self::ALL.into_iter().find(|request| request.message_type().code() == code)
    }
}
