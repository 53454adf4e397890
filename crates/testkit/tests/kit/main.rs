//! The kit, tried on an engine that keeps the contract and on variants of it that break one line each.

mod contract;
mod echo;
mod pair;
