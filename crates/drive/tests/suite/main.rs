//! The driver against a small protocol: over scripted pipes with virtual time, over loopback TCP on several runtimes,
//! and beside a plain blocking loop.

#[cfg(test)]
mod blocking;
#[cfg(test)]
mod cancel;
#[cfg(test)]
mod clock;
#[cfg(test)]
mod engine;
#[cfg(test)]
mod pipe;
#[cfg(test)]
mod runtimes;
#[cfg(test)]
mod socket;
#[cfg(test)]
mod split;
