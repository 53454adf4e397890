//! What messages weigh in queues: about what they take in memory, beside what all sessions share.

use wirebahn_core::wamp::message::Event;
use wirebahn_core::wamp::{
    Dict, Forwarder, MatchPolicy, Message, PayloadPassthru, Receivers, SessionId, Text, Uri,
};

/// What a message weighs beside what is in it.
pub(crate) const MESSAGE_OVERHEAD: usize = 512;
/// What an event weighs beside what is in it, for each of those who share it.
pub(crate) const EVENT_OVERHEAD: usize = 64;

/// What a component of a wildcard weighs: a node of the trie, and its place in the node above.
const COMPONENT: usize = 128;

/// What an event weighs.
pub(crate) fn of_event(event: &Event) -> usize {
    let Event { details, payload, .. } = event;
    EVENT_OVERHEAD
        + payload.len()
        + details.topic.as_ref().map_or(0, |topic| topic.len())
        + of_text(&details.transaction_hash)
        + of_forwarders(&details.forward_for)
        + of_passthru(details.passthru.as_deref())
}

/// What a message weighs.
pub(crate) fn of_message(message: &Message) -> usize {
    let content = match message {
        Message::Publish(publish) => {
            let options = &publish.options;
            publish.payload.len()
                + publish.topic.len()
                + options.receivers.as_deref().map_or(0, of_receivers)
                + of_text(&options.rkey)
                + of_text(&options.transaction_hash)
                + of_forwarders(&options.forward_for)
                + of_passthru(options.passthru.as_deref())
        }
        Message::Call(call) => {
            let options = &call.options;
            let texts = [
                &options.runmode,
                &options.rkey,
                &options.transaction_hash,
                &options.caller_authid,
                &options.caller_authrole,
            ];
            call.payload.len()
                + call.procedure.len()
                + texts.map(of_text).iter().sum::<usize>()
                + of_forwarders(&options.forward_for)
                + of_passthru(options.passthru.as_deref())
        }
        Message::Invocation(invocation) => {
            let details = &invocation.details;
            invocation.payload.len()
                + details.procedure.as_ref().map_or(0, |procedure| procedure.len())
                + of_text(&details.transaction_hash)
                + of_forwarders(&details.forward_for)
                + of_passthru(details.passthru.as_deref())
        }
        Message::Result(result) => {
            let details = &result.details;
            result.payload.len()
                + of_text(&details.callee_authid)
                + of_text(&details.callee_authrole)
                + of_forwarders(&details.forward_for)
                + of_passthru(details.passthru.as_deref())
        }
        Message::Error(error) => {
            let details = &error.details;
            error.payload.len()
                + error.error.len()
                + of_text(&details.callee_authid)
                + of_text(&details.callee_authrole)
                + of_forwarders(&details.forward_for)
                + of_passthru(details.passthru.as_deref())
        }
        Message::Subscribe(subscribe) => subscribe.topic.len() + of_text(&subscribe.options.nkey),
        Message::Register(register) => register.procedure.len(),
        _ => 0,
    };
    MESSAGE_OVERHEAD + content
}

/// What a topic or procedure weighs that is kept, or a pattern of them.
pub(crate) fn of_pattern(pattern: &Uri, match_policy: MatchPolicy) -> usize {
    let components = match match_policy {
        MatchPolicy::Wildcard => pattern.split('.').count(),
        _ => 0,
    };
    pattern.len() + components * COMPONENT
}

/// What a list of receivers weighs.
pub(crate) fn of_receivers(receivers: &Receivers) -> usize {
    let ids = [&receivers.exclude, &receivers.eligible];
    let texts = [
        &receivers.exclude_authid,
        &receivers.exclude_authrole,
        &receivers.eligible_authid,
        &receivers.eligible_authrole,
    ];
    let ids = ids.into_iter().flatten().map(Vec::len).sum::<usize>() * size_of::<SessionId>();
    let texts = texts.into_iter().flatten().flatten().map(|text| size_of::<Text>() + text.len());
    size_of::<Receivers>() + ids + texts.sum::<usize>()
}

fn of_text(text: &Option<Text>) -> usize {
    text.as_ref().map_or(0, |text| text.len())
}

fn of_forwarders(forwarders: &Option<Vec<Forwarder>>) -> usize {
    let weigh = |forwarder: &Forwarder| {
        size_of::<Forwarder>() + of_text(&forwarder.authid) + of_text(&forwarder.authrole)
    };
    forwarders.as_ref().map_or(0, |forwarders| forwarders.iter().map(weigh).sum())
}

