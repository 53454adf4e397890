//! A component: procedures and subscriptions that are there again whenever a router is. This one loses its router once,
//! finds it at another port, and then ends.
//!
//! `cargo run -p wirebahn-examples --example wamp_component`

use std::error::Error;
use std::time::Duration;

use wirebahn_tokio::Server;
use wirebahn_tokio::wamp::{
    BackoffOptions, Component, ComponentEvent, Error as WampError, Join, RealmConfig, Router, RouterConfig,
    Session,
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let (first, second) = (listen().await?, listen().await?);
    let ways = [&first, &second].map(|(_, port)| format!("rs://127.0.0.1:{port}"));
    let ways = [Join::new(&ways[0], "realm1")?, Join::new(&ways[1], "realm1")?];

    // So that nobody has to wait here; the default begins with 1.5 s.
    let mut backoff = BackoffOptions::default();
    backoff.initial_delay = Duration::from_millis(50);

    Component::new(ways)
        .backoff(backoff)
        .register("com.example.greet", |(name,): (String,)| async move { Ok(format!("Hello, {name}")) })
        .subscribe(
            "com.example.news",
            |event| async move { println!("news: {:?}", event.args::<(String,)>()) },
        )
        .observe(|event| match event {
            ComponentEvent::Left(left) => println!("- {left}"),
            ComponentEvent::JoinFailed(error) => println!("- {error}"),
            ComponentEvent::Waiting(delay) => println!("- the next attempt comes in {delay:?}"),
            _ => {}
        })
        .on_join(move |session| work(session, first.0.clone()))
        .run()
        .await?;
    println!("- done");
    Ok(())
}

/// In the first session, the router goes away; in the second, everything is done.
async fn work(session: Session, first: Router) -> Result<(), WampError> {
    let greeting: String = session.call("com.example.greet", ("router",)).await?;
    println!("{greeting}");
    if first.handle().with(|router, _| router.connections()) > 0 {
        first.handle().with(|router, now| router.shut_down(now));
    } else {
        session.leave().await;
    }
    Ok(())
}

/// A router on a port of its own.
async fn listen() -> std::io::Result<(Router, u16)> {
    let mut config = RouterConfig::default();
    config.realms.push(("realm1".into(), RealmConfig::default()));
    let router = Router::new(config);
    let server = Server::bind("127.0.0.1:0").await?;
    let port = server.local_addr()?.port();
    let serving = router.clone();
    tokio::spawn(async move { serving.serve(server).await });
    Ok((router, port))
}
