//! What the opening handshake needs of HTTP/1.1.
//!
//! * [`Headers`] and [`HeaderValue`] cannot hold anything that would break out of its line.
//! * [`RequestReader`] and [`ResponseReader`] cut heads off the received bytes, however those are split.
//! * [`WsUrl`] is where a connection goes, [`Host`] the part of it that is looked up.

mod authority;
mod basic;
mod escape;
mod head;
mod headers;
mod reference;
mod status;
mod syntax;
mod url;

pub use authority::{AuthorityError, Host};
pub use head::{
    HeadError, HeadLimits, HttpVersion, InvalidRequestLine, RequestHead, RequestReader, ResponseHead,
    ResponseReader,
};
pub use headers::{HeaderError, HeaderValue, Headers};
pub use status::StatusCode;
pub use url::{Credentials, Endpoint, UrlError, WsUrl};

pub(crate) use authority::parse_authority;
pub(crate) use basic::basic_credentials;
pub(crate) use escape::decode_form;
pub(crate) use syntax::is_token;