fn of_passthru(passthru: Option<&PayloadPassthru>) -> usize {
    passthru.map_or(0, |passthru| {
        let texts = [
            &passthru.scheme,
            &passthru.serializer,
            &passthru.cipher,
            &passthru.keyid,
            &passthru.enc_key,
            &passthru.enc_serializer,
        ];
        let algo = passthru.enc_algo.as_ref().map_or(0, |algo| algo.name().len());
        size_of::<PayloadPassthru>() + algo + texts.map(of_text).iter().sum::<usize>()
    })
}

/// The forwarders as they are passed on: without keys that nobody knows, whose weight nobody knows either.
pub(crate) fn take_forwarders(forwarders: &mut Option<Vec<Forwarder>>) -> Option<Vec<Forwarder>> {
    let mut taken = forwarders.take();
    for forwarder in taken.iter_mut().flatten() {
        forwarder.extra = Dict::new();
    }
    taken
}

/// Drops keys that nobody knows from a message that is going to wait.
pub(crate) fn drop_extra(message: &mut Message) {
    let (extra, forwarders) = match message {
        Message::Publish(message) => (&mut message.options.extra, &mut message.options.forward_for),
        Message::Subscribe(message) => (&mut message.options.extra, &mut message.options.forward_for),
        Message::Unsubscribe(message) => (&mut message.options.extra, &mut message.options.forward_for),
        Message::Call(message) => (&mut message.options.extra, &mut message.options.forward_for),
        Message::Cancel(message) => (&mut message.options.extra, &mut message.options.forward_for),
        Message::Register(message) => (&mut message.options.extra, &mut message.options.forward_for),
        Message::Unregister(message) => (&mut message.options.extra, &mut message.options.forward_for),
        Message::Goodbye(message) => {
            message.details.extra = Dict::new();
            return;
        }
        _ => return,
    };
    *extra = Dict::new();
    *forwarders = take_forwarders(forwarders);
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use wirebahn_core::wamp::Serializer;

    use super::*;

    fn decode(json: &str) -> Message {
        Serializer::Json.decode(&Bytes::copy_from_slice(json.as_bytes())).unwrap()
    }

    #[test]
    fn whatever_can_be_long_in_a_message_weighs() {
        let long = "x".repeat(10_000);
        for json in [
            format!(r#"[16,1,{{"ppt_scheme":"x_a","ppt_keyid":"{long}"}},"a"]"#),
            format!(r#"[16,1,{{"eligible_authid":["{long}"]}},"a"]"#),
            format!(r#"[16,1,{{"forward_for":[{{"session":1,"authid":"{long}"}}]}},"a"]"#),
            format!(r#"[16,1,{{}},"a",["{long}"]]"#),
            format!(r#"[16,1,{{}},"{long}"]"#),
            format!(r#"[36,1,1,{{"topic":"{long}"}}]"#),
            format!(r#"[36,1,1,{{"ppt_keyid":"{long}"}}]"#),
            format!(r#"[48,1,{{"rkey":"{long}"}},"a"]"#),
            format!(r#"[48,1,{{"transaction_hash":"{long}"}},"a"]"#),
            format!(r#"[50,1,{{"callee_authid":"{long}"}}]"#),
            format!(r#"[8,48,1,{{"ppt_cipher":"{long}"}},"a"]"#),
            format!(r#"[8,48,1,{{}},"{long}"]"#),
            format!(r#"[32,1,{{"nkey":"{long}"}},"a"]"#),
            format!(r#"[64,1,{{}},"{long}"]"#),
            format!(r#"[68,1,1,{{"procedure":"{long}"}}]"#),
        ] {
            let message = decode(&json);
            let weight = match &message {
                Message::Event(event) => of_event(event),
                other => of_message(other),
            };
            assert!((10_000..12_000).contains(&weight), "{weight}: {json:.60}");
        }
    }

    #[test]
    fn what_waits_has_no_unknown_keys() {
        let mut message = decode(r#"[48,1,{"x_y_z":[1],"forward_for":[{"session":1,"x_y_z":[1]}]},"a"]"#);
        drop_extra(&mut message);
        assert_eq!(message, decode(r#"[48,1,{"forward_for":[{"session":1}]},"a"]"#));
    }
}
