//! Connections for applications: every future is dropped at every point where it waits, and what depends on what.

#[cfg(test)]
mod cancel;
#[cfg(test)]
mod dependencies;
#[cfg(test)]
mod pipe;
#[cfg(test)]
mod round_trip;
#[cfg(test)]
mod serving;
