//! The details of the messages that open and close a session.

use alloc::vec::Vec;

use super::keys::options;
use crate::wamp::{Dict, Roles, SessionId, Text, Uri};

options! {
    /// `HELLO.Details`.
    HelloDetails {
        /// What the client can do. At least one role is mandatory.
        roles: Roles = Roles::new(), "roles";
        /// The software, for logs.
        agent: Option<Text> = None, "agent";
        /// The authentication methods that the client is able and willing to use.
        authmethods: Vec<Text> = Vec::<Text>::new(), "authmethods";
        /// Who the client wants to be.
        authid: Option<Text> = None, "authid";
        /// The role the client wants to have (Autobahn).
        authrole: Option<Text> = None, "authrole";
        /// What the authentication methods need beforehand.
        authextra: Option<Dict> = None, "authextra";
        /// Whether the client wants to be able to resume the session (draft).
        resumable: bool = false, "resumable";
        /// The session that the client resumes (draft).
        resume_session: Option<SessionId> = None, "resume-session" | "resume_session";
        /// The proof that it is the client's session (draft).
        resume_token: Option<Text> = None, "resume-token" | "resume_token";
    }
}

options! {
    /// `WELCOME.Details`.
    WelcomeDetails {
        /// What the router can do. At least one role is mandatory.
        roles: Roles = Roles::new(), "roles";
        /// The software, for logs.
        agent: Option<Text> = None, "agent";
        /// The realm, where the router chose it.
        realm: Option<Uri> = None, "realm";
        /// Who the client is.
        authid: Option<Text> = None, "authid";
        /// What the client may do, by name.
        authrole: Option<Text> = None, "authrole";
        /// How the client proved who it is.
        authmethod: Option<Text> = None, "authmethod";
        /// Who knows the client.
        authprovider: Option<Text> = None, "authprovider";
        /// What the authentication method has to say, such as the proof of the router in SCRAM.
        authextra: Option<Dict> = None, "authextra";
        /// Whether a session was resumed (draft).
        resumed: bool = false, "resumed";
        /// Whether this session can be resumed (draft).
        resumable: bool = false, "resumable";
        /// What resuming it needs (draft, under different names).
        resume_token: Option<Text> = None, "resume-ticket" | "resume-token" | "resume_token";
    }
}

options! {
    /// `ABORT.Details`.
    AbortDetails {
        /// An explanation for humans.
        message: Option<Text> = None, "message";
        /// What failed in SCRAM: a `server-error-value` of RFC 5802.
        scram: Option<Text> = None, "scram";
    }
}

options! {
    /// `GOODBYE.Details`.
    GoodbyeDetails {
        /// An explanation for humans.
        message: Option<Text> = None, "message";
        /// Whether the session can be resumed (Autobahn).
        resumable: bool = false, "resumable";
    }
}

impl AbortDetails {
    /// With an explanation for humans.
    #[must_use]
    pub fn with_message(message: impl Into<Text>) -> Self {
        Self { message: Some(message.into()), ..Self::default() }
    }
}
