//! The four parameters, from both sides (RFC 7692 7.1).

use wirebahn_core::websocket::extension::deflate::{
    Backend, ContextTakeover, Deflate, DeflateOptions, WindowBits,
};
use wirebahn_core::websocket::extension::{
    Extension, ExtensionError, ExtensionParams, MessageDecoder, MessageEncoder, Terms,
};
use wirebahn_core::websocket::opening::{ClientOpeningError, HandshakeError};

use super::support::{handshake, options, params};

fn with(change: impl FnOnce(&mut DeflateOptions)) -> Deflate {
    let mut options = options(Backend::MinizOxide);
    change(&mut options);
    Deflate::new(options)
}

fn bits(bits: u8) -> WindowBits {
    WindowBits::new(bits).unwrap()
}

/// What a server with these options answers.
fn answer(deflate: &Deflate, offer: &str) -> Option<String> {
    deflate.accept(&params(offer)).map(|(answer, _)| answer.to_string())
}

#[test]
fn a_server_answers_what_it_was_asked_and_no_more() {
    let plain = with(|_| {});
    for (offer, expected) in [
        ("", ""),
        ("; client_max_window_bits", ""),
        ("; client_max_window_bits=10", "; client_max_window_bits=10"),
        ("; client_max_window_bits=8", "; client_max_window_bits=8"),
        ("; server_max_window_bits=10", "; server_max_window_bits=10"),
        ("; server_max_window_bits=\"10\"", "; server_max_window_bits=10"),
        ("; server_max_window_bits=15", "; server_max_window_bits=15"),
        ("; server_no_context_takeover", "; server_no_context_takeover"),
        ("; client_no_context_takeover", "; client_no_context_takeover"),
    ] {
        let expected = format!("permessage-deflate{expected}");
        assert_eq!(answer(&plain, &format!("permessage-deflate{offer}")), Some(expected), "{offer}");
    }
}

#[test]
fn a_server_that_wants_less_says_so_where_it_may() {
    let small = with(|options| {
        options.send.window = bits(11);
        options.receive.window = bits(9);
        options.send.context = ContextTakeover::Reset;
        options.receive.context = ContextTakeover::Reset;
    });
    let flags = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
    for (offer, expected) in [
        // RFC 7692 7.1.2.2: a client that has not said that it can must not be asked to.
        ("", "; server_max_window_bits=11"),
        ("; client_max_window_bits", "; server_max_window_bits=11; client_max_window_bits=9"),
        ("; client_max_window_bits=8", "; server_max_window_bits=11; client_max_window_bits=8"),
        ("; server_max_window_bits=12", "; server_max_window_bits=11"),
        ("; server_max_window_bits=9", "; server_max_window_bits=9"),
    ] {
        let expected = format!("{flags}{expected}");
        assert_eq!(answer(&small, &format!("permessage-deflate{offer}")), Some(expected), "{offer}");
    }
}

#[test]
fn a_bad_offer_is_declined_and_the_next_one_looked_at() {
    let server = with(|_| {});
    for bad in [
        "server_no_context_takeover=1",
        "client_no_context_takeover=true",
        "server_max_window_bits",
        "server_max_window_bits=7",
        "server_max_window_bits=16",
        "server_max_window_bits=09",
        "server_max_window_bits=+9",
        // No compressor keeps to this.
        "server_max_window_bits=8",
        "client_max_window_bits=7",
        "client_max_window_bits=16",
        "client_max_window_bits; client_max_window_bits",
        "server_no_context_takeover; server_no_context_takeover",
        "unknown",
        "Server_no_context_takeover",
    ] {
        assert_eq!(answer(&server, &format!("permessage-deflate; {bad}")), None, "{bad}");
    }
}

#[test]
fn a_client_offers_what_its_options_say() {
    assert_eq!(with(|_| {}).offer().to_string(), "permessage-deflate; client_max_window_bits");
    let small = with(|options| {
        options.send.window = bits(8);
        options.receive.window = bits(8);
        options.send.context = ContextTakeover::Reset;
        options.receive.context = ContextTakeover::Reset;
    });
    assert_eq!(
        small.offer().to_string(),
        "permessage-deflate; server_no_context_takeover; client_no_context_takeover; \
         server_max_window_bits=8; client_max_window_bits"
    );
}

