//! Anything a router may say, in any order, between anything an application may do.

use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use wirebahn_core::wamp::message::{
    Abort, Authenticate, Cancel, Challenge, EventReceived, Goodbye, Hello, Interrupt, Message, Published,
    Unregistered, Unsubscribed, Yield,
};
use wirebahn_core::wamp::session::SessionEvent;
use wirebahn_core::wamp::{CallOptions, CancelMode, Payload, PublishOptions, RequestType, YieldOptions};
use wirebahn_testkit::at;

use super::support::*;

#[derive(Clone, Debug)]
enum Step {
    Tell(Box<Message>),
    Do(u8, u64),
    Wait(u64),
    Disconnect,
}

/// Small numbers, so that answers meet their requests.
fn id() -> impl Strategy<Value = u64> {
    1..8_u64
}

fn any_message() -> impl Strategy<Value = Message> {
    let kinds = prop_oneof![
        Just(RequestType::Publish),
        Just(RequestType::Subscribe),
        Just(RequestType::Unsubscribe),
        Just(RequestType::Call),
        Just(RequestType::Register),
        Just(RequestType::Unregister),
        Just(RequestType::Invocation),
    ];
    let in_session = prop_oneof![
        (id(), id()).prop_map(|(a, b)| subscribed(request(a), b).into()),
        (id(), id()).prop_map(|(a, b)| registered(request(a), b).into()),
        (id(), id())
            .prop_map(|(a, b)| { Published { request: request(a), publication: publication(b) }.into() }),
        id().prop_map(|a| unsubscribed(request(a)).into()),
        id().prop_map(|a| unregistered(request(a)).into()),
        id().prop_map(|a| event(a).into()),
        (id(), any::<bool>()).prop_map(|(a, progress)| result(request(a), progress).into()),
        (kinds, id()).prop_map(|(kind, a)| error(kind, request(a)).into()),
        (id(), id(), any::<bool>(), any::<bool>()).prop_map(|(a, b, more, wants)| {
            let mut piece = piece(a, b, more);
            piece.details.receive_progress = wants;
            piece.into()
        }),
        (id(), any::<bool>()).prop_map(|(a, kill)| {
            let mut interrupt = Interrupt { request: request(a), options: Default::default() };
            interrupt.options.mode = kill.then_some(CancelMode::KillNoWait);
            interrupt.into()
        }),
        id().prop_map(|a| {
            let mut revoked = Unsubscribed { request: None, details: Default::default() };
            revoked.details.subscription = (a > 1).then(|| subscription(a));
            revoked.into()
        }),
        id().prop_map(|a| {
            let mut revoked = Unregistered { request: None, details: Default::default() };
            revoked.details.registration = (a > 1).then(|| registration(a));
            revoked.into()
        }),
    ];
    let others = prop_oneof![
        Just(welcome(roles())),
        Just(Hello { realm: None, details: Default::default() }.into()),
        Just(Challenge { method: "x".into(), extra: Default::default() }.into()),
        Just(Authenticate { signature: "x".into(), extra: Default::default() }.into()),
        Just(Goodbye { details: Default::default(), reason: "a.b".into() }.into()),
        Just(Abort { details: Default::default(), reason: "a.b".into(), payload: Payload::empty() }.into()),
        Just(Cancel { request: request(1), options: Default::default() }.into()),
        Just(Yield { request: request(1), options: Default::default(), payload: Payload::empty() }.into()),
        Just(EventReceived { publication: publication(1) }.into()),
    ];
    prop_oneof![20 => in_session, 1 => others]
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        10 => any_message().prop_map(|message| Step::Tell(Box::new(message))),
        10 => (0..14_u8, id()).prop_map(|(what, id)| Step::Do(what, id)),
        1 => (0..400_u64).prop_map(Step::Wait),
        1 => Just(Step::Disconnect),
    ];
    vec(step, 0..60)
}

proptest! {
    #[test]
    fn whatever_a_router_says_there_is_one_end_and_no_panic(joins in any::<bool>(), steps in steps()) {
        let mut session = if joins { joined() } else { joining() };
        let mut now = at(1);
        let mut ends = 0;
        for step in steps {
            let queued = session.queued_messages();
            match step {
                Step::Tell(message) => session.handle_message(*message, now),
                Step::Disconnect => session.handle_disconnect(),
                Step::Wait(millis) => {
                    now = now + Duration::from_millis(millis);
                    session.handle_timeout(now);
                    prop_assert!(session.poll_timeout().is_none_or(|deadline| deadline > now));
                }
                Step::Do(what, id) => {
                    let before = (session.queued_messages(), session.poll_timeout());
                    let done = operate(&mut session, what, id, now);
                    prop_assert!(done || before == (session.queued_messages(), session.poll_timeout()));
                    prop_assert!(!done || !session.has_ended() || what == 13);
                }
            }
            if ends > 0 {
                prop_assert_eq!(session.queued_messages(), queued, "nothing is said after the end");
            }
            for event in events(&mut session) {
                prop_assert_eq!(ends, 0, "{:?} after the end", event);
                ends += usize::from(matches!(event, SessionEvent::Left(_)));
            }
            prop_assert_eq!(ends == 1, session.has_ended());
            prop_assert!(ends == 0 || session.poll_timeout().is_none());
        }
    }
}

/// Does something; says whether it was possible.
fn operate(
    session: &mut wirebahn_core::wamp::session::Session,
    what: u8,
    id: u64,
    now: wirebahn_core::Instant,
) -> bool {
    let empty = Payload::empty;
    let mut options = CallOptions::default();
    options.receive_progress = id.is_multiple_of(2);
    options.progress = id.is_multiple_of(3);
    let timeout = id.is_multiple_of(2).then_some(Duration::from_millis(id * 50));
    match what {
        0 => session.subscribe("a.b".into(), Default::default()).is_ok(),
        1 => session.unsubscribe(subscription(id)).is_ok(),
        2 => session.register("a.b".into(), Default::default()).is_ok(),
        3 => session.unregister(registration(id)).is_ok(),
        4..=5 => session.call("a.b".into(), options, empty(), timeout, now).is_ok(),
        6 => session.call_more(request(id), empty(), id.is_multiple_of(2)).is_ok(),
        7 => session.cancel(request(id), CancelMode::Kill).is_ok(),
        8 => session.cancel(request(id), CancelMode::KillNoWait).is_ok(),
        9 => {
            let mut options = PublishOptions::default();
            options.acknowledge = true;
            session.publish("a.b".into(), options, empty()).is_ok()
        }
        10 => {
            let mut options = YieldOptions::default();
            options.progress = id.is_multiple_of(2);
            session.yield_result(request(id), options, empty()).is_ok()
        }
        11 => session.yield_error(request(id), "a.b".into(), Default::default(), empty()).is_ok(),
        12 => session.authenticate("x", Default::default()).is_ok(),
        _ if id == 7 => session.abort("a.b".into(), None).is_ok(),
        _ if id == 6 => session.leave("a.b".into(), None, now).is_ok(),
        _ => false,
    }
}
