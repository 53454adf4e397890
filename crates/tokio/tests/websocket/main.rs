//! Clients and servers over loopback TCP and in-memory pipes, in order and under attack.

#[cfg(test)]
mod byte_stream;
#[cfg(test)]
mod closing;
#[cfg(test)]
mod connecting;
#[cfg(test)]
mod echo;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod layers;
#[cfg(test)]
mod opening;
#[cfg(test)]
mod overload;
#[cfg(test)]
mod requests;
#[cfg(test)]
mod runtime;
#[cfg(test)]
mod serving;
#[cfg(test)]
mod split;
#[cfg(test)]
mod support;
#[cfg(test)]
mod timers;
