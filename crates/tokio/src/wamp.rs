//! WAMP on tokio: sessions with a router, and components that come back.
//!
//! ```no_run
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let session = wirebahn_tokio::wamp::join("ws://127.0.0.1:8080/ws", "realm1").await?;
//!
//! let add = |(a, b): (i64, i64)| async move { Ok(a + b) };
//! let _registration = session.register("com.example.add", add).await?;
//!
//! let sum: i64 = session.call("com.example.add", (2, 3)).await?;
//! session.publish("com.example.sums", (sum,)).await?;
//! session.leave().await;
//! # Ok(())
//! # }
//! ```
//!
//! * [`join`] and [`Join`] begin a [`Session`], over WebSocket or RawSocket, TCP or Unix sockets.
//! * [`component`] keeps one: it joins again when the session is lost, and registers and subscribes again.
//! * `Router`, with the feature `router`, is a router in this process, which sessions join without a socket, and which
//!   serves clients over WebSocket and RawSocket.
//! * What can be asked is in [`Session`]; what goes wrong in [`Error`] and [`JoinError`].

use crate::TokioRuntime;

#[doc(inline)]
pub use wirebahn_drive::names::wamp::*;

/// Joins a realm of the router at `url`: `ws://host:port/path`, `rs://host:port`, `unix:/path` or
/// `ws+unix:///path`; with the feature `tls` also `wss` and `rss`.
///
/// [`Join`] has serializers, authentication and options.
///
/// # Errors
///
/// The URL is invalid, the router cannot be reached, or it does not let us in.
pub async fn join(url: &str, realm: &str) -> Result<Session, JoinError> {
    Join::new(url, realm)?.join().await
}

/// A component that joins `realm` of the router at `url`.
///
/// # Errors
///
/// The URL is invalid.
pub fn component(url: &str, realm: &str) -> Result<Component, JoinError> {
    Ok(Component::new([Join::new(url, realm)?]))
}

/// A realm to be joined.
///
/// ```no_run
/// # async fn run() -> Result<(), wirebahn_tokio::wamp::JoinError> {
/// use wirebahn_tokio::wamp::{Join, Serializer};
///
/// let session = Join::new("rs://router.example.com:8081", "realm1")?
///     .serializers([Serializer::MsgPack])
///     .session(|config| config.authid = Some("joe".into()))
///     .join()
///     .await?;
/// # Ok(())
/// # }
/// ```
pub type Join = wirebahn_drive::wamp::Join<TokioRuntime>;

/// What an application is to a router: procedures and subscriptions that are there whenever a session is.
///
/// ```no_run
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// wirebahn_tokio::wamp::component("ws://127.0.0.1:8080/ws", "realm1")?
///     .register("com.example.add", |(a, b): (i64, i64)| async move { Ok(a + b) })
///     .subscribe("com.example.news", |event| async move { println!("{event:?}") })
///     .run()
///     .await?;
/// # Ok(())
/// # }
/// ```
///
/// When the session is lost it joins again, over each of its transports in turn, waiting longer after each failure, and
/// registers and subscribes again. It ends when the application leaves, when a shutdown is requested, and when no
/// transport has any hope left: the realm does not exist, say, or the router does not let us in.
pub type Component = wirebahn_drive::wamp::Component<TokioRuntime>;

/// A WAMP router in this process: for applications that bring their own, for tests, and for whatever listens on its
/// behalf.
///
/// ```
/// use wirebahn_tokio::Server;
/// use wirebahn_tokio::wamp::{RealmConfig, Router, RouterConfig, join};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut config = RouterConfig::default();
/// config.realms.push(("realm1".into(), RealmConfig::default()));
/// let router = Router::new(config);
///
/// // Clients on one port, over WebSocket and RawSocket.
/// let server = Server::bind("127.0.0.1:0").await?;
/// let url = format!("ws://{}/", server.local_addr()?);
/// let serving = router.clone();
/// tokio::spawn(async move { serving.serve(server).await });
///
/// // And sessions in this process.
/// let callee = router.join("realm1").await?;
/// let _add = callee.register("com.example.add", |(a, b): (i64, i64)| async move { Ok(a + b) }).await?;
/// let caller = join(&url, "realm1").await?;
/// let sum: i64 = caller.call("com.example.add", (2, 3)).await?;
/// assert_eq!(sum, 5);
/// # Ok(())
/// # }
/// ```
///
/// Clones are of the same router. It lives as long as one of them, or a connection, does.
#[cfg(feature = "router")]
pub type Router = wirebahn_drive::wamp::router::Router<TokioRuntime>;
