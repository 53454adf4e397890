//! Connections for applications: every future is dropped at every point where it waits, how servers are
//! reached, and what depends on what.

#[cfg(test)]
mod byte_stream;
#[cfg(test)]
mod cancel;
#[cfg(test)]
mod dependencies;
#[cfg(test)]
mod pipe;
#[cfg(test)]
mod reaching;
#[cfg(test)]
mod reconnecting;
#[cfg(test)]
mod round_trip;
#[cfg(test)]
mod serving;
