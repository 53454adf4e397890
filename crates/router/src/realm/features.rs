//! What the router announces: exactly what it does.

use wirebahn_core::wamp::{Feature, Features, Role, Roles};

use crate::{MetaApi, RealmConfig};

/// The roles of the router in a realm, and their features.
pub(super) fn roles(config: &RealmConfig) -> Roles {
    let announced = |features: Features| match config.meta {
        MetaApi::On => features,
        MetaApi::Off => features.iter().filter(|&feature| !META.contains(feature)).collect(),
    };
    let mut broker = BROKER;
    if !config.history.is_empty() {
        broker.insert(Feature::EventHistory);
    }
    Roles::new().with(Role::Broker, announced(broker)).with(Role::Dealer, announced(DEALER))
}

/// What is there with the meta API only.
const META: Features = Features::of(&[
    Feature::EventHistory,
    Feature::RegistrationMetaApi,
    Feature::SessionMetaApi,
    Feature::SubscriptionMetaApi,
    Feature::SubscriptionRevocation,
    Feature::TestamentMetaApi,
]);

const BROKER: Features = Features::of(&[
    Feature::EventRetention,
    Feature::PatternBasedSubscription,
    Feature::PayloadPassthruMode,
    Feature::PublisherExclusion,
    Feature::PublisherIdentification,
    Feature::SessionMetaApi,
    Feature::SubscriberBlackwhiteListing,
    Feature::SubscriptionMetaApi,
    Feature::SubscriptionRevocation,
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
