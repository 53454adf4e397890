//! Keys of several messages.

use super::keys::group;
use crate::wamp::message::{Element, Fault, Source, optional, read_dict};
use crate::wamp::serializer::{Reader, Writer};
use crate::wamp::{Dict, SessionId, Text};

group! {
    /// How a payload is encoded that routers do not look into: payload passthru mode (`ppt_*`), and the older form of it
    /// in Autobahn and Crossbar (`enc_*`), in which the payload is one string or binary instead of a list.
    PayloadPassthru {
        /// What the payload belongs to: `wamp` for end-to-end encryption, `mqtt`, or a private scheme `x_...`.
        scheme: Option<Text> = None, "ppt_scheme";
        /// How the arguments became bytes: `native`, `json`, `msgpack`, `cbor`, ...
        serializer: Option<Text> = None, "ppt_serializer";
        /// How they are encrypted.
        cipher: Option<Text> = None, "ppt_cipher";
        /// Which key they are encrypted with.
        keyid: Option<Text> = None, "ppt_keyid";
        /// How the payload is encrypted, in the older form. With this, [`Payload`](crate::wamp::Payload) may be opaque.
        enc_algo: Option<EncAlgo> = None, "enc_algo";
        /// Which key it is encrypted with, in the older form.
        enc_key: Option<Text> = None, "enc_key";
        /// How the arguments became bytes, in the older form.
        enc_serializer: Option<Text> = None, "enc_serializer";
    }
}

/// How an opaque payload is encrypted: `cryptobox`, `mqtt`, `xbr`, or a private name `x_...`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct EncAlgo(Text);

impl EncAlgo {
    /// Curve25519, XSalsa20 and Poly1305, by Autobahn.
    pub const CRYPTOBOX: &str = "cryptobox";
    /// A payload of MQTT, not encrypted.
    pub const MQTT: &str = "mqtt";
    /// XBR data services.
    pub const XBR: &str = "xbr";

    /// The algorithm with this name, if it is one of those or a private one.
    #[must_use]
    pub fn new(name: impl Into<Text>) -> Option<Self> {
        let name = name.into();
        let is_private = name.strip_prefix("x_").is_some_and(|rest| !rest.is_empty());
        let is_known = [Self::CRYPTOBOX, Self::MQTT, Self::XBR].contains(&name.as_str());
        (is_private || is_known).then_some(Self(name))
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0
    }
}

impl Element for EncAlgo {
    fn read<'a, R: Reader<'a>>(source: &mut Source<'a, R>) -> Result<Self, Fault> {
        let name = Text::read(source)?;
        Self::new(name).ok_or(Fault::expected("`cryptobox`, `mqtt`, `xbr` or `x_...`"))
    }

    fn write<W: Writer>(&self, out: &mut W) {
        out.str(&self.0);
    }
}

/// A session on whose behalf a router sends a message to another router (Crossbar's router-to-router links).
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Forwarder {
    /// The session at the router that forwards.
    pub session: SessionId,
    /// Its authid.
    pub authid: Option<Text>,
    /// Its authrole.
    pub authrole: Option<Text>,
    /// Keys that are not known here.
    pub extra: Dict,
}

impl Forwarder {
    /// A session of which only the id is known.
    #[must_use]
    pub const fn new(session: SessionId) -> Self {
        Self { session, authid: None, authrole: None, extra: Dict::new() }
    }
}

impl Element for Forwarder {
    fn read<'a, R: Reader<'a>>(source: &mut Source<'a, R>) -> Result<Self, Fault> {
        let (mut session, mut authid, mut authrole) = (None, None, None);
        let extra = read_dict(source, |source, key, seen| {
            match key {
                "session" => {
                    seen.mark(0, "session")?;
                    session = Some(SessionId::read(source)?);
                }
                "authid" => {
                    seen.mark(1, "authid")?;
                    authid = Option::<Text>::read(source)?;
                }
                "authrole" => {
                    seen.mark(2, "authrole")?;
                    authrole = Option::<Text>::read(source)?;
                }
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        let session = session.ok_or(Fault::expected("a dict with a session"))?;
        Ok(Self { session, authid, authrole, extra })
    }

    fn write<W: Writer>(&self, out: &mut W) {
        let Self { session, authid, authrole, extra } = self;
        out.dict(1 + usize::from(authid.is_some()) + usize::from(authrole.is_some()) + extra.len());
        out.key("session");
        session.write(out);
        for (key, value) in [("authid", authid), ("authrole", authrole)] {
            if let Some(value) = value {
                out.key(key);
                value.write(out);
            }
        }
        crate::wamp::message::write_entries(extra, out);
        out.dict_end();
    }
}

optional!(EncAlgo, alloc::vec::Vec<Forwarder>);
