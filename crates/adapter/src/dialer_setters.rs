//! The setters of a [`Dialer`](crate::Dialer) that is part of a builder.

/// The methods by which a builder that has a `Dialer` in its field `$dialer` says how a server is reached. Whoever uses it
/// depends on `wirebahn-core`, and on `wirebahn-tls` with a feature `tls` of its own.
#[doc(hidden)]
#[macro_export]
macro_rules! dialer_setters {
    ($($dialer:ident).+) => {
        /// How long reaching the server may take, proxy and TLS included; `None` waits for as long as the system does.
        /// Default: 10 s. The handshake after that has a timeout of its own.
        #[must_use]
        pub const fn connect_timeout(mut self, timeout: Option<std::time::Duration>) -> Self {
            self.$($dialer).+.timeout = timeout;
            self
        }

        /// Whether the system may hold back small writes on TCP. Default: it may not.
        #[must_use]
        pub const fn delay(mut self, delay: $crate::Delay) -> Self {
            self.$($dialer).+.delay = delay;
            self
        }

        /// Goes through a proxy. Default: directly to the server.
        #[must_use]
        pub fn proxy(mut self, proxy: wirebahn_core::proxy::Proxy) -> Self {
            self.$($dialer).+.route = $crate::Route::Through(Box::new(proxy));
            self
        }

        /// Goes through the proxy that the environment variables of this process ask for, if they do; see
        /// [`ProxyEnvironment`](wirebahn_core::proxy::ProxyEnvironment). RawSocket goes by those for `ws` and `wss`.
        #[must_use]
        pub fn proxy_from_environment(mut self) -> Self {
            self.$($dialer).+.route = $crate::Route::from_environment();
            self
        }

        /// Goes through the proxy that these variables ask for, if they do.
        #[must_use]
        pub fn proxy_from(
            mut self,
            environment: impl Into<std::sync::Arc<wirebahn_core::proxy::ProxyEnvironment>>,
        ) -> Self {
            self.$($dialer).+.route = $crate::Route::Environment(environment.into());
            self
        }

        /// How a proxy is asked for a tunnel.
        #[must_use]
        pub fn tunnel_options(mut self, options: wirebahn_core::proxy::TunnelOptions) -> Self {
            self.$($dialer).+.tunnel = options;
            self
        }

        /// How TLS is spoken, with the server and with proxies. Default: with those that whom Mozilla trusts vouches for.
        #[cfg(feature = "tls")]
        #[must_use]
        pub fn tls(mut self, tls: wirebahn_tls::ClientTls) -> Self {
            self.$($dialer).+.tls = Some(tls);
            self
        }

        /// All about how the server is reached at once, instead of what was set before.
        #[must_use]
        pub fn dialer(mut self, dialer: $crate::Dialer) -> Self {
            self.$($dialer).+ = dialer;
            self
        }
    };
}
