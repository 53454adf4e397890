//! What the router announces: exactly what it does.

use wirebahn_core::wamp::{Feature, Features, Role, Roles};

/// The roles of the router, and their features.
pub(super) const fn roles() -> Roles {
    Roles::new().with(Role::Broker, BROKER).with(Role::Dealer, DEALER)
}

const BROKER: Features = Features::of(&[
    Feature::EventRetention,
    Feature::PatternBasedSubscription,
    Feature::PayloadPassthruMode,
    Feature::PublisherExclusion,
    Feature::PublisherIdentification,
    Feature::SessionMetaApi,
    Feature::SubscriberBlackwhiteListing,
    Feature::SubscriptionMetaApi,
]);

const DEALER: Features = Features::of(&[
    Feature::CallCanceling,
    Feature::CallTimeout,
    Feature::CallerIdentification,
    Feature::PatternBasedRegistration,
    Feature::PayloadPassthruMode,
    Feature::ProgressiveCallInvocations,
    Feature::ProgressiveCallResults,
    Feature::RegistrationMetaApi,
    Feature::RegistrationRevocation,
    Feature::SessionMetaApi,
    Feature::SharedRegistration,
    Feature::TestamentMetaApi,
]);
