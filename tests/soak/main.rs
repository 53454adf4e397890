//! A router for an hour, in minutes: many messages while sessions come and go, and nothing may be left of them.
//!
//! ```text
//! soak WS_URL RS_URL REALM PID MESSAGES [SEED]
//! ```
//!
//! Workers join, call, publish, subscribe and register, and leave in every way there is; others break rules, read nothing
//! or are killed. Two sessions stay throughout: the keeper serves calls and counts events, the watcher looks through
//! the meta API. The run has phases, and after each of them all is quiet, and everything must add up:
//!
//! * every call had one outcome, and every result was the right one;
//! * every acknowledged event reached the keeper once and in order;
//! * every invocation that its caller gave up was interrupted;
//! * no session, registration or subscription is there but the keeper's and the watcher's;
//! * the memory of the router (PID) is what it was, but for what its allocator keeps.
#![forbid(unsafe_code)]

mod chaos;
mod keeper;
mod ledger;
mod random;
mod worker;

use std::env;
use std::error::Error;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use wirebahn_tokio::wamp::{Join, JoinError, Serializer, Session};

use keeper::{Keeper, Watcher};
use ledger::Ledger;
use random::Random;

/// Sessions that come and go at a time.
const WORKERS: u64 = 24;
/// How often all is quiet.
const PHASES: u64 = 10;
/// The phases in which tables and buffers grow to what they need.
const WARM_UP_PHASES: usize = 3;
/// The phases after those and at the end that are compared, each by the one with the least memory: what an allocator keeps
/// of a queue that was full comes and goes from phase to phase, what is lost stays.
const COMPARED_PHASES: usize = 3;
/// How much memory may differ between the two: two bytes for each of four million messages, or two thousand for each session.
const MEMORY_TOLERANCE_KIB: u64 = 8 * 1024;
/// How long one phase may take at most; nothing is expected to come near it.
const PHASE_LIMIT: Duration = Duration::from_secs(1800);

type Outcome<T = ()> = Result<T, Box<dyn Error + Send + Sync>>;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("FAILED soak: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Outcome {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let (websocket, rawsocket, realm, pid, messages, seed) = match arguments.as_slice() {
        [websocket, rawsocket, realm, pid, messages] => (websocket, rawsocket, realm, pid, messages, "1"),
        [websocket, rawsocket, realm, pid, messages, seed] => {
            (websocket, rawsocket, realm, pid, messages, seed.as_str())
        }
        _ => return Err("usage: soak WS_URL RS_URL REALM PID MESSAGES [SEED]".into()),
    };
    let routes = Routes { urls: [websocket.clone(), rawsocket.clone()], realm: realm.clone() };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(soak(Arc::new(routes), pid.parse()?, messages.parse()?, seed.parse()?))
}

async fn soak(routes: Arc<Routes>, pid: u32, messages: u64, seed: u64) -> Outcome {
    let ledger = Arc::new(Ledger::default());
    let keeper = Keeper::start(&routes, &ledger).await?;
    let watcher = Watcher::start(&routes).await?;
    let own = [keeper.session_id()?, watcher.session_id()?];
    let mut memory = Vec::new();
    for phase in 1..=PHASES {
        let goal = messages * phase / PHASES;
        let mut tasks = JoinSet::new();
        for n in 0..WORKERS {
            let random = Random::new(seed ^ (phase << 32) ^ (n << 8));
            tasks.spawn(worker::work(Arc::clone(&routes), Arc::clone(&ledger), random, goal));
        }
        let random = Random::new(seed ^ (phase << 32) ^ u64::MAX);
        tasks.spawn(chaos::disturb(
            Arc::clone(&routes),
            Arc::clone(&ledger),
            watcher.handle(),
            own,
            random,
            goal,
        ));
        tokio::time::timeout(PHASE_LIMIT, all(&mut tasks)).await.map_err(|_| "a phase did not end")??;

        keeper.check(&ledger).await?;
        watcher.check(own, &keeper).await?;
        memory.push(resident_kib(pid)?);
        println!("phase {phase}: {ledger}; {} KiB", memory.last().copied().unwrap_or_default());
    }
    check_memory(&memory)?;
    println!("ok     soak: everything adds up after {ledger}");
    Ok(())
}

async fn all(tasks: &mut JoinSet<Outcome>) -> Outcome {
    while let Some(task) = tasks.join_next().await {
        task??;
    }
    Ok(())
}

fn check_memory(memory: &[u64]) -> Outcome {
    let least = |phases: Option<&[u64]>| phases.and_then(|phases| phases.iter().min().copied());
    let first = least(memory.get(WARM_UP_PHASES..WARM_UP_PHASES + COMPARED_PHASES));
    let last = least(memory.get(memory.len().saturating_sub(COMPARED_PHASES)..));
    let (Some(first), Some(last)) = (first, last) else { return Err("there are too few phases".into()) };
    if last.saturating_sub(first) > MEMORY_TOLERANCE_KIB {
        return Err(
            format!("the router's memory grew from one quiet moment to the next: {memory:?} KiB").into()
        );
    }
    Ok(())
}

fn resident_kib(pid: u32) -> Outcome<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).map_err(|_| "the router is gone")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
    Ok(line.trim().split(' ').next().unwrap_or_default().parse()?)
}

/// The ways to the router.
struct Routes {
    urls: [String; 2],
    realm: String,
}

impl Routes {
    const SERIALIZERS: [Serializer; 3] = [Serializer::Json, Serializer::MsgPack, Serializer::Cbor];

    /// Joins over any transport, with any serializer.
    async fn join(&self, random: &mut Random) -> Result<Session, JoinError> {
        let (url, serializer) = (random.pick(&self.urls), *random.pick(&Self::SERIALIZERS));
        Join::new(url, &self.realm)?.serializers([serializer]).join().await
    }

    /// Host and port of RawSocket.
    fn raw_address(&self) -> &str {
        let [_, rawsocket] = &self.urls;
        rawsocket.trim_start_matches("rs://")
    }
}
