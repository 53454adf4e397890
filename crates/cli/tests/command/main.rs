//! The built command, driven as a shell would.

mod connect;
mod echo;
mod support;
mod usage;
