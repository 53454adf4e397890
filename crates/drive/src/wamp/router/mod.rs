//! A router in this process: its connections, and sessions without a socket.
//!
//! ```text
//!   Router                a router of an application: its sessions, and those of the clients of a server
//!     doorway             what a new client speaks, and opening a wire to it
//!   RouterHandle          the router and whom to wake; cheap to clone
//!     RouterTimers        the future that tells it the time
//!     RouterConnection    the future of one client's connection, over any wire
//!     LocalWire           the wire of a session in this process
//! ```
//!
//! A connection's task reads, decodes everything that the read brought, takes the lock once to hand it all in and to take
//! out what is to be sent, wakes those for whom there is something, and writes once.

mod connection;
mod doorway;
mod embedded;
mod handle;
mod local;
mod timers;

pub use connection::{RouterConnection, RouterWire};
use doorway::Doorway;
pub use embedded::Router;
pub use handle::RouterHandle;
pub use local::LocalWire;
pub use timers::RouterTimers;
