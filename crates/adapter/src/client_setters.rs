//! The setters of a client's builder.

/// The methods by which a builder with the fields `request`, `options`, `max_redirects` and `dialer` says how a connection
/// is opened; those of [`dialer_setters!`](crate::dialer_setters) are among them. Whoever uses it depends on what that
/// needs, and has `ClientRequest` in scope.
#[doc(hidden)]
#[macro_export]
macro_rules! client_setters {
    () => {
        /// Adds a header to the request.
        ///
        /// # Errors
        ///
        /// The header is invalid, or the handshake writes it itself.
        pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Result<Self, $crate::ConnectError> {
            self.request.add_header(name, value)?;
            Ok(self)
        }

        /// Offers a subprotocol; the first one offered is preferred.
        ///
        /// # Errors
        ///
        /// The name is invalid or was offered before.
        pub fn subprotocol(mut self, name: &str) -> Result<Self, $crate::ConnectError> {
            self.request.add_subprotocol(name)?;
            Ok(self)
        }

        /// Sets the `Origin` that the request claims to come from.
        ///
        /// # Errors
        ///
        /// The origin is no valid header value.
        pub fn origin(mut self, origin: &str) -> Result<Self, $crate::ConnectError> {
            self.request.set_origin(origin)?;
            Ok(self)
        }

        /// Sets the `User-Agent`. Default: none.
        ///
        /// # Errors
        ///
        /// The name is no valid header value.
        pub fn user_agent(mut self, name: &str) -> Result<Self, $crate::ConnectError> {
            self.request.set_user_agent(name)?;
            Ok(self)
        }

        /// Sets the options of the handshake and of the connection.
        #[must_use]
        pub fn options(
            mut self,
            options: impl Into<std::sync::Arc<wirebahn_core::websocket::opening::ClientOptions>>,
        ) -> Self {
            self.options = options.into();
            self
        }

        /// How many redirects are followed. Default: none, a redirect is a rejection like any other. None is followed from
        /// `wss` to `ws`, and what was meant for one host goes to no other; see [`ClientRequest::redirected`].
        #[must_use]
        pub const fn max_redirects(mut self, max: usize) -> Self {
            self.max_redirects = max;
            self
        }

        $crate::dialer_setters!(dialer);
    };
}
