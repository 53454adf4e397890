//! One direction of an extension: nothing before the first message that it is for.

use alloc::boxed::Box;

use crate::websocket::extension::Agreement;
use crate::websocket::frame::ReservedBits;

/// An encoder or a decoder that is made when it is first needed, so that idle connections hold none.
#[derive(Debug)]
pub(super) enum Lazy<T> {
    /// No extension was negotiated.
    Off,
    /// One was, and has had nothing to do.
    Agreed(Agreement),
    Made(Box<T>),
}

/// What is made by an agreement.
pub(super) trait Agreed {
    fn new(agreement: &Agreement) -> Self;

    /// What marks the messages that it is for.
    fn bits(&self) -> ReservedBits;
}

impl<T: Agreed> Lazy<T> {
    pub(super) fn new(agreement: Option<Agreement>) -> Self {
        agreement.map_or(Self::Off, Self::Agreed)
    }

    #[inline]
    pub(super) const fn is_off(&self) -> bool {
        matches!(self, Self::Off)
    }

    /// What marks the messages of the extension; no bits if there is none.
    pub(super) fn bits(&self) -> ReservedBits {
        match self {
            Self::Off => ReservedBits::NONE,
            Self::Agreed(agreement) => agreement.bits(),
            Self::Made(made) => made.bits(),
        }
    }

    /// What was made before now.
    #[inline]
    pub(super) const fn made(&self) -> Option<&T> {
        if let Self::Made(made) = self { Some(made) } else { None }
    }

    /// Makes it now if there is an extension.
    pub(super) fn make(&mut self) -> Option<&mut T> {
        if let Self::Agreed(agreement) = self {
            *self = Self::Made(Box::new(T::new(agreement)));
        }
        if let Self::Made(made) = self { Some(made) } else { None }
    }
}
