//! Arguments that are put together one by one.

use std::collections::BTreeMap;

use wirebahn_tokio::wamp::{Arguments, Dict, Error, Invocation, RealmConfig, Router, RouterConfig, Value};

#[tokio::test]
async fn arguments_in_pieces_arrive_as_those_of_tuples_and_structs() {
    let mut config = RouterConfig::default();
    config.realms.push(("realm1".into(), RealmConfig::default()));
    let router = Router::new(config);
    let session = router.join("realm1").await.unwrap();
    let echo = async |args: Vec<Value>, invocation: Invocation| Ok((args, invocation.kwargs::<Dict>()?));
    let _echo = session.register("a.echo", echo).await.unwrap();
    let mut events = session.subscribe("a.topic").await.unwrap();

    let arguments =
        Arguments::new().arg(1).arg("two").args([3.5, 4.5]).kwarg("k", [true]).kwarg("l", 1).kwarg("l", 2);
    let (args, kwargs): (Vec<Value>, BTreeMap<String, Value>) =
        session.call_with("a.echo", arguments.clone()).await.unwrap();
    let expected = [Value::from(1), Value::from("two"), Value::from(3.5), Value::from(4.5)];
    assert_eq!(args, expected);
    let expected = BTreeMap::from([
        ("k".to_owned(), Value::List(vec![Value::from(true)])),
        ("l".to_owned(), Value::from(2)),
    ]);
    assert_eq!(kwargs, expected);

    session.publish_with("a.topic", arguments).exclude_me(false).await.unwrap();
    let event = events.next().await.unwrap();
    assert_eq!(event.args::<Vec<Value>>().unwrap(), args);
    assert_eq!(event.kwargs::<BTreeMap<String, Value>>().unwrap(), expected);

    let none: (Vec<Value>, Dict) = session.call_with("a.echo", Arguments::new()).await.unwrap();
    assert_eq!((none.0.len(), none.1.len()), (0, 0));
}

#[tokio::test]
async fn an_argument_that_cannot_be_encoded_fails_the_call() {
    let mut config = RouterConfig::default();
    config.realms.push(("realm1".into(), RealmConfig::default()));
    let session = Router::new(config).join("realm1").await.unwrap();
    // Keys of dicts are strings.
    let wrong = BTreeMap::from([((1, 2), 3)]);
    for arguments in [Arguments::new().arg(&wrong).arg(1), Arguments::new().kwarg("a", &wrong)] {
        let error = session.call_with::<()>("a.b", arguments).await.unwrap_err();
        assert!(matches!(error, Error::Encode(_)), "{error}");
    }
}
