//! WAMP and WebSocket on the command line.
//!
//! Each command has a module of its name:
//!
//! * `router`: the WAMP router.
//! * `echo`, with `broadcast`: a WebSocket server to try clients with. `connect`: a client, with `input` for its end.
//! * `bench`: load on a WAMP router.
//! * `tunnel`: byte streams through WebSockets.
//! * `call`, `publish`, `subscribe`, `register`, in `wamp`: sessions with a WAMP router.
//!
//! What they share: `transport` (TLS and proxies of clients), `values` (what options may look like), `compress` (those of
//! compression), `signals` (Ctrl-C), `output` (stdout), `open_files`.
#![forbid(unsafe_code)]

mod bench;
mod broadcast;
mod compress;
mod connect;
mod echo;
mod open_files;
mod output;
mod router;
mod signals;
mod transport;
mod tunnel;
mod values;
mod wamp;

use std::fmt;
use std::io;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{ArgMatches, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use tracing_subscriber::EnvFilter;
use wirebahn_node::StartError;

/// What is logged unless `--log` or `RUST_LOG` say otherwise; the router has its configuration for that.
const LOG_FILTER: &str = "warn";

/// The exit status of a command that has no session with its router.
const NO_SESSION: u8 = 3;

/// WAMP and WebSocket on the command line
#[derive(Parser, Debug)]
#[command(version, arg_required_else_help = true, after_help = EXAMPLES)]
struct Arguments {
    /// What to log on stderr, such as debug or wirebahn_core=trace (default: RUST_LOG, else warn; router: info)
    #[arg(long, value_name = "FILTER", global = true)]
    log: Option<String>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Run a WAMP router, with a page that shows what goes on
    #[command(after_help = router::HELP)]
    Router(router::Options),
    /// Run a server that sends every message back, or to everyone
    #[command(after_help = echo::HELP)]
    Echo(echo::Options),
    /// Connect to a server: lines of stdin are sent, received messages are printed
    #[command(after_help = connect::HELP)]
    Connect(connect::Options),
    /// Carry TCP connections or Unix sockets through WebSockets: one end of such a tunnel
    #[command(after_help = tunnel::HELP)]
    Tunnel(tunnel::Options),
    /// Call a procedure through a WAMP router, and print what comes back
    #[command(after_help = wamp::call::HELP)]
    Call(wamp::call::Options),
    /// Publish an event through a WAMP router
    #[command(after_help = wamp::publish::HELP)]
    Publish(wamp::publish::Options),
    /// Print the events of a topic of a WAMP router, each as a line of JSON
    #[command(after_help = wamp::subscribe::HELP)]
    Subscribe(wamp::subscribe::Options),
    /// Register a procedure at a WAMP router: a command is run for each call
    #[command(after_help = wamp::register::HELP)]
    Register(wamp::register::Options),
    /// Measure a WAMP router: throughput, latency, losses
    #[command(after_help = bench::HELP)]
    Bench(bench::Options),
}

const EXAMPLES: &str = "\
Examples:
  wirebahn router                               a WAMP router; open http://127.0.0.1:8080/ in a browser
  wirebahn echo                                 a server on ws://127.0.0.1:9001/, with a page for browsers
  wirebahn connect ws://127.0.0.1:9001/         talk to it: each line is a message
  echo hello | wirebahn connect ws://host/path  send one message
  wirebahn subscribe com.example.news           print what is published to a topic of the router
  wirebahn publish com.example.news 'It works'  publish something
  wirebahn register com.example.date -- date    a procedure
  wirebahn call com.example.date                call it
  wirebahn bench rpc                            how many calls the router can carry, and how fast";

/// Why the command failed.
#[derive(Debug)]
enum Failure {
    /// It was called wrongly.
    Usage(String),
    /// It did not work.
    Failed(String),
    /// There is no session with the router, or none any more.
    NoSession(String),
}

impl Failure {
    /// That nothing can listen at `place`, in the words of the router.
    fn cannot_listen(place: impl fmt::Display) -> impl Fn(io::Error) -> Self {
        move |error| Self::Failed(format!("cannot listen on {place}: {error}{}", StartError::hint(&error)))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Usage(problem) | Self::Failed(problem) | Self::NoSession(problem)) = self;
        f.write_str(problem)
    }
}

fn main() -> ExitCode {
    let mut command = Arguments::command();
    let matches = command.get_matches_mut();
    let arguments = Arguments::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    match run(arguments.log.as_deref(), arguments.command) {
        Ok(status) => ExitCode::from(status),
        Err(Failure::Usage(problem)) => {
            chosen(&mut command, &matches).error(ErrorKind::ValueValidation, problem).exit()
        }
        Err(Failure::Failed(problem)) => {
            complain(&problem);
            ExitCode::FAILURE
        }
        Err(Failure::NoSession(problem)) => {
            complain(&problem);
            ExitCode::from(NO_SESSION)
        }
    }
}

/// The subcommand that was called: what is wrong is shown with its usage, not with that of all commands.
fn chosen<'a>(command: &'a mut clap::Command, matches: &ArgMatches) -> &'a mut clap::Command {
    // So that the subcommands know their whole names.
    command.build();
    match matches.subcommand() {
        Some((name, matches)) => {
            chosen(command.find_subcommand_mut(name).expect("it was found before"), matches)
        }
        None => command,
    }
}

fn run(log: Option<&str>, command: Command) -> Result<u8, Failure> {
    let from_environment = std::env::var(EnvFilter::DEFAULT_ENV).ok();
    let filter = log.or(from_environment.as_deref());
    match command {
        // Its configuration says what is logged.
        Command::Router(options) => router::run(&options, filter),
        Command::Echo(options) => start_log(filter).and_then(|()| block_on(echo::run(options))),
        Command::Connect(options) => start_log(filter).and_then(|()| block_on(connect::run(options))),
        Command::Tunnel(options) => start_log(filter).and_then(|()| block_on(tunnel::run(options))),
        Command::Call(options) => start_log(filter).and_then(|()| block_on(wamp::call::run(options))),
        Command::Publish(options) => start_log(filter).and_then(|()| block_on(wamp::publish::run(options))),
        Command::Subscribe(options) => {
            start_log(filter).and_then(|()| block_on(wamp::subscribe::run(options)))
        }
        Command::Register(options) => start_log(filter).and_then(|()| block_on(wamp::register::run(options))),
        Command::Bench(options) => start_log(filter).and_then(|()| bench::run(options)),
    }
}

fn block_on(command: impl Future<Output = Result<u8, Failure>>) -> Result<u8, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Failed(format!("cannot start: {error}")))?;
    let result = runtime.block_on(command);
    // A name that is still being looked up must not hold the end up.
    runtime.shutdown_background();
    result
}

fn start_log(filter: Option<&str>) -> Result<(), Failure> {
    let filter = filter.unwrap_or(LOG_FILTER);
    let filter = EnvFilter::try_new(filter)
        .map_err(|error| Failure::Usage(format!("{filter:?} is no filter for the log: {error}")))?;
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).init();
    Ok(())
}

/// Says something on stderr, line by line. If nobody listens there, so be it: `eprintln!` would panic.
fn complain(problem: impl fmt::Display) {
    use std::io::Write as _;
    for line in problem.to_string().lines() {
        let _ = writeln!(io::stderr(), "wirebahn: {line}");
    }
}
