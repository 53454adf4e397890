//! A script that uses WAMP, in ten lines and without asynchrony. The router is in it, too, so that it needs nothing else.
//!
//! `cargo run -p wirebahn-examples --example blocking_script`

use std::error::Error;
use std::thread::spawn;

use wirebahn_blocking::Server;
use wirebahn_blocking::wamp::{RealmConfig, Router, RouterConfig, join};

fn script(url: &str) -> Result<(), Box<dyn Error>> {
    let session = join(url, "realm1")?;
    let _add = session.register("com.example.add", |(a, b): (i64, i64)| Ok(a + b)).wait()?;
    let mut sums = session.subscribe("com.example.sums").wait()?;
    let sum: i64 = session.call("com.example.add", (2, 3)).wait()?;
    session.publish("com.example.sums", (sum,)).exclude_me(false).send()?;
    let event = sums.next().ok_or("the session has ended")?;
    println!("the sum is {}", event.args::<(i64,)>()?.0);
    println!("{}", session.leave());
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut config = RouterConfig::default();
    config.realms.push(("realm1".into(), RealmConfig::default()));
    let router = Router::new(config)?;
    let server = Server::bind("127.0.0.1:0")?;
    let (url, listening, serving) =
        (format!("ws://{}/", server.local_addr()?), server.handle(), router.clone());
    let thread = spawn(move || serving.serve(server));

    script(&url)?;

    router.shut_down();
    listening.shut_down();
    thread.join().map_err(|_| "the server panicked")??;
    Ok(())
}
