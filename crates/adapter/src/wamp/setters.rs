//! The setters of the builders with which a session is asked something, and what handlers see of an invocation.
//!
//! The builders differ in how they wait, and in nothing of what is asked. Whoever uses these macros depends on
//! `wirebahn-core` and has the names in scope that the documentation links to.

/// How a topic or a procedure stands for many, of a builder with a field `options`: what `$what` is called, and an example
/// of a wildcard.
#[doc(hidden)]
#[macro_export]
macro_rules! pattern_setters {
    ($what:literal, $wildcard:literal) => {
        #[doc = concat!("Every ", $what, " that begins with this one.")]
        pub const fn prefix(mut self) -> Self {
            self.options.match_policy = wirebahn_core::wamp::MatchPolicy::Prefix;
            self
        }

        #[doc = concat!("Every ", $what, " with the same components, an empty one standing for any: `", $wildcard, "`.")]
        pub const fn wildcard(mut self) -> Self {
            self.options.match_policy = wirebahn_core::wamp::MatchPolicy::Wildcard;
            self
        }
    };
}

/// The setters of a builder with the fields `options`, `capacity` and `overflow`.
#[doc(hidden)]
#[macro_export]
macro_rules! subscribe_setters {
    () => {
        $crate::pattern_setters!("topic", "com..news");

        /// Also the last event that the router has kept.
        pub const fn get_retained(mut self) -> Self {
            self.options.get_retained = true;
            self
        }

        /// How many events may wait to be taken. Default: 16,384.
        pub const fn capacity(mut self, events: usize) -> Self {
            self.capacity = events;
            self
        }

        /// What happens to events for which there is no room. Default: the oldest makes room.
        pub const fn overflow(mut self, overflow: $crate::wamp::Overflow) -> Self {
            self.overflow = overflow;
            self
        }

        /// Changes any option.
        pub fn options(mut self, change: impl FnOnce(&mut wirebahn_core::wamp::SubscribeOptions)) -> Self {
            change(&mut self.options);
            self
        }
    };
}

/// The setters of a builder with a field `options`.
#[doc(hidden)]
#[macro_export]
macro_rules! register_setters {
    () => {
        $crate::pattern_setters!("procedure", "com..add");

        /// Which of several callees gets a call. Default: there is only one.
        pub const fn invoke(mut self, policy: wirebahn_core::wamp::InvocationPolicy) -> Self {
            self.options.invoke = policy;
            self
        }

        /// Asks the router to disclose callers.
        pub const fn disclose_caller(mut self) -> Self {
            self.options.disclose_caller = true;
            self
        }

        /// Takes the registration over from another session, if one has it.
        pub const fn force_reregister(mut self) -> Self {
            self.options.force_reregister = true;
            self
        }

        /// Changes any option.
        pub fn options(mut self, change: impl FnOnce(&mut wirebahn_core::wamp::RegisterOptions)) -> Self {
            change(&mut self.options);
            self
        }
    };
}

/// The setters of a builder with a field `options`.
#[doc(hidden)]
#[macro_export]
macro_rules! publish_setters {
    () => {
        /// Whether this session, if it has subscribed, is left out. Default: it is.
        pub const fn exclude_me(mut self, exclude: bool) -> Self {
            self.options.exclude_me = exclude;
            self
        }

        /// Lets subscribers know who publishes, if the router allows it.
        pub const fn disclose_me(mut self) -> Self {
            self.options.disclose_me = true;
            self
        }

        /// Lets the router keep the event for those who subscribe later.
        pub const fn retain(mut self) -> Self {
            self.options.retain = true;
            self
        }

        /// Chooses who receives the event.
        pub fn receivers(mut self, choose: impl FnOnce(&mut wirebahn_core::wamp::Receivers)) -> Self {
            choose(self.options.receivers.get_or_insert_default());
            self
        }

        /// Changes any option.
        pub fn options(mut self, change: impl FnOnce(&mut wirebahn_core::wamp::PublishOptions)) -> Self {
            change(&mut self.options);
            self
        }
    };
}

/// The setters of a builder with the fields `options` and `timeout`.
#[doc(hidden)]
#[macro_export]
macro_rules! call_setters {
    () => {
        /// How long to wait for the result: then the router is told to cancel, and the call fails with
        /// [`Error::TimedOut`]. The session keeps the time itself, since not all routers can. Default: for ever.
        pub const fn timeout(mut self, timeout: std::time::Duration) -> Self {
            self.timeout = Some(timeout);
            self
        }

        /// Lets the callee know who calls, if the router allows it.
        pub const fn disclose_me(mut self) -> Self {
            self.options.disclose_me = true;
            self
        }

        /// Changes any option.
        pub fn options(mut self, change: impl FnOnce(&mut wirebahn_core::wamp::CallOptions)) -> Self {
            change(&mut self.options);
            self
        }
    };
}

/// What an invocation with the fields `details` and `payload` says of itself.
#[doc(hidden)]
#[macro_export]
macro_rules! invocation_accessors {
    () => {
        /// The arguments, for example as a tuple.
        ///
        /// # Errors
        ///
        /// They are not of this type.
        pub fn args<'de, T: serde::Deserialize<'de>>(
            &'de self,
        ) -> Result<T, wirebahn_core::wamp::DecodeError> {
            self.payload.args()
        }

        /// The keyword arguments, for example as a struct.
        ///
        /// # Errors
        ///
        /// They are not of this type.
        pub fn kwargs<'de, T: serde::Deserialize<'de>>(
            &'de self,
        ) -> Result<T, wirebahn_core::wamp::DecodeError> {
            self.payload.kwargs()
        }

        /// Arguments and keyword arguments as they came.
        #[must_use]
        pub const fn payload(&self) -> &wirebahn_core::wamp::Payload {
            &self.payload
        }

        /// Circumstances.
        #[must_use]
        pub fn details(&self) -> &wirebahn_core::wamp::InvocationDetails {
            &self.details
        }

        /// The session that calls, if it is disclosed.
        #[must_use]
        pub fn caller(&self) -> Option<wirebahn_core::wamp::SessionId> {
            self.details.caller
        }

        /// The procedure that was called, if the router says so: it does for patterns.
        #[must_use]
        pub fn procedure(&self) -> Option<&wirebahn_core::wamp::Uri> {
            self.details.procedure.as_ref()
        }
    };
}
