//! A parser of WebSocket frames that was written from RFC 6455 and shares nothing with ours: simple, whole inputs only,
//! no thought of speed.

/// What a connection is held to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    /// Whether masks must be there (`Some(true)`), must not be there, or do not matter (RFC 6455 5.1).
    pub(crate) masked: Option<bool>,
    pub(crate) checks_text: bool,
    pub(crate) max_frame_len: u64,
    pub(crate) max_message_len: u64,
    /// Fragments that a message may have, besides one for every so many bytes in those before.
    pub(crate) fragments: (u64, u64),
}

/// What a receiver is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    Message { is_text: bool, payload: Vec<u8> },
    Ping(Vec<u8>),
    Pong(Vec<u8>),
}

/// How far it gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// The input ends before the connection does.
    Open,
    /// A Close frame with this payload.
    Closed(Vec<u8>),
    /// The connection is failed with this code.
    Failed(u16),
}

/// What has to come of an input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Prediction {
    pub(crate) told: Vec<Told>,
    /// What has arrived of a message that is unfinished or failed, as far as it is valid.
    pub(crate) partial: Vec<u8>,
    pub(crate) end: End,
}

/// What has to come of `bytes`.
pub(crate) fn predict(bytes: &[u8], rules: &Rules) -> Prediction {
    let mut parser = Parser { rest: bytes, rules, message: None, told: Vec::new() };
    let end = loop {
        match parser.frame() {
            Ok(Some(())) => {}
            Ok(None) => break End::Open,
            Err(end) => break end,
        }
    };
    let partial = parser.message.map(|message| message.payload).unwrap_or_default();
    Prediction { told: parser.told, partial, end }
}

/// The frames of a well-formed output, as their first bytes and unmasked payloads.
pub(crate) fn decode(mut bytes: &[u8]) -> Vec<(u8, Vec<u8>)> {
    let mut frames = Vec::new();
    while let [first, second, rest @ ..] = bytes {
        assert!(second & 0x7f < 126, "only control frames are sent here");
        let (key, rest) = if second & 0x80 == 0 { ([0; 4], rest) } else { split_key(rest) };
        let (payload, rest) = rest.split_at(usize::from(second & 0x7f));
        frames.push((*first, unmask(payload, key)));
        bytes = rest;
    }
    assert!(bytes.is_empty(), "half a frame was sent");
    frames
}

struct Parser<'a> {
    rest: &'a [u8],
    rules: &'a Rules,
    message: Option<Message>,
    told: Vec<Told>,
}

struct Message {
    is_text: bool,
    payload: Vec<u8>,
    fragments: u64,
}

const PROTOCOL_ERROR: End = End::Failed(1002);

impl Parser<'_> {
    /// One frame; `None` if it is not complete. What is wrong counts as soon as no further byte could mend it.
    fn frame(&mut self) -> Result<Option<()>, End> {
        let Some([first]) = self.take() else { return Ok(None) };
        let (fin, opcode) = (first & 0x80 != 0, first & 0x0f);
        let is_control = opcode >= 8;
        let is_legal = first & 0x70 == 0
            && match opcode {
                0 => self.message.is_some(),
                1 | 2 => self.message.is_none(),
                8..=10 => fin,
                _ => false,
            };
        let Some([second]) = self.take().filter(|_| is_legal) else {
            return if is_legal { Ok(None) } else { Err(PROTOCOL_ERROR) };
        };
        let is_masked = second & 0x80 != 0;
        let len = u64::from(second & 0x7f);
        if self.rules.masked.is_some_and(|masked| masked != is_masked) || (is_control && len > 125) {
            return Err(PROTOCOL_ERROR);
        }
        let len = match len {
            126 => {
                let Some(len) = self.take().map(u16::from_be_bytes) else { return Ok(None) };
                u64::from(len)
            }
            127 => {
                let Some(len) = self.take().map(u64::from_be_bytes) else { return Ok(None) };
                len
            }
            len => len,
        };
        let shortest = match len {
            0..=125 => len,
            126..=0xffff => 126,
            _ => 127,
        };
        if len >= 1 << 63 || shortest != u64::from(second & 0x7f) {
            return Err(PROTOCOL_ERROR);
        }
        if !is_control {
            self.check_limits(len)?;
        }
        let mut key = [0; 4];
        if is_masked {
            let Some(field) = self.take() else { return Ok(None) };
            key = field;
        }
        if is_control { self.control(opcode, len, key) } else { self.data(opcode == 1, fin, len, key) }
    }

    fn check_limits(&self, len: u64) -> Result<(), End> {
        let so_far = self.message.as_ref().map_or(0, |message| message.payload.len() as u64);
        if len > self.rules.max_frame_len || so_far + len > self.rules.max_message_len {
            return Err(End::Failed(1009));
        }
        let (allowance, bytes_each) = self.rules.fragments;
        match &self.message {
            Some(message) if message.fragments + 1 > allowance + so_far / bytes_each => {
                Err(End::Failed(1008))
            }
            _ => Ok(()),
        }
    }

    fn control(&mut self, opcode: u8, len: u64, key: [u8; 4]) -> Result<Option<()>, End> {
        if (self.rest.len() as u64) < len {
            return Ok(None);
        }
        let payload = self.take_up_to(len, key);
        match opcode {
            9 => self.told.push(Told::Ping(payload)),
            10 => self.told.push(Told::Pong(payload)),
            _ => return Err(close(payload)),
        }
        Ok(Some(()))
    }

    fn data(&mut self, is_text: bool, fin: bool, len: u64, key: [u8; 4]) -> Result<Option<()>, End> {
        let fresh = self.take_up_to(len, key);
        let is_complete = fresh.len() as u64 == len;
        let message = self.message.get_or_insert(Message { is_text, payload: Vec::new(), fragments: 0 });
        message.payload.extend(fresh);
        message.fragments += 1;
        if message.is_text && self.rules.checks_text {
            let wrong = match std::str::from_utf8(&message.payload) {
                Ok(_) => false,
                Err(error) => error.error_len().is_some() || (fin && is_complete),
            };
            if wrong {
                let valid =
                    (0..=message.payload.len()).rev().find(|&len| may_become_text(&message.payload, len));
                message.payload.truncate(valid.unwrap_or(0));
                return Err(End::Failed(1007));
            }
        }
        if !is_complete {
            return Ok(None);
        }
        if fin && let Some(Message { is_text, payload, .. }) = self.message.take() {
            self.told.push(Told::Message { is_text, payload });
        }
        Ok(Some(()))
    }

    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.rest.split_first_chunk()?;
        self.rest = rest;
        Some(*taken)
    }

    fn take_up_to(&mut self, len: u64, key: [u8; 4]) -> Vec<u8> {
        let len = usize::try_from(len).unwrap_or(usize::MAX).min(self.rest.len());
        let (taken, rest) = self.rest.split_at(len);
        self.rest = rest;
        unmask(taken, key)
    }
}

