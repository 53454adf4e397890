//! WebSocket on the command line: `wirebahn echo` is a server to try clients with, `wirebahn connect` a client.
//!
//! * `echo`, `broadcast`: the server. `connect`: the client, with `input` and `output` for its ends.
//! * `values`: what options may look like. `compress`: those of compression. `signals`: Ctrl-C.
#![forbid(unsafe_code)]

mod broadcast;
mod compress;
mod connect;
mod echo;
mod signals;
mod values;

use std::fmt;
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand, error::ErrorKind};
use tracing_subscriber::EnvFilter;

/// What is logged unless `--log` or `RUST_LOG` say otherwise.
const LOG_FILTER: &str = "warn";

/// WebSocket on the command line
#[derive(Parser, Debug)]
#[command(version, arg_required_else_help = true, after_help = EXAMPLES)]
struct Arguments {
    /// What to log on stderr, such as debug or wirebahn_core=trace (default: RUST_LOG, else warn)
    #[arg(long, value_name = "FILTER", global = true)]
    log: Option<String>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Run a server that sends every message back, or to everyone
    #[command(after_help = echo::HELP)]
    Echo(echo::Options),
    /// Connect to a server: lines of stdin are sent, received messages are printed
    #[command(after_help = connect::HELP)]
    Connect(connect::Options),
}

const EXAMPLES: &str = "\
Examples:
  wirebahn echo                                 a server on ws://127.0.0.1:9001/, with a page for browsers
  wirebahn connect ws://127.0.0.1:9001/         talk to it: each line is a message
  echo hello | wirebahn connect ws://host/path  send one message";

/// Why the command failed.
#[derive(Debug)]
enum Failure {
    /// It was called wrongly.
    Usage(String),
    /// It did not work.
    Failed(String),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match start_log(arguments.log.as_deref()).and_then(|()| run(arguments.command)) {
        Ok(status) => ExitCode::from(status),
        Err(Failure::Usage(problem)) => {
            Arguments::command().error(ErrorKind::ValueValidation, problem).exit()
        }
        Err(Failure::Failed(problem)) => {
            complain(&problem);
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<u8, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Failed(format!("cannot start: {error}")))?;
    let result = runtime.block_on(async {
        match command {
            Command::Echo(options) => echo::run(options).await,
            Command::Connect(options) => connect::run(options).await,
        }
    });
    // A name that is still being looked up must not hold the end up.
    runtime.shutdown_background();
    result
}

fn start_log(filter: Option<&str>) -> Result<(), Failure> {
    let from_environment = std::env::var(EnvFilter::DEFAULT_ENV).ok();
    let filter = filter.or(from_environment.as_deref()).unwrap_or(LOG_FILTER);
    let filter = EnvFilter::try_new(filter)
        .map_err(|error| Failure::Usage(format!("{filter:?} is no filter for the log: {error}")))?;
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    Ok(())
}

/// Says something on stderr. If nobody listens there, so be it: `eprintln!` would panic.
fn complain(problem: impl fmt::Display) {
    use std::io::Write as _;
    let _ = writeln!(std::io::stderr(), "wirebahn: {problem}");
}
