//! `wirebahn bench`: puts a load on a WAMP router, any router, and measures what comes of it.
//!
//! `rpc`, `events` (of `pubsub` and `fanout`) and `connect` are the loads. `pace` says when which of them begins and ends,
//! `tally` counts, `report` prints.

mod connect;
mod events;
mod pace;
mod report;
mod rpc;
mod tally;

use std::sync::Arc;
use std::time::Duration;

use clap::{Args, Subcommand, value_parser};
use wirebahn_tokio::wamp::{Serializer, Session};

use crate::wamp::{Connection, watch_signals};
use crate::{Failure, open_files, output, values};
use pace::Pace;
use report::Report;
use tally::Tally;

pub(crate) const HELP: &str = "\
Everything that a load needs (callees, subscribers) is started by the command itself, in sessions of their own. The load is a
closed loop: each place in flight waits for its answer before it is used again, so latencies are those under this load,
and the throughput is what the router, this command and the machine can do together.

Ctrl-C ends the load early and prints what there is.

Exit status: 0 if all went well; 1 if something was lost, came out of order or failed; 2 for wrong usage; 3 if the router
cannot be reached, does not let us in (or has no such realm).

Examples:
  wirebahn bench rpc
  wirebahn bench rpc --connections 1 --in-flight 1 --size 1K --url rs://127.0.0.1:8080
  wirebahn bench pubsub --connections 8 --duration 30 --serializer cbor
  wirebahn bench fanout --subscribers 1000 --count 10000 --json
  wirebahn bench connect --connections 16";

/// How long nothing may come before what is missing is lost, unless `--timeout` says otherwise.
const PATIENCE: Duration = Duration::from_secs(10);

/// More connections than a client has ports for to one address of a server.
const MOST_CONNECTIONS: usize = 65_536;

/// As many calls as a router keeps waiting for one session by default.
const MOST_IN_FLIGHT: usize = 65_536;

/// More than there are processors in any machine that this is for.
const MOST_THREADS: usize = 1024;

#[derive(Args, Debug)]
pub(crate) struct Options {
    #[command(subcommand)]
    mode: Mode,
}

#[derive(Subcommand, Debug)]
enum Mode {
    /// Call a procedure that sends its argument back
    Rpc(rpc::Options),
    /// Publish to one subscriber, for many pairs at once
    Pubsub(events::PubsubOptions),
    /// Publish to many subscribers
    Fanout(events::FanoutOptions),
    /// Connect, join and leave
    Connect(connect::Options),
}

/// What all loads have in common.
#[derive(Args, Debug)]
struct Load {
    /// How long to measure
    #[arg(long, value_name = "SECS", default_value = "5", value_parser = values::seconds, conflicts_with = "count")]
    duration: Duration,
    /// Measure so many operations (calls, publications, sessions) instead, all connections together
    #[arg(long, value_name = "N", value_parser = value_parser!(u64).range(1..))]
    count: Option<u64>,
    /// How long to run before measuring; 0 measures from the beginning
    #[arg(long, value_name = "SECS", default_value = "1", value_parser = warm_up)]
    warm_up: Duration,
    /// How many threads this command runs on
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = threads)]
    threads: usize,
    /// What the topics and procedures of the load begin with
    #[arg(long, value_name = "PREFIX", default_value = "wirebahn.bench")]
    uri: String,
    /// Print one line of JSON instead of a table
    #[arg(long = "json")]
    is_json: bool,
    #[command(flatten)]
    connection: Connection,
}

/// How long is an argument of a call or an event.
#[derive(Args, Clone, Copy, Debug)]
struct Size {
    /// The length of the argument, a text
    #[arg(long = "size", value_name = "BYTES", default_value = "16", value_parser = values::size)]
    bytes: u64,
}

impl Size {
    fn text(self) -> Arc<str> {
        "x".repeat(usize::try_from(self.bytes).unwrap_or(usize::MAX)).into()
    }
}

fn warm_up(value: &str) -> Result<Duration, String> {
    if value == "0" { Ok(Duration::ZERO) } else { values::seconds(value) }
}

/// A number of connections, or of anything else that each takes one.
fn connections(value: &str) -> Result<usize, String> {
    number(value, MOST_CONNECTIONS)
}

