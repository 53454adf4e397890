//! Results that come in pieces, and calls that are canceled.
//!
//! `cargo run -p wirebahn-examples --example wamp_progress`

use std::error::Error;
use std::time::Duration;

use wirebahn_tokio::wamp::{Invocation, InvocationError, RealmConfig, Router, RouterConfig};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut config = RouterConfig::default();
    config.realms.push(("realm1".into(), RealmConfig::default()));
    let router = Router::new(config);
    let (callee, caller) = (router.join("realm1").await?, router.join("realm1").await?);
    let _download = callee.register("com.example.download", download).await?;

    // As a stream, the last piece of which is the result.
    let mut pieces = caller.call::<_, u64>("com.example.download", (30,)).stream();
    while let Some(piece) = pieces.next().await {
        println!("{} KiB", piece?.value::<u64>()?);
    }

    // With a function for the pieces, and the result at the end.
    let total: u64 = caller
        .call("com.example.download", (20,))
        .on_progress(|piece| println!("{:?} so far", piece.value::<u64>().ok()))
        .await?;
    println!("{total} KiB in all");

    // A call that is dropped is canceled: the callee learns of it.
    let endless = caller.call::<_, u64>("com.example.download", (u64::MAX,)).into_future();
    if tokio::time::timeout(Duration::from_millis(30), endless).await.is_err() {
        println!("that takes too long");
    }
    // Time for the callee to say that it has stopped.
    tokio::time::sleep(Duration::from_millis(30)).await;
    Ok(())
}

/// Sends how much there is so far, until it is all there or nobody wants it any more.
async fn download((size,): (u64,), invocation: Invocation) -> Result<u64, InvocationError> {
    let progress = invocation.progress();
    let mut done = 0;
    while done < size {
        tokio::select! {
            _ = invocation.interrupted() => {
                println!("stopped after {done} KiB");
                return Err(InvocationError::new("com.example.error.stopped"));
            }
            () = tokio::time::sleep(Duration::from_millis(5)) => done += 10,
        }
        if let Some(progress) = &progress
            && done < size
        {
            progress.send(done).await?;
        }
    }
    Ok(done.min(size))
}