#[test]
fn a_client_checks_the_answer_against_its_offer() {
    use ExtensionError as E;
    let demanding = with(|options| {
        options.send.window = bits(12);
        options.receive.window = bits(10);
        options.receive.context = ContextTakeover::Reset;
    });
    let fine = "server_no_context_takeover; server_max_window_bits=10";
    for right in [fine, "server_no_context_takeover; server_max_window_bits=8; client_max_window_bits=8"] {
        assert!(demanding.confirm(&params(&format!("permessage-deflate; {right}"))).is_ok(), "{right}");
    }
    for (wrong, error) in [
        ("server_max_window_bits=10", E::ParamMissing("server_no_context_takeover".into())),
        ("server_no_context_takeover", E::ParamMissing("server_max_window_bits".into())),
        (
            "server_no_context_takeover; server_max_window_bits=11",
            E::ParamInvalid("server_max_window_bits".into()),
        ),
        (&format!("{fine}; client_max_window_bits=16"), E::ParamInvalid("client_max_window_bits".into())),
        (&format!("{fine}; client_max_window_bits"), E::ParamInvalid("client_max_window_bits".into())),
        (&format!("{fine}; server_max_window_bits=10"), E::ParamRepeated("server_max_window_bits".into())),
        (&format!("{fine}; x=1"), E::ParamUnknown("x".into())),
        ("server_no_context_takeover=1", E::ParamInvalid("server_no_context_takeover".into())),
    ] {
        let answer = params(&format!("permessage-deflate; {wrong}"));
        assert_eq!(demanding.confirm(&answer).unwrap_err(), error, "{wrong}");
    }
}

#[test]
fn two_ends_agree_over_the_wire() {
    let (_, _, agreed) =
        handshake(with(|_| {}).into(), Deflate::new(DeflateOptions::server()).into()).unwrap();
    assert!(agreed.unwrap().contains("client_max_window_bits=12"));
    // Either end alone uses nothing.
    assert_eq!(handshake(with(|_| {}).into(), Vec::new()).unwrap().2, None);
    assert_eq!(handshake(Vec::new(), with(|_| {}).into()).unwrap().2, None);
}

#[test]
fn offers_are_tried_in_the_clients_order() {
    // A server that keeps context on its side declines nothing but a window of 8.
    let first = with(|options| options.receive.window = bits(8));
    let second = with(|options| options.receive.window = bits(13));
    let (_, _, agreed) = handshake(vec![first.into(), second.into()], with(|_| {}).into()).unwrap();
    assert_eq!(agreed.unwrap(), "permessage-deflate; server_max_window_bits=13");
}

/// An extension that answers whatever the test wants.
#[derive(Debug)]
struct Answers(&'static str, Deflate);

impl Extension for Answers {
    fn name(&self) -> &str {
        "permessage-deflate"
    }

    fn offer(&self) -> ExtensionParams {
        self.1.offer()
    }

    fn accept(&self, offer: &ExtensionParams) -> Option<(ExtensionParams, Terms)> {
        self.1.accept(offer).map(|(_, terms)| (params(self.0), terms))
    }

    fn confirm(&self, _: &ExtensionParams) -> Result<Terms, ExtensionError> {
        Err(ExtensionError::Several)
    }

    fn encoder(&self, terms: Terms) -> Box<dyn MessageEncoder> {
        self.1.encoder(terms)
    }

    fn decoder(&self, terms: Terms) -> Box<dyn MessageDecoder> {
        self.1.decoder(terms)
    }
}

#[test]
fn a_wrong_answer_fails_the_handshake_with_what_is_wrong() {
    use ExtensionError as E;
    for (answer, error) in [
        ("x-other", E::NotOffered("x-other".into())),
        ("permessage-deflate; client_max_window_bits=7", E::ParamInvalid("client_max_window_bits".into())),
        ("permessage-deflate; x", E::ParamUnknown("x".into())),
    ] {
        let server = Answers(answer, with(|_| {}));
        let failed = handshake(with(|_| {}).into(), vec![std::sync::Arc::new(server)]).unwrap_err();
        assert_eq!(failed, ClientOpeningError::Handshake(HandshakeError::Extension(error)), "{answer}");
    }
}
