//! What only WAMP on threads has: pools, callbacks, iterators, calls that another thread cancels; and how long a thread
//! waits where nothing moves.
//!
//! * `support`: a router of this adapter, and one that writes its bytes by hand.

mod calls;
mod canceling;
mod components;
mod ending;
mod events;
mod joining;
mod procedures;
mod routing;
mod support;
mod typed;
