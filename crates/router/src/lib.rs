//! A WAMP router: broker and dealer, as a pure state machine.
#![forbid(unsafe_code)]

pub mod matching;
