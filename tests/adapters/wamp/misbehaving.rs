//! Peers that break the rules, or do nothing.

use wirebahn_core::wamp::session::{LeftCause, SessionTimer, SessionViolation};
use wirebahn_core::wamp::{Message, Serializer, Value, close_reason, error_uri};

use super::adapter::{Failure, JoinSetup, Procedure, Refused, Wamp};
use super::peer::{Peer, WELCOME};
use super::{PATIENCE, call, exercise, join, peer, publishing, register, setup, start};
use crate::adapter::until;

fn json(url: String) -> JoinSetup {
    let mut setup = JoinSetup::from(url);
    setup.serializers = vec![Serializer::Json];
    setup
}

pub(crate) fn a_router_that_does_not_answer_hello_is_given_up<A: Wamp>() {
    let (url, talking) = peer::router(|mut peer| {
        assert!(matches!(peer.hear(), Some(Message::Hello(_))));
        assert!(matches!(peer.hear(), None | Some(Message::Abort(_))));
    });
    let mut setup = json(url);
    setup.join_timeout = PATIENCE;
    match A::join(setup).map(drop) {
        Err(Refused::Left(left)) => assert_eq!(left.cause, LeftCause::TimedOut(SessionTimer::Join)),
        other => panic!("{other:?}"),
    }
    talking.join().unwrap();
}

pub(crate) fn a_router_that_does_not_answer_goodbye_is_given_up<A: Wamp>() {
    let (url, talking) = peer::router(|mut peer| {
        peer.hear();
        peer.say(WELCOME);
        assert!(matches!(peer.hear(), Some(Message::Goodbye(_))));
        assert!(peer.hear().is_none());
    });
    let mut setup = json(url);
    setup.leave_timeout = PATIENCE;
    let left = join::<A>(setup).leave();
    assert_eq!(left.cause, LeftCause::TimedOut(SessionTimer::Leave));
    talking.join().unwrap();
}

/// A session whose router says this in answer to an event; what it takes it for.
fn hear<A: Wamp>(message: &'static str) -> SessionViolation {
    let (url, talking) = peer::router(move |mut peer| {
        peer.hear();
        peer.say(WELCOME);
        // Not together with WELCOME: there would be no session.
        assert!(matches!(peer.hear(), Some(Message::Publish(_))));
        peer.say(message);
        let Some(Message::Abort(abort)) = peer.hear() else { panic!("no ABORT") };
        assert_eq!(abort.reason, error_uri::PROTOCOL_VIOLATION);
        assert!(peer.hear().is_none());
    });
    let session = join::<A>(json(url));
    let mut event = publishing("com.news", vec![]);
    event.acknowledge = false;
    session.publish(event).unwrap();
    let LeftCause::Violation(violation) = session.ended().cause else { panic!("{:?}", session.ended()) };
    assert!(matches!(session.call(call("com.add", vec![])), Err(Failure::Ended(_))));
    talking.join().unwrap();
    violation
}

