//! What the router asks those who run it, and their answers.

use std::fmt;

use wirebahn_core::wamp::{Dict, HelloDetails, MatchPolicy, Message, SessionId, Text, Uri};

use crate::session::{Identity, SessionKey, TransportInfo};

/// The number of a question. Never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct QuestionId(pub(crate) u64);

/// A question, to be answered with [`Router::answer`](crate::Router::answer), now or later.
///
/// Until then the session that it is about waits, and no other.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Question {
    /// What the answer refers to.
    pub id: QuestionId,
    /// The session that waits.
    pub session: SessionKey,
    /// What is asked.
    pub kind: QuestionKind,
}

/// What is asked.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum QuestionKind {
    /// May this peer join the realm? [`Answer::Welcome`], [`Answer::Challenge`] or [`Answer::Refuse`].
    Authenticate(Box<Authenticate>),
    /// Is this the right answer to the challenge? [`Answer::Welcome`], [`Answer::Challenge`] or [`Answer::Refuse`].
    Verify {
        /// The proof.
        signature: Text,
        /// What the method needs.
        extra: Dict,
    },
    /// May this session do this? [`Answer::Allow`] or [`Answer::Refuse`].
    Authorize(Box<Authorize>),
}

/// A peer that wants to join a realm.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Authenticate {
    /// The id that the session will have: challenges may contain it.
    pub session: SessionId,
    /// The realm; `None` leaves the choice to the answer.
    pub realm: Option<Uri>,
    /// What the peer has said of itself.
    pub hello: HelloDetails,
    /// How it came.
    pub transport: TransportInfo,
}

/// A session that wants to do something.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Authorize {
    /// The realm it is in.
    pub realm: Uri,
    /// The session.
    pub session: SessionId,
    /// Who that is.
    pub identity: Identity,
    /// What it wants to do.
    pub action: Action,
    /// With which topic or procedure.
    pub uri: Uri,
    /// Whether this is a pattern.
    pub match_policy: MatchPolicy,
}

/// What is to be authorized.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Action {
    /// CALL.
    Call,
    /// PUBLISH.
    Publish,
    /// REGISTER.
    Register,
    /// SUBSCRIBE.
    Subscribe,
}

impl Action {
    /// The name, as dynamic authorizers get it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Call => "call",
            Self::Publish => "publish",
            Self::Register => "register",
            Self::Subscribe => "subscribe",
        }
    }
}

/// The answer to a question.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Answer {
    /// The peer joins.
    Welcome {
        /// As whom.
        identity: Box<Identity>,
        /// Which realm, if it is not the one it asked for.
        realm: Option<Uri>,
    },
    /// The peer has to prove something first.
    Challenge {
        /// How.
        method: Text,
        /// What the method needs.
        extra: Dict,
    },
    /// The session may do it.
    Allow,
    /// No.
    Refuse {
        /// Why, such as [`NOT_AUTHORIZED`](wirebahn_core::wamp::error_uri::NOT_AUTHORIZED).
        reason: Uri,
        /// For humans.
        message: Text,
    },
}

/// Why an answer was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AnswerError {
    /// The question is answered already, or nobody waits any more: the session may be gone. Forget it.
    NoSuchQuestion,
    /// It is no answer to this kind of question, which is still open.
    Unfitting,
}

impl fmt::Display for AnswerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoSuchQuestion => "nobody waits for the answer to this question any more",
            Self::Unfitting => {
                "answer Authorize with Allow or Refuse, and the others with Welcome, Challenge or Refuse"
            }
        })
    }
}

impl std::error::Error for AnswerError {}

/// What goes on when the answer is there.
#[derive(Debug)]
pub(crate) enum Subject {
    Join { session: SessionId, realm: Option<Uri>, hello: Box<HelloDetails> },
    Request(Box<Message>),
}
