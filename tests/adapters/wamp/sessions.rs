//! How sessions begin and end.

use std::sync::Arc;

use wirebahn_core::wamp::session::{Initiator, LeftCause};
use wirebahn_core::wamp::{Message, Value, close_reason};

use super::adapter::{Failure, JoinSetup, Procedure, Refused, Waiting, Wamp};
use super::peer::WELCOME;
use super::{call, exercise, join, peer, publishing, register, setup, start, subscribe, subscribing};
use crate::adapter::{STUCK, until};

pub(crate) fn leaving_is_answered_and_ends_everything<A: Wamp>() {
    let (router, session, _stays) = start::<A>();
    let mut news = subscribe(&*session, "com.news");
    for _ in 0..2 {
        let left = session.leave();
        let LeftCause::Goodbye { by: Initiator::Us, reason, .. } = left.cause else { panic!("{left}") };
        assert_eq!(reason, close_reason::GOODBYE_AND_OUT);
    }
    assert!(news.next_within(STUCK).unwrap().is_none());
    assert!(matches!(session.call(call("com.add", vec![])), Err(Failure::Ended(_))));
    assert!(matches!(session.publish(publishing("com.news", vec![])), Err(Failure::Ended(_))));
    assert!(matches!(session.subscribe(subscribing("com.news")).map(drop), Err(Failure::Ended(_))));
    until(|| (router.connections)() == 1);
    router.end();
}

pub(crate) fn a_session_ends_with_its_last_handle<A: Wamp>() {
    let (router, session, stays) = start::<A>();
    let mut news = subscribe(&*session, "com.news");
    let add = register(&*session, "com.add", Procedure::Add);
    let another = session.another();
    drop(session);
    another.call(call("com.add", vec![1.into(), 2.into()])).unwrap();
    drop(another);
    // The registration is one, and so is the subscription.
    let sum = stays.call(call("com.add", vec![1.into(), 2.into()])).unwrap();
    assert_eq!(sum, [Value::from(3)]);
    drop(add);
    stays.publish(publishing("com.news", vec![1.into()])).unwrap();
    assert_eq!(news.next_args(), [Value::from(1)]);
    drop(news);
    until(|| (router.connections)() == 1);
    router.end();
}

pub(crate) fn a_realm_that_does_not_exist_is_refused<A: Wamp>() {
    let router = A::route(setup());
    for scheme in ["ws", "rs"] {
        let mut setup = JoinSetup::from(router.url(scheme));
        setup.realm = "nowhere";
        match A::join(setup).map(drop) {
            Err(Refused::Left(left)) => assert!(left.to_string().contains("no_such_realm"), "{left}"),
            other => panic!("{other:?}"),
        }
    }
    until(|| (router.connections)() == 0);
    router.end();
}

pub(crate) fn a_challenge_is_answered<A: Wamp>() {
    let (url, talking) = peer::router(|mut peer| {
        let Some(Message::Hello(hello)) = peer.hear() else { panic!("no HELLO") };
        assert_eq!(hello.details.authmethods, ["ticket"]);
        peer.say(r#"[4,"ticket",{}]"#);
        let Some(Message::Authenticate(answer)) = peer.hear() else { panic!("no AUTHENTICATE") };
        assert_eq!(answer.signature, "open sesame");
        peer.say(WELCOME);
        assert!(matches!(peer.hear(), Some(Message::Goodbye(_))));
        peer.say(r#"[6,{},"wamp.close.goodbye_and_out"]"#);
        assert!(peer.hear().is_none());
    });
    let mut setup = JoinSetup::from(url);
    setup.ticket = Some("open sesame");
    setup.serializers = vec![wirebahn_core::wamp::Serializer::Json];
    let session = join::<A>(setup);
    assert_eq!(session.id(), 7);
    session.leave();
    talking.join().unwrap();
}

pub(crate) fn a_challenge_that_nobody_can_answer_ends_it<A: Wamp>() {
    let (url, talking) = peer::router(|mut peer| {
        peer.hear();
        peer.say(r#"[4,"ticket",{}]"#);
        assert!(matches!(peer.hear(), Some(Message::Abort(_))));
        assert!(peer.hear().is_none());
    });
    let mut setup = JoinSetup::from(url);
    setup.serializers = vec![wirebahn_core::wamp::Serializer::Json];
    let refused = A::join(setup).map(drop);
    assert!(matches!(refused, Err(Refused::Left(_))), "{refused:?}");
    talking.join().unwrap();
}

pub(crate) fn a_router_that_ends_says_goodbye_to_everybody<A: Wamp>() {
    let (router, callee, caller) = start::<A>();
    let waiting = Arc::new(Waiting::default());
    let _wait = register(&*callee, "com.wait", Procedure::Wait(Arc::clone(&waiting)));
    let mut news = subscribe(&*caller, "com.news");
    let slow = caller.another();
    let calling = std::thread::spawn(move || slow.call(call("com.wait", vec![])));
    until(|| waiting.begun() == 1);
    (router.shut_down)();
    for session in [&callee, &caller] {
        let left = session.ended();
        assert!(left.to_string().contains("wamp.close.system_shutdown"), "{left}");
    }
    assert!(calling.join().unwrap().is_err());
    until(|| waiting.interrupted() == 1);
    assert!(news.next_within(STUCK).unwrap().is_none());
    let url = router.url("rs");
    router.end();
    assert!(A::join(url.into()).is_err());
}

pub(crate) fn a_router_that_vanishes_is_noticed_by_everybody_who_waits<A: Wamp>() {
    let (url, talking) = peer::router(|mut peer| {
        peer.hear();
        peer.say(WELCOME);
        assert!(matches!(peer.hear(), Some(Message::Call(_))));
    });
    let mut setup = JoinSetup::from(url);
    setup.serializers = vec![wirebahn_core::wamp::Serializer::Json];
    let session = join::<A>(setup);
    match session.call(call("com.slow", vec![])) {
        Err(Failure::Ended(left)) => assert_eq!(left.cause, LeftCause::TransportLost),
        other => panic!("{other:?}"),
    }
    assert_eq!(session.leave().cause, LeftCause::TransportLost);
    talking.join().unwrap();
}

pub(crate) fn one_session_too_many_is_refused<A: Wamp>() {
    let mut setup = setup();
    setup.max_connections = 1;
    let router = A::route(setup);
    let first = join::<A>(router.url("ws"));
    for scheme in ["ws", "rs"] {
        let refused = A::join(router.url(scheme).into()).map(drop);
        assert!(matches!(refused, Err(Refused::NotOpened)), "{refused:?}");
    }
    exercise(&*first);
    until(|| (router.connections)() == 0);
    exercise(&*join::<A>(router.url("rs")));
    router.end();
}
