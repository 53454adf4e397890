use alloc::vec::Vec;
use core::time::Duration;

use crate::wamp::{Dict, Feature, Features, Role, Roles, Text, Uri};

/// How a client joins, and what it accepts.
///
/// ```
/// use wirebahn_core::wamp::session::SessionConfig;
///
/// let mut config = SessionConfig::new("realm1");
/// config.authid = Some("joe".into());
/// config.authmethods = vec!["ticket".into()];
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SessionConfig {
    /// The realm to join; `None` leaves the choice to the router.
    pub realm: Option<Uri>,
    /// Roles and features to announce. Default: [`client_roles`].
    pub roles: Roles,
    /// The name of the software, for the router's logs. Default: `Wirebahn` and the version.
    pub agent: Option<Text>,
    /// The authentication methods that the application can answer CHALLENGEs of. Default: none, that is anonymous.
    pub authmethods: Vec<Text>,
    /// Who to be. Default: whoever the router says.
    pub authid: Option<Text>,
    /// The role to have. Default: whichever the router gives.
    pub authrole: Option<Text>,
    /// What authentication methods need beforehand.
    pub authextra: Option<Dict>,
    /// How long joining may take, the time for answering CHALLENGEs included; `None` waits for ever. Default: 10 s.
    pub join_timeout: Option<Duration>,
    /// How long to wait for the answer to GOODBYE; `None` waits for ever. Default: 5 s.
    pub leave_timeout: Option<Duration>,
    /// How much of everything is accepted.
    pub limits: SessionLimits,
}

impl SessionConfig {
    /// Joins `realm` with the defaults.
    #[must_use]
    pub fn new(realm: impl Into<Uri>) -> Self {
        Self { realm: Some(realm.into()), ..Self::any_realm() }
    }

    /// Joins the realm that the router chooses.
    #[must_use]
    pub fn any_realm() -> Self {
        Self {
            realm: None,
            roles: client_roles(),
            agent: Some(Text::from_static(concat!("Wirebahn ", env!("CARGO_PKG_VERSION")))),
            authmethods: Vec::new(),
            authid: None,
            authrole: None,
            authextra: None,
            join_timeout: Some(Duration::from_secs(10)),
            leave_timeout: Some(Duration::from_secs(5)),
            limits: SessionLimits::default(),
        }
    }
}

/// How much of everything is accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SessionLimits {
    /// Invocations that are not answered yet; further ones are answered with `wamp.error.unavailable`. Default: 65,536:
    /// far more than there are workers for, and few enough to bound the memory.
    pub max_invocations: usize,
    /// Errors with which invocations are answered that the transport does not take. A router that provokes more does not
    /// read, and the session is given up. Default: 1,024.
    pub max_replies: usize,
}

impl Default for SessionLimits {
    fn default() -> Self {
        Self { max_invocations: 65_536, max_replies: 1024 }
    }
}

/// All four roles of a client, with every feature that [`Session`](super::Session) has.
#[must_use]
pub const fn client_roles() -> Roles {
    use Feature::*;
    Roles::new()
        .with(
            Role::Publisher,
            Features::of(&[
                PublisherExclusion,
                PublisherIdentification,
                SubscriberBlackwhiteListing,
                PayloadPassthruMode,
            ]),
        )
        .with(
            Role::Subscriber,
            Features::of(&[
                PatternBasedSubscription,
                PublisherIdentification,
                PublicationTrustlevels,
                SubscriptionRevocation,
                EventRetention,
                PayloadPassthruMode,
            ]),
        )
        .with(
            Role::Caller,
            Features::of(&[
                CallCanceling,
                CallTimeout,
                CallerIdentification,
                ProgressiveCallResults,
                ProgressiveCallInvocations,
                PayloadPassthruMode,
            ]),
        )
        .with(
            Role::Callee,
            Features::of(&[
                CallCanceling,
                CallTimeout,
                CallTrustlevels,
                CallerIdentification,
                PatternBasedRegistration,
                ProgressiveCallResults,
                ProgressiveCallInvocations,
                RegistrationRevocation,
                SharedRegistration,
                PayloadPassthruMode,
            ]),
        )
}
