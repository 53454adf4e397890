//! What a peer can do: its roles, and the features it announces for each.

use core::fmt;

use super::message::{Element, Fault, Source};
use super::serializer::{Reader, Token, Writer};

/// A role of a peer: four of clients, two of routers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "the protocol has these six")]
pub enum Role {
    /// A client that publishes.
    Publisher,
    /// A client that subscribes.
    Subscriber,
    /// A client that calls.
    Caller,
    /// A client that registers procedures.
    Callee,
    /// A router that routes events.
    Broker,
    /// A router that routes calls.
    Dealer,
}

impl Role {
    /// All roles.
    pub const ALL: [Self; 6] =
        [Self::Publisher, Self::Subscriber, Self::Caller, Self::Callee, Self::Broker, Self::Dealer];

    /// The name in `Details.roles`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Publisher => "publisher",
            Self::Subscriber => "subscriber",
            Self::Caller => "caller",
            Self::Callee => "callee",
            Self::Broker => "broker",
            Self::Dealer => "dealer",
        }
    }

    /// The role with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }
}

macro_rules! features {
    ($($(#[$doc:meta])* $feature:ident = $name:literal $(| $alias:literal)*,)*) => {
        /// A feature of the advanced profile.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Feature { $($(#[$doc])* $feature,)* }

        impl Feature {
            /// All features known here.
            pub const ALL: &[Self] = &[$(Self::$feature),*];

            /// The name in `Details.roles.<role>.features`.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$feature => $name,)* }
            }

            /// The feature with this name, or with another spelling of it that the specification or the field has.
            #[must_use]
            pub fn from_name(name: &str) -> Option<Self> {
                match name {
                    $($name $(| $alias)* => Some(Self::$feature),)*
                    _ => None,
                }
            }
        }
    };
}

features! {
    /// Results in pieces.
    ProgressiveCallResults = "progressive_call_results",
    /// Arguments in pieces.
    ProgressiveCallInvocations = "progressive_call_invocations",
    /// Calls that end by themselves after a while.
    CallTimeout = "call_timeout",
    /// Calls that the caller can cancel.
    CallCanceling = "call_canceling" | "call_cancelling",
    /// Callees that learn who calls.
    CallerIdentification = "caller_identification",
    /// Callees that learn how far the router trusts the caller.
    CallTrustlevels = "call_trustlevels",
    /// Procedures and events about registrations.
    RegistrationMetaApi = "registration_meta_api",
    /// Registrations of prefixes and wildcards.
    PatternBasedRegistration = "pattern_based_registration",
    /// Several callees for one procedure.
    SharedRegistration = "shared_registration",
    /// Callees chosen by a key of the call.
    ShardedRegistration = "sharded_registration",
    /// Registrations that the router can take back.
    RegistrationRevocation = "registration_revocation",
    /// Another callee if the first is not available.
    CallReroute = "call_reroute",
    /// Publications for some subscribers, or for all but some.
    SubscriberBlackwhiteListing = "subscriber_blackwhite_listing",
    /// Publications that also go to the publisher.
    PublisherExclusion = "publisher_exclusion",
    /// Subscribers that learn who publishes.
    PublisherIdentification = "publisher_identification",
    /// Subscribers that learn how far the router trusts the publisher.
    PublicationTrustlevels = "publication_trustlevels",
    /// Procedures and events about subscriptions.
    SubscriptionMetaApi = "subscription_meta_api",
    /// Subscriptions of prefixes and wildcards.
    PatternBasedSubscription = "pattern_based_subscription",
    /// Subscribers chosen by a key of the publication; the specification misspells it.
    ShardedSubscription = "sharded_subscription" | "sharded_subscriptions" | "shareded_subscriptions",
    /// Subscriptions that the router can take back.
    SubscriptionRevocation = "subscription_revocation",
    /// Past events on demand.
    EventHistory = "event_history",
    /// Last events for new subscribers.
    EventRetention = "event_retention",
    /// Procedures and events about sessions.
    SessionMetaApi = "session_meta_api",
    /// Events that are published when a session ends.
    TestamentMetaApi = "testament_meta_api",
    /// Payloads that routers do not look into.
    PayloadPassthruMode = "payload_passthru_mode",
    /// Subscribers that confirm events (Autobahn, Crossbar).
    AcknowledgedEventDelivery = "x_acknowledged_event_delivery",
}

/// A set of features.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Features(u64);

impl Features {
    /// No feature.
    pub const NONE: Self = Self(0);

    /// The set of these features.
    #[must_use]
    pub const fn of(features: &[Feature]) -> Self {
        let mut set = Self::NONE;
        let mut rest = features;
        while let [feature, others @ ..] = rest {
            set.insert(*feature);
            rest = others;
        }
        set
    }

    /// Whether the feature is in the set.
    #[must_use]
    pub const fn contains(self, feature: Feature) -> bool {
        self.0 >> feature as u32 & 1 == 1
    }

    /// Adds a feature.
    pub const fn insert(&mut self, feature: Feature) {
        self.0 |= 1 << feature as u32;
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// How many there are.
    #[must_use]
    pub const fn len(self) -> usize {
        self.0.count_ones() as usize
    }

    /// The features, in the order of [`Feature::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Feature> {
        Feature::ALL.iter().copied().filter(move |&feature| self.contains(feature))
    }
}

impl FromIterator<Feature> for Features {
    fn from_iter<I: IntoIterator<Item = Feature>>(features: I) -> Self {
        let mut set = Self::NONE;
        features.into_iter().for_each(|feature| set.insert(feature));
        set
    }
}

impl fmt::Debug for Features {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

/// The roles that a peer announces in HELLO or WELCOME, each with its features.
///
/// Roles and features that are not known here are ignored, as the specification demands.
///
/// ```
/// use wirebahn_core::wamp::{Feature, Features, Role, Roles};
///
/// let roles = Roles::new()
///     .with(Role::Caller, Features::of(&[Feature::CallCanceling]))
///     .with(Role::Publisher, Features::NONE);
/// assert!(roles.has_feature(Role::Caller, Feature::CallCanceling));
/// assert!(!roles.has(Role::Callee));
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Roles([Option<Features>; 6]);

impl Roles {
    /// No role.
    #[must_use]
    pub const fn new() -> Self {
        Self([None; 6])
    }

    /// With this role and its features.
    #[must_use]
    pub const fn with(mut self, role: Role, features: Features) -> Self {
        *self.slot(role) = Some(features);
        self
    }

    /// The features that were announced for the role, if the role was.
    #[must_use]
    pub const fn get(&self, role: Role) -> Option<Features> {
        let [publisher, subscriber, caller, callee, broker, dealer] = self.0;
        match role {
            Role::Publisher => publisher,
            Role::Subscriber => subscriber,
            Role::Caller => caller,
            Role::Callee => callee,
            Role::Broker => broker,
            Role::Dealer => dealer,
        }
    }

    /// Adds the role, or replaces its features.
    pub const fn insert(&mut self, role: Role, features: Features) {
        *self.slot(role) = Some(features);
    }

    /// Whether the role was announced.
    #[must_use]
    pub const fn has(&self, role: Role) -> bool {
        self.get(role).is_some()
    }

    /// Whether the role was announced, and this feature with it.
    #[must_use]
    pub const fn has_feature(&self, role: Role, feature: Feature) -> bool {
        matches!(self.get(role), Some(features) if features.contains(feature))
    }

    /// Whether no role was announced, which neither HELLO nor WELCOME may do.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(Option::is_none)
    }

    /// The roles and their features.
    pub fn iter(&self) -> impl Iterator<Item = (Role, Features)> {
        Role::ALL.into_iter().filter_map(|role| self.get(role).map(|features| (role, features)))
    }

    const fn slot(&mut self, role: Role) -> &mut Option<Features> {
        let [publisher, subscriber, caller, callee, broker, dealer] = &mut self.0;
        match role {
            Role::Publisher => publisher,
            Role::Subscriber => subscriber,
            Role::Caller => caller,
            Role::Callee => callee,
            Role::Broker => broker,
            Role::Dealer => dealer,
        }
    }
}

impl fmt::Debug for Roles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl Element for Roles {
    fn read<'a, R: Reader<'a>>(source: &mut Source<'a, R>) -> Result<Self, Fault> {
        let Token::Dict(mut items) = source.reader.token()? else {
            return Err(Fault::expected("a dict of roles"));
        };
        let mut roles = Self::new();
        while source.reader.more(&mut items)? {
            match Role::from_name(&source.reader.key()?) {
                Some(role) => roles.insert(role, Features::read(source)?),
                None => source.reader.skip()?,
            }
        }
        Ok(roles)
    }

    fn write<W: Writer>(&self, out: &mut W) {
        out.dict(self.iter().count());
        for (role, features) in self.iter() {
            out.key(role.name());
            features.write(out);
        }
        out.dict_end();
    }
}

/// The dict of a role, in which there may be a dict of features.
impl Element for Features {
    fn read<'a, R: Reader<'a>>(source: &mut Source<'a, R>) -> Result<Self, Fault> {
        let Token::Dict(mut items) = source.reader.token()? else {
            return Err(Fault::expected("a dict of roles"));
        };
        let mut features = Self::NONE;
        while source.reader.more(&mut items)? {
            if source.reader.key()? == "features" {
                features.read_names(source)?;
            } else {
                source.reader.skip()?;
            }
        }
        Ok(features)
    }

    fn write<W: Writer>(&self, out: &mut W) {
        if self.is_empty() {
            out.dict(0);
        } else {
            out.dict(1);
            out.key("features");
            out.dict(self.len());
            for feature in self.iter() {
                out.key(feature.name());
                out.bool(true);
            }
            out.dict_end();
        }
        out.dict_end();
    }
}

impl Features {
    fn read_names<'a, R: Reader<'a>>(&mut self, source: &mut Source<'a, R>) -> Result<(), Fault> {
        if source.reader.null() {
            return Ok(());
        }
        let Token::Dict(mut items) = source.reader.token()? else {
            return Err(Fault::expected("a dict of features"));
        };
        while source.reader.more(&mut items)? {
            match Feature::from_name(&source.reader.key()?) {
                Some(feature) if bool::read(source)? => self.insert(feature),
                Some(_) => {}
                None => source.reader.skip()?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_feature_has_a_place_in_the_set_and_is_found_by_its_name() {
        assert!(Feature::ALL.len() <= 64);
        for &feature in Feature::ALL {
            assert_eq!(Feature::from_name(feature.name()), Some(feature));
            let set = Features::of(&[feature]);
            assert_eq!((set.len(), set.iter().next()), (1, Some(feature)));
        }
    }

    #[test]
    fn other_spellings_are_understood() {
        assert_eq!(Feature::from_name("call_cancelling"), Some(Feature::CallCanceling));
        assert_eq!(Feature::from_name("shareded_subscriptions"), Some(Feature::ShardedSubscription));
        assert_eq!(Feature::from_name("time_travel"), None);
    }
}
