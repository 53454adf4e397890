//! The messages of the protocol.
//!
//! `table` says what they are, and `layout` makes of it the types, and the code that reads and writes them.

mod element;
mod entries;
mod error;
mod layout;
mod request_type;
mod table;

pub use element::MAX_LIST_LEN;
pub(crate) use element::{Element, Fault, Source, names, optional};
pub use entries::MAX_VALUES;
pub(crate) use entries::{read_dict, write_entries};
pub use error::{ElementError, MessageError};
pub(crate) use layout::Rest;
pub use request_type::RequestType;
pub use table::{
    Abort, Authenticate, Call, Cancel, Challenge, Error, Event, EventReceived, Goodbye, Hello, Interrupt,
    Invocation, Message, MessageType, Publish, Published, Register, Registered, Result, Subscribe,
    Subscribed, Unregister, Unregistered, Unsubscribe, Unsubscribed, Welcome, Yield,
};
