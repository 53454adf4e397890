//! Reaching a router, and being let in.

use std::time::Duration;

use wirebahn_blocking::wamp::router::{Answer, Authentication, Identity, QuestionKind};
use wirebahn_blocking::wamp::{Dict, Join, JoinError, LeftCause, OpenError, RealmConfig, error_uri, join};

use super::support::Running;

#[test]
fn a_realm_that_there_is_not_is_refused() {
    let running = Running::start();
    let error = join(&running.websocket(), "nowhere").unwrap_err();
    assert!(error.is_fatal());
    let JoinError::Left(left) = error else { panic!("{error}") };
    let LeftCause::Aborted { reason, .. } = &left.cause else { panic!("{left}") };
    assert_eq!(reason, error_uri::NO_SUCH_REALM);
    running.end();
}

#[test]
fn a_server_without_wamp_is_told_from_a_router() {
    let server = wirebahn_blocking::Server::bind("127.0.0.1:0").unwrap();
    let (url, handle) = (format!("ws://{}/", server.local_addr().unwrap()), server.handle());
    let thread = std::thread::spawn(|| server.serve(|mut socket| drop(socket.wait_closed())));
    assert!(matches!(join(&url, "realm1"), Err(JoinError::Open(OpenError::NoSubprotocol))));
    handle.shut_down();
    thread.join().unwrap().unwrap();
}

#[test]
fn challenges_are_answered() {
    let mut realm = RealmConfig::default();
    realm.authentication = Authentication::Ask;
    let running = Running::start_with(realm, |server| server);
    let router = running.router.clone();
    std::thread::spawn(move || {
        loop {
            let question = router.question();
            let answer = match question.kind {
                QuestionKind::Authenticate(_) => {
                    Answer::Challenge { method: "ticket".into(), extra: Dict::new() }
                }
                QuestionKind::Verify { signature, .. } if &*signature == "secret" => {
                    let identity = Box::new(Identity::new("joe", "user", "ticket"));
                    Answer::Welcome { identity, realm: None }
                }
                _ => {
                    let reason = error_uri::AUTHENTICATION_FAILED.into();
                    Answer::Refuse { reason, message: "wrong ticket".into() }
                }
            };
            router.answer(question.id, answer).unwrap();
        }
    });
    let url = running.websocket();
    let with = |ticket: Option<&'static str>| {
        let join = Join::new(&url, "realm1").unwrap();
        join.session(|config| config.authmethods = vec!["ticket".into()])
            .on_challenge(move |challenge| {
                assert_eq!(&*challenge.method, "ticket");
                Some((ticket?.into(), Dict::new()))
            })
            .join()
    };
    let welcome = with(Some("secret")).unwrap().welcome().unwrap();
    assert_eq!(welcome.details.authid.as_deref(), Some("joe"));
    for ticket in [Some("wrong"), None] {
        let error = with(ticket).unwrap_err();
        assert!(error.is_fatal(), "{error}");
    }
    running.end();
}

#[test]
fn nobody_is_asked_about_a_client_that_has_gone() {
    let mut realm = RealmConfig::default();
    realm.authentication = Authentication::Ask;
    let running = Running::start_with(realm, |server| server);
    let join = Join::new(&running.websocket(), "realm1").unwrap();
    let join = join.session(|config| config.join_timeout = Some(Duration::from_millis(20)));
    let JoinError::Left(left) = join.join().unwrap_err() else { panic!("it was let in") };
    assert!(matches!(left.cause, LeftCause::TimedOut(_)), "{left}");
    while running.router.with(|router, _| router.connections()) > 0 {
        std::thread::yield_now();
    }
    assert!(running.router.question_timeout(Duration::ZERO).is_err());
    running.end();
}