pub(crate) fn a_router_that_breaks_the_protocol_is_told_so<A: Wamp>() {
    let violation = hear::<A>(r#"[50,4711,{},[1]]"#);
    assert!(matches!(violation, SessionViolation::RequestUnknown { .. }), "{violation}");
    let violation = hear::<A>(WELCOME);
    assert!(matches!(violation, SessionViolation::Unexpected(_)), "{violation}");
}

pub(crate) fn a_router_that_sends_nonsense_is_told_so<A: Wamp>() {
    for nonsense in ["", "{}", "[2", "[36,1,2,3]", "[\"x\"]"] {
        let violation = hear::<A>(nonsense);
        assert!(matches!(violation, SessionViolation::Malformed(_)), "{nonsense}: {violation}");
    }
}

pub(crate) fn an_answer_that_comes_late_is_no_trouble<A: Wamp>() {
    let (url, talking) = peer::router(|mut peer| {
        peer.hear();
        peer.say(r#"[2,7,{"roles":{"broker":{},"dealer":{"features":{"call_canceling":true}}}}]"#);
        assert!(matches!(peer.hear(), Some(Message::Call(_))));
        assert!(matches!(peer.hear(), Some(Message::Cancel(_))));
        peer.say("[50,1,{},[1]]");
        assert!(matches!(peer.hear(), Some(Message::Call(_))));
        peer.say("[50,2,{},[2]]");
        assert!(matches!(peer.hear(), Some(Message::Goodbye(_))));
        peer.say(r#"[6,{},"wamp.close.goodbye_and_out"]"#);
    });
    let session = join::<A>(json(url));
    let mut slow = call("com.slow", vec![]);
    slow.timeout = Some(PATIENCE);
    assert!(matches!(session.call(slow), Err(Failure::TimedOut)));
    assert_eq!(session.call(call("com.fast", vec![])).unwrap(), [Value::from(2)]);
    session.leave();
    talking.join().unwrap();
}

pub(crate) fn a_client_that_breaks_the_protocol_is_told_so_and_the_others_stay<A: Wamp>() {
    let (router, callee, caller) = start::<A>();
    let _add = register(&*callee, "com.add", Procedure::Add);
    for nonsense in ["", "[", "[48,1]", WELCOME, r#"[50,4711,{},[1]]"#] {
        let mut peer = Peer::join(router.address);
        peer.say(nonsense);
        let Some(Message::Abort(abort)) = peer.hear() else { panic!("no ABORT") };
        assert_eq!(abort.reason, error_uri::PROTOCOL_VIOLATION, "{nonsense}");
        assert!(peer.hear().is_none());
        let sum = caller.call(call("com.add", vec![1.into(), 1.into()])).unwrap();
        assert_eq!(sum, [Value::from(2)]);
    }
    until(|| (router.connections)() == 2);
    router.end();
}

pub(crate) fn a_client_that_says_nothing_is_hung_up_on<A: Wamp>() {
    let mut setup = setup();
    setup.config.join_timeout = PATIENCE;
    let router = A::route(setup);
    let mut silent = Peer::connect(router.address);
    assert!(matches!(silent.hear(), Some(Message::Abort(_))));
    assert!(silent.hear().is_none());
    until(|| (router.connections)() == 0);
    exercise(&*join::<A>(router.url("rs")));
    router.end();
}

pub(crate) fn a_client_that_does_not_answer_goodbye_is_hung_up_on<A: Wamp>() {
    let mut setup = setup();
    setup.config.goodbye_timeout = PATIENCE;
    let router = A::route(setup);
    let mut silent = Peer::join(router.address);
    (router.shut_down)();
    let Some(Message::Goodbye(goodbye)) = silent.hear() else { panic!("no GOODBYE") };
    assert_eq!(goodbye.reason, close_reason::SYSTEM_SHUTDOWN);
    assert!(silent.hear().is_none());
    router.end();
}

pub(crate) fn a_client_that_reads_nothing_does_not_hold_a_router_that_ends<A: Wamp>() {
    let mut setup = setup();
    setup.config.goodbye_timeout = PATIENCE;
    // Not because it is slow.
    setup.config.realms[0].1.queue.bytes = usize::MAX;
    let router = A::route(setup);
    let mut deaf = Peer::join(router.address);
    deaf.say(r#"[32,1,{},"com.news"]"#);
    assert!(matches!(deaf.hear(), Some(Message::Subscribed(_))));
    let publisher = join::<A>(router.url("ws"));
    // More than there is room for between here and there.
    let text = Value::from("x".repeat(1 << 20));
    for _ in 0..16 {
        publisher.publish(publishing("com.news", vec![text.clone()])).unwrap();
    }
    assert_eq!((router.connections)(), 2);
    (router.shut_down)();
    until(|| (router.connections)() == 0);
    router.end();
    drop(deaf);
}

pub(crate) fn a_client_that_vanishes_leaves_nothing_behind<A: Wamp>() {
    let (router, caller, _other) = start::<A>();
    let mut callee = Peer::join(router.address);
    callee.say(r#"[64,1,{},"com.slow"]"#);
    assert!(matches!(callee.hear(), Some(Message::Registered(_))));
    let slow = caller.another();
    let calling = std::thread::spawn(move || slow.call(call("com.slow", vec![])));
    assert!(matches!(callee.hear(), Some(Message::Invocation(_))));
    drop(callee);
    assert_eq!(calling.join().unwrap().unwrap_err().uri(), error_uri::CANCELED);
    let failure = caller.call(call("com.slow", vec![])).unwrap_err();
    assert_eq!(failure.uri(), error_uri::NO_SUCH_PROCEDURE);
    until(|| (router.connections)() == 2);
    router.end();
}
