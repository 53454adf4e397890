//! Calls with options: who calls, how long it may take, how it is canceled; and several callees for one procedure.
//!
//! `cargo run -p wirebahn-examples --example wamp_call_options`

use std::error::Error;
use std::time::Duration;

use wirebahn_tokio::wamp::{
    CancelMode, Error as CallError, Invocation, InvocationError, InvocationPolicy, RealmConfig, Router,
    RouterConfig, error_uri,
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut config = RouterConfig::default();
    config.realms.push(("realm1".into(), RealmConfig::default()));
    let router = Router::new(config);
    let caller = router.join("realm1").await?;

    // Three callees share a procedure; the router gives calls to one after the other.
    let mut registrations = Vec::new();
    for number in 1..=3 {
        let callee = router.join("realm1").await?;
        let who = move |(): ()| async move { Ok(format!("callee {number}")) };
        let policy = InvocationPolicy::RoundRobin;
        registrations.push((callee.register("com.example.who", who).invoke(policy).await?, callee));
    }
    for _ in 0..4 {
        println!("answered by {}", caller.call::<_, String>("com.example.who", ()).await?);
    }

    let callee = router.join("realm1").await?;
    let _greet = callee.register("com.example.greet", greet).await?;
    let _wait = callee.register("com.example.wait", wait).await?;

    let anonymous: String = caller.call("com.example.greet", ()).await?;
    let known: String =
        caller.call("com.example.greet", ()).options(|options| options.disclose_me = true).await?;
    println!("{anonymous}; {known}");

    // What takes too long is given up, and the callee is told.
    match caller.call::<_, ()>("com.example.wait", ()).timeout(Duration::from_millis(30)).await {
        Err(CallError::TimedOut) => println!("{}", CallError::TimedOut),
        other => println!("unexpected: {other:?}"),
    }

    // With `kill` the caller still learns what the callee has to say.
    let mut call = caller.call::<_, ()>("com.example.wait", ()).into_future();
    let patience = Duration::from_millis(30);
    if tokio::time::timeout(patience, &mut call).await.is_err() {
        call.cancel(CancelMode::Kill)?;
    }
    match call.await {
        Err(error) => println!("a canceled call: {error}"),
        Ok(()) => println!("unexpected: it was done already"),
    }
    Ok(())
}

/// Callers stay unknown unless they, or the callee's registration, ask for the opposite.
async fn greet((): (), invocation: Invocation) -> Result<String, InvocationError> {
    Ok(match invocation.caller() {
        Some(_) => "hello, old friend".into(),
        None => "hello, whoever you are".into(),
    })
}

async fn wait((): (), invocation: Invocation) -> Result<(), InvocationError> {
    invocation.interrupted().await;
    Err(InvocationError::new(error_uri::CANCELED).message("half done"))
}