/// What a Close frame means (RFC 6455 5.5.1, 7.4).
fn close(payload: Vec<u8>) -> End {
    match payload.split_first_chunk() {
        None if payload.is_empty() => End::Closed(payload),
        None => PROTOCOL_ERROR,
        Some((code, reason)) => match u16::from_be_bytes(*code) {
            1000..=1003 | 1007..=1014 | 3000..=4999 if std::str::from_utf8(reason).is_ok() => {
                End::Closed(payload)
            }
            1000..=1003 | 1007..=1014 | 3000..=4999 => End::Failed(1007),
            _ => PROTOCOL_ERROR,
        },
    }
}

fn may_become_text(bytes: &[u8], len: usize) -> bool {
    let (start, _) = bytes.split_at(len);
    std::str::from_utf8(start).map_or_else(|error| error.error_len().is_none(), |_| true)
}

fn split_key(bytes: &[u8]) -> ([u8; 4], &[u8]) {
    let (key, rest) = bytes.split_first_chunk().expect("a masked frame has a key");
    (*key, rest)
}

fn unmask(payload: &[u8], key: [u8; 4]) -> Vec<u8> {
    payload.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const STRICT: Rules = Rules {
        masked: Some(false),
        checks_text: true,
        max_frame_len: 1000,
        max_message_len: 1000,
        fragments: (100, 1),
    };

    fn end(bytes: &[u8]) -> End {
        predict(bytes, &STRICT).end
    }

    #[test]
    fn the_examples_of_rfc_6455_5_7_are_understood() {
        let bytes = b"\x81\x05Hello\x01\x03Hel\x80\x02lo\x89\x05Hello\x8a\x05Hello";
        let hello = || b"Hello".to_vec();
        let message = || Told::Message { is_text: true, payload: hello() };
        let told = [message(), message(), Told::Ping(hello()), Told::Pong(hello())];
        assert_eq!(
            predict(bytes, &STRICT),
            Prediction { told: told.into(), partial: vec![], end: End::Open }
        );
        let masked = b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58";
        let rules = Rules { masked: Some(true), ..STRICT };
        assert_eq!(predict(masked, &rules).told, [message()]);
    }

    #[test]
    fn what_rfc_6455_forbids_fails_with_its_code() {
        for wrong in [
            &b"\xc1"[..],
            b"\x83",
            b"\x09",
            b"\x80",
            b"\x01\0\x01",
            b"\x81\x80",
            b"\x89\x7e",
            b"\x81\x7e\0\x01",
        ] {
            assert_eq!(end(wrong), End::Failed(1002), "{wrong:02x?}");
        }
        assert_eq!(end(b"\x88\x01a"), End::Failed(1002));
        assert_eq!(end(b"\x88\x02\x03\xed"), End::Failed(1002));
        assert_eq!(end(b"\x88\x03\x03\xe8\xff"), End::Failed(1007));
        assert_eq!(end(b"\x81\x01\xc3"), End::Failed(1007));
        assert_eq!(end(b"\x82\x7e\x03\xe9"), End::Failed(1009));
        assert_eq!(end(b"\x88\x02\x03\xe8rest"), End::Closed(b"\x03\xe8".into()));
    }
}