fn in_flight(value: &str) -> Result<usize, String> {
    number(value, MOST_IN_FLIGHT)
}

fn threads(value: &str) -> Result<usize, String> {
    number(value, MOST_THREADS)
}

fn number(value: &str, most: usize) -> Result<usize, String> {
    let number = value.parse().ok().filter(|number| (1..=most).contains(number));
    number.ok_or_else(|| format!("write a number from 1 to {most}"))
}

pub(crate) fn run(options: Options) -> Result<u8, Failure> {
    open_files::raise_limit();
    match options.mode {
        Mode::Rpc(load) => block_on(load),
        Mode::Pubsub(load) => block_on(load),
        Mode::Fanout(load) => block_on(load),
        Mode::Connect(load) => block_on(load),
    }
}

/// A kind of load.
trait Workload {
    /// What stands ready for it: sessions, registrations, subscriptions.
    type Stage: Stage;

    fn load(&self) -> &Load;

    /// What the report says of it.
    fn about(&self) -> About;

    async fn prepare(&self) -> Result<Self::Stage, Failure>;
}

trait Stage {
    /// What the router has agreed to.
    fn serializer(&self) -> Serializer;

    /// Goes on until the pace says that it is over, and all that was begun has come to its end.
    async fn run(&mut self, pace: &Arc<Pace>, tally: &Arc<Tally>);

    /// Counts what is missing, now that nothing more can come.
    fn settle(&self, _tally: &Tally) {}
}

/// What is measured, in words.
struct About {
    mode: &'static str,
    /// What is counted, in the plural.
    operations: &'static str,
    /// The settings that shape the load, with their names in the report.
    settings: Vec<(&'static str, u64)>,
}

fn block_on(workload: impl Workload) -> Result<u8, Failure> {
    let threads = workload.load().threads;
    let mut builder = match threads {
        1 => tokio::runtime::Builder::new_current_thread(),
        _ => tokio::runtime::Builder::new_multi_thread(),
    };
    let runtime = builder.worker_threads(threads).enable_all().build();
    let runtime = runtime.map_err(|error| Failure::Failed(format!("cannot start: {error}")))?;
    let result = runtime.block_on(measure(&workload));
    runtime.shutdown_background();
    result
}

async fn measure(workload: &impl Workload) -> Result<u8, Failure> {
    let mut signal = watch_signals()?;
    let mut stage = tokio::select! {
        stage = workload.prepare() => stage?,
        Ok(signal) = &mut signal => return Ok(signal.status()),
    };
    let (load, serializer) = (workload.load(), stage.serializer());
    let (pace, tally) = (Arc::new(Pace::new(load)), Arc::new(Tally::default()));
    let mut is_interrupted = false;
    {
        let mut running = std::pin::pin!(stage.run(&pace, &tally));
        let mut seen = None;
        loop {
            tokio::select! {
                () = &mut running => break,
                Ok(_) = &mut signal, if !is_interrupted => {
                    is_interrupted = true;
                    pace.stop();
                }
                () = tokio::time::sleep(load.patience()) => {
                    let progress = Some(tally.progress());
                    if seen == progress {
                        tally.failed("nothing comes any more");
                        break;
                    }
                    seen = progress;
                }
            }
        }
    }
    stage.settle(&tally);
    let report = Report::new(workload.about(), load, serializer, tally.finish(), is_interrupted);
    output::announce(&if load.is_json { report.json() } else { report.to_string() });
    match report.problem() {
        Some(problem) => Err(Failure::Failed(problem)),
        None => Ok(0),
    }
}

impl Load {
    fn patience(&self) -> Duration {
        self.connection.timeout.unwrap_or(PATIENCE)
    }

    /// A URI for something of this load: no other run of this command has the same.
    fn uri(&self, session: &Session, name: &str, number: usize) -> String {
        let session = session.id().map_or(0, |id| id.get());
        format!("{}.s{session}.{name}{number}", self.uri)
    }

    async fn join_many(&self, count: usize) -> Result<Vec<Session>, Failure> {
        let mut sessions = Vec::with_capacity(count);
        for _ in 0..count {
            sessions.push(self.connection.join().await?);
        }
        Ok(sessions)
    }
}
