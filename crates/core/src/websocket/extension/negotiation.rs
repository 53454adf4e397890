//! Who offers what, and what comes of it (RFC 6455 9.1).

use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use super::{ExtensionParams, ExtensionSyntaxError, MessageDecoder, MessageEncoder};
use crate::websocket::frame::ReservedBits;

/// The extensions that an endpoint is ready to use, by preference.
pub type Extensions = Vec<Arc<dyn Extension>>;

/// An extension that can be negotiated, with the options that it is to be used with.
///
/// One object serves many connections: what was agreed upon for one of them are its [`Terms`], and by these it makes an
/// encoder and a decoder for the connection, once that has a message for them.
pub trait Extension: fmt::Debug + Send + Sync {
    /// The name it is registered under.
    fn name(&self) -> &str;

    /// As a client: what to offer. For several offers with different parameters, list several extensions.
    fn offer(&self) -> ExtensionParams;

    /// As a server: the answer to an offer with this extension's name, and what it means. `None` declines the offer:
    /// the next one is looked at.
    fn accept(&self, offer: &ExtensionParams) -> Option<(ExtensionParams, Terms)>;

    /// As a client: what the server's answer means.
    ///
    /// # Errors
    ///
    /// The answer does not fit [`offer`](Self::offer): the handshake fails.
    fn confirm(&self, answer: &ExtensionParams) -> Result<Terms, ExtensionError>;

    /// What encodes the outgoing messages of a connection.
    fn encoder(&self, terms: Terms) -> Box<dyn MessageEncoder>;

    /// What decodes the incoming messages of a connection.
    fn decoder(&self, terms: Terms) -> Box<dyn MessageDecoder>;
}

/// What was agreed upon for a connection, as its extension writes it down for itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "a mark, and whatever the extension makes of the number")]
pub struct Terms {
    /// The bits that mark an encoded message, in its first frame; not [`ReservedBits::NONE`].
    pub bits: ReservedBits,
    /// The parameters, as a number of the extension's own making.
    pub params: u32,
}

/// An extension, and what was agreed upon for a connection: so little that it costs idle connections nothing.
#[derive(Clone, Debug)]
pub struct Agreement {
    extension: Arc<dyn Extension>,
    terms: Terms,
}

impl Agreement {
    /// What `extension` has agreed upon.
    #[must_use]
    pub const fn new(extension: Arc<dyn Extension>, terms: Terms) -> Self {
        Self { extension, terms }
    }

    /// The bits that mark an encoded message, in its first frame.
    #[must_use]
    pub const fn bits(&self) -> ReservedBits {
        self.terms.bits
    }

    /// What encodes the outgoing messages of the connection.
    #[must_use]
    pub fn encoder(&self) -> Box<dyn MessageEncoder> {
        self.extension.encoder(self.terms)
    }

    /// What decodes the incoming messages of the connection.
    #[must_use]
    pub fn decoder(&self) -> Box<dyn MessageDecoder> {
        self.extension.decoder(self.terms)
    }
}

/// What is wrong with a server's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ExtensionError {
    /// The answer breaks the grammar.
    Syntax(ExtensionSyntaxError),
    /// An extension that was not offered.
    NotOffered(String),
    /// More than one extension, all of which would transform messages.
    Several,
    /// A parameter that the extension does not have.
    ParamUnknown(String),
    /// A parameter that must not be in an answer to this offer.
    ParamNotOffered(String),
    /// A parameter twice.
    ParamRepeated(String),
    /// A parameter whose value is missing, not allowed, or beyond what was offered.
    ParamInvalid(String),
    /// A parameter that was asked for is missing.
    ParamMissing(String),
}

impl fmt::Display for ExtensionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax(error) => fmt::Display::fmt(error, f),
            Self::NotOffered(name) => write!(f, "the extension {name:?} was not offered"),
            Self::Several => f.write_str("several extensions at once, of which one was to be chosen"),
            Self::ParamUnknown(name) => write!(f, "the parameter {name:?} is unknown"),
            Self::ParamNotOffered(name) => write!(f, "the parameter {name:?} was not offered"),
            Self::ParamRepeated(name) => write!(f, "the parameter {name:?} is repeated"),
            Self::ParamInvalid(name) => write!(f, "the value of the parameter {name:?} is not allowed"),
            Self::ParamMissing(name) => write!(f, "the parameter {name:?} was asked for and is missing"),
        }
    }
}

impl core::error::Error for ExtensionError {}

/// What a server answers, and what it means.
pub(in crate::websocket) type Accepted = (ExtensionParams, Agreement);

/// As a server: takes the first of the client's offers that one of our extensions accepts. Offers that are malformed or
/// not acceptable are declined (RFC 6455 9.1; RFC 7692 5.1).
pub(in crate::websocket) fn accept(offers: &str, known: &[Arc<dyn Extension>]) -> Option<Accepted> {
    if known.is_empty() {
        return None;
    }
    ExtensionParams::parse_list(offers).flatten().find_map(|offer| {
        known.iter().filter(|extension| extension.name() == offer.name()).find_map(|extension| {
            let (answer, terms) = extension.accept(&offer)?;
            Some((answer, Agreement::new(Arc::clone(extension), terms)))
        })
    })
}

/// As a client: the offers as they go into the header.
pub(in crate::websocket) fn offers(extensions: &[Arc<dyn Extension>]) -> String {
    let offers: Vec<_> = extensions.iter().map(|extension| extension.offer().to_string()).collect();
    offers.join(", ")
}

/// As a client: what the server's answer means. An answer that fits any of several offers of the same extension is
/// right.
pub(in crate::websocket) fn confirm(
    answer: &str,
    offered: &[Arc<dyn Extension>],
) -> Result<Option<Accepted>, ExtensionError> {
    let mut answers = ExtensionParams::parse_list(answer);
    let Some(answer) = answers.next() else { return Ok(None) };
    let answer = answer.map_err(ExtensionError::Syntax)?;
    let mut problem = ExtensionError::NotOffered(answer.name().into());
    for (place, extension) in offered.iter().filter(|extension| extension.name() == answer.name()).enumerate()
    {
        match extension.confirm(&answer) {
            Ok(_) if answers.next().is_some() => return Err(ExtensionError::Several),
            Ok(terms) => return Ok(Some((answer, Agreement::new(Arc::clone(extension), terms)))),
            // What does not fit the preferred offer is what is reported.
            Err(error) if place == 0 => problem = error,
            Err(_) => {}
        }
    }
    Err(problem)
}
