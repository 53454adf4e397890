//! Options and details: what is written, what is kept, and which other forms are understood.

use bytes::Bytes;
use wirebahn_core::wamp::message::{Event, Hello, Message, Publish, Welcome};
use wirebahn_core::wamp::{
    Feature, Features, HelloDetails, Payload, PublishOptions, Receivers, RequestId, Role, Roles, Serializer,
    SessionId, Uri, Value,
};

fn decode(message: &'static str) -> Message {
    Serializer::Json.decode(&Bytes::from_static(message.as_bytes())).unwrap()
}

fn encode(message: &Message) -> String {
    String::from_utf8(Serializer::Json.encode_to_bytes(message).into()).unwrap()
}

fn publish(options: PublishOptions) -> Message {
    let topic = Uri::from_static("a.b");
    Publish { request: RequestId::FIRST, options, topic, payload: Payload::empty() }.into()
}

#[test]
fn keys_with_their_default_are_not_written() {
    assert_eq!(encode(&publish(PublishOptions::default())), r#"[16,1,{},"a.b"]"#);
    let mut options = PublishOptions::default();
    options.acknowledge = true;
    options.exclude_me = false;
    let mut receivers = Receivers::default();
    receivers.eligible = Some(vec![SessionId::new(7).unwrap()]);
    options.receivers = Some(Box::new(receivers));
    assert_eq!(
        encode(&publish(options)),
        r#"[16,1,{"acknowledge":true,"exclude_me":false,"eligible":[7]},"a.b"]"#
    );
}

#[test]
fn unknown_keys_are_kept() {
    let message = decode(r#"[16,1,{"x_own":[1,{"a":null}],"retain":true,"_private":"b"},"a.b"]"#);
    let Message::Publish(publish) = &message else { panic!() };
    assert!(publish.options.retain);
    assert_eq!(publish.options.extra.get("_private"), Some(&Value::from("b")));
    assert_eq!(encode(&message), r#"[16,1,{"retain":true,"x_own":[1,{"a":null}],"_private":"b"},"a.b"]"#);
}

#[test]
fn null_is_a_key_that_is_not_there() {
    let message = decode(r#"[36,1,2,{"publisher":null,"topic":null,"trustlevel":null}]"#);
    assert_eq!(encode(&message), "[36,1,2,{}]");
}

#[test]
fn roles_and_features_are_announced_and_understood() {
    let roles = Roles::new()
        .with(Role::Caller, Features::of(&[Feature::CallCanceling, Feature::CallTimeout]))
        .with(Role::Publisher, Features::NONE);
    let mut details = HelloDetails::default();
    details.roles = roles;
    let hello = Message::from(Hello { realm: Some("realm1".into()), details: Box::new(details) });
    assert_eq!(
        encode(&hello),
        r#"[1,"realm1",{"roles":{"publisher":{},"caller":{"features":{"call_timeout":true,"call_canceling":true}}}}]"#
    );
    assert_eq!(decode(encode(&hello).leak()), hello);

    let Message::Welcome(Welcome { details, .. }) = decode(
        r#"[2,1,{"roles":{"broker":{"features":{"event_retention":false,"telepathy":[1]},"reflection":true},
           "dealer":{"features":{"call_cancelling":true}},"oracle":{}},"x_cb_node":"n"}]"#,
    ) else {
        panic!()
    };
    assert_eq!(details.roles.get(Role::Broker), Some(Features::NONE));
    assert!(details.roles.has_feature(Role::Dealer, Feature::CallCanceling));
    assert_eq!(details.roles.iter().count(), 2);
    assert_eq!(details.extra.len(), 1);
}

#[test]
fn the_realm_may_be_left_to_the_router() {
    let hello = decode(r#"[1,null,{"roles":{"caller":{}}}]"#);
    assert!(matches!(&hello, Message::Hello(hello) if hello.realm.is_none()));
    assert_eq!(encode(&hello), r#"[1,null,{"roles":{"caller":{}}}]"#);
}

#[test]
fn drafts_with_other_names_are_understood() {
    let Message::Hello(hello) =
        decode(r#"[1,null,{"roles":{"caller":{}},"resume-session":5,"resume-token":"t","resumable":true}]"#)
    else {
        panic!()
    };
    assert_eq!(
        (hello.details.resume_session.unwrap().get(), &*hello.details.resume_token.unwrap()),
        (5, "t")
    );
    for name in ["resume-ticket", "resume-token", "resume_token"] {
        let welcome = format!(r#"[2,1,{{"roles":{{"broker":{{}}}},"{name}":"t"}}]"#);
        let Message::Welcome(welcome) = decode(welcome.leak()) else { panic!() };
        assert_eq!(welcome.details.resume_token.unwrap(), "t", "{name}");
    }
}

#[test]
fn texts_that_look_like_binary_data_in_json_are_texts() {
    let message = decode(r#"[36,1,2,{"publisher_authid":"\u0000aGVsbG8="}]"#);
    let Message::Event(Event { details, .. }) = &message else { panic!() };
    assert_eq!(details.publisher_authid.as_deref(), Some("\0aGVsbG8="));
    assert_eq!(decode(encode(&message).leak()), message);
}

#[test]
fn a_kept_uri_needs_no_message_once_it_is_detached() {
    let bytes = Bytes::from_static(br#"[32,1,{},"com.example.topic"]"#);
    let Ok(Message::Subscribe(subscribe)) = Serializer::Json.decode(&bytes) else { panic!() };
    let within = |text: &str| bytes.as_ptr_range().contains(&text.as_ptr());
    assert!(within(&subscribe.topic));
    assert!(!within(&subscribe.topic.detach()));
    assert_eq!(subscribe.topic.detach(), subscribe.topic);
}

#[test]
fn messages_are_small_enough_to_be_moved_around() {
    assert!(size_of::<Message>() <= 360, "{}", size_of::<Message>());
}
