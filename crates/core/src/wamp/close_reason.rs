//! The reasons of [`Goodbye`](super::message::Goodbye).

/// The router shuts down.
pub const SYSTEM_SHUTDOWN: &str = "wamp.close.system_shutdown";
/// The session leaves its realm: the usual reason of a client.
pub const CLOSE_REALM: &str = "wamp.close.close_realm";
/// The answer to a GOODBYE.
pub const GOODBYE_AND_OUT: &str = "wamp.close.goodbye_and_out";
/// The session was killed through the session meta API.
pub const KILLED: &str = "wamp.close.killed";
/// The usual reason of Autobahn's clients, and Crossbar's answer.
pub const NORMAL: &str = "wamp.close.normal";
/// The user logged out (Autobahn).
pub const LOGOUT: &str = "wamp.close.logout";
