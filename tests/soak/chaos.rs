//! Peers that break rules, read nothing, vanish or are killed.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::sleep;
use wirebahn_tokio::wamp::{Session, error_uri};

use crate::keeper::EVENTS;
use crate::ledger::Ledger;
use crate::random::Random;
use crate::{Outcome, Routes};

/// The reason of those that are killed.
pub(crate) const KILLED: &str = "soak.killed";

/// Between two faults.
const PAUSE_MS: u64 = 20;
/// Connections that take part and read nothing, at a time.
const DEAF: usize = 4;

/// One fault after the other, until the goal is reached.
pub(crate) async fn disturb(
    routes: Arc<Routes>,
    ledger: Arc<Ledger>,
    watcher: Session,
    own: [u64; 2],
    mut random: Random,
    goal: u64,
) -> Outcome {
    let mut deaf = Vec::new();
    while ledger.messages() < goal {
        match random.below(5) {
            0 => kill_one(&watcher, own, &mut random).await?,
            1 => {
                if deaf.len() == DEAF {
                    deaf.clear();
                }
                deaf.push(raw_session(&routes, &format!(r#"[32,1,{{}},"{EVENTS}"]"#)).await?);
            }
            2 => drop(raw_session(&routes, r#"[64,1,{},"soak.cut"]"#).await?),
            3 => break_rules(&routes, &mut random).await?,
            _ => garbage(&routes, &mut random).await?,
        }
        ledger.faults.add();
        sleep(Duration::from_millis(random.below(PAUSE_MS))).await;
    }
    Ok(())
}

async fn kill_one(watcher: &Session, own: [u64; 2], random: &mut Random) -> Outcome {
    let sessions: Vec<u64> = watcher.call("wamp.session.list", ()).await?;
    let others: Vec<u64> = sessions.into_iter().filter(|session| !own.contains(session)).collect();
    if others.is_empty() {
        return Ok(());
    }
    let reason = std::collections::BTreeMap::from([("reason", KILLED)]);
    match watcher.call::<_, ()>("wamp.session.kill", (random.pick(&others),)).kwargs(reason).await {
        Err(error) if !error.is(error_uri::NO_SUCH_SESSION) => Err(error.into()),
        _ => Ok(()),
    }
}

/// A session that has asked for something, without looking at the answer.
async fn raw_session(routes: &Routes, request: &str) -> Outcome<TcpStream> {
    let mut stream = TcpStream::connect(routes.raw_address()).await?;
    let hello = format!(
        r#"[1,"{}",{{"roles":{{"subscriber":{{}},"callee":{{}},"caller":{{}},"publisher":{{}}}}}}]"#,
        routes.realm
    );
    let mut octets = vec![0x7F, 0xF1, 0, 0];
    for message in [hello.as_str(), request] {
        octets.extend(frame(message.as_bytes())?);
    }
    // Whoever broke a rule may find the connection closed.
    let _ = stream.write_all(&octets).await;
    Ok(stream)
}

async fn break_rules(routes: &Routes, random: &mut Random) -> Outcome {
    let broken = [
        "[]",
        "{",
        "[70,1,{}]",
        "[8,68,99,{},\"a.b\"]",
        "[1,\"realm1\",{}]",
        "[999]",
        "[48,1,{},7]",
        "[36,1,1,{}]",
        "[\"x\"]",
        "[48,1,{},\"soak.endless\"][",
        "[16,1,{\"exclude\":7},\"a.b\"]",
        "[3,{},\"a.b\"]",
        "[6,{},\"a.b\"]",
    ];
    let mut stream = raw_session(routes, random.pick::<&str>(&broken)).await?;
    // The router may have hung up by now.
    let _ = stream.write_all(&frame(b"[48,2,{},\"soak.endless\"]")?).await;
    sleep(Duration::from_millis(random.below(PAUSE_MS))).await;
    Ok(())
}

/// Octets that may be anything, cut anywhere.
async fn garbage(routes: &Routes, random: &mut Random) -> Outcome {
    let mut stream = TcpStream::connect(routes.raw_address()).await?;
    let starts: [&[u8]; 5] =
        [&[0x7F, 0xF1, 0, 0], &[0x7F, 0xF2, 0, 0], &[0x7F], b"GET /ws HTTP/1.1\r\nUpgrade: webso", b""];
    let mut octets = random.pick(&starts).to_vec();
    for _ in 0..random.below(64) {
        octets.extend(random.next().to_be_bytes());
    }
    let _ = stream.write_all(&octets).await;
    Ok(())
}

fn frame(message: &[u8]) -> Outcome<Vec<u8>> {
    let mut octets = u32::try_from(message.len())?.to_be_bytes().to_vec();
    octets.extend(message);
    Ok(octets)
}
