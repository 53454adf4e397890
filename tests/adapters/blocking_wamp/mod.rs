//! WAMP on threads: sessions, and the router that they join.
//!
//! * `support`: a router of this adapter, and one that writes its bytes by hand.

mod calls;
mod canceling;
mod ending;
mod events;
mod joining;
mod procedures;
mod routing;
mod support;
mod typed;
