//! Drive.
