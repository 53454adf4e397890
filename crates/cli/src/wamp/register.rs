//! `wirebahn register`: a procedure whose calls a program answers.

use std::sync::Arc;

use clap::Args;
use tokio::sync::{Semaphore, oneshot, watch};
use wirebahn_tokio::wamp::{Invocation, InvocationError, Reply, Session, Value, error_uri};

use super::program::Program;
use super::{Connection, json};
use crate::{Failure, output::Output, signals::Signal};

pub(crate) const HELP: &str = concat!("\
The command is run once per call, without a shell. Its stdin is one line of JSON, {\"args\":[...],\"kwargs\":{...}}. What
it writes to stdout is the result: JSON if it is JSON, otherwise a text without its last line end, or binary data if it
is not UTF-8; no output is no result. With a status other than 0, the call fails with wamp.error.runtime_error and
what the command wrote to stderr. If the caller does not want the result any more, the command is killed.

With --log wirebahn=info, stderr says once the procedure is there. Ctrl-C and SIGTERM take it away, wait for the calls
that are under way, say goodbye to the router, and end with status 0; a second signal ends at once.

", super::help!(), "
Examples:
  wirebahn register com.example.date -- date
  wirebahn register com.example.add -- jq .args[0]+.args[1]
  wirebahn register com.example.disk --concurrency 1 -- sh -c 'df -k | tail -n 1'");

/// How many calls may be made of a command at once, unless `--concurrency` says otherwise: enough for a few people, and few
/// enough for a small machine.
const CONCURRENCY: usize = 16;

#[derive(Args, Debug)]
pub(crate) struct Options {
    /// The procedure
    #[arg(value_name = "URI")]
    procedure: String,
    // As an attribute: rustdoc takes `[...]` for links.
    #[arg(last = true, required = true, num_args = 1.., value_name = "COMMAND", help = "What to run, behind --")]
    command: Vec<String>,
    /// How many calls are answered at once; others wait
    #[arg(long, value_name = "N", default_value_t = CONCURRENCY, value_parser = concurrency)]
    concurrency: usize,
    /// End after so many calls
    #[arg(long, value_name = "N")]
    count: Option<u64>,
    #[command(flatten)]
    connection: Connection,
}

fn concurrency(text: &str) -> Result<usize, String> {
    text.parse()
        .ok()
        .filter(|calls| (1..=Semaphore::MAX_PERMITS).contains(calls))
        .ok_or_else(|| "write a number above 0".into())
}

/// The calls that came.
#[derive(Clone, Copy, Debug, Default)]
struct Calls {
    begun: u64,
    under_way: u64,
}

pub(crate) async fn run(options: Options) -> Result<u8, Failure> {
    let program = Arc::new(Program::new(options.command)?);
    let (procedure, connection, count) = (&options.procedure, &options.connection, options.count);
    let permits = Arc::new(Semaphore::new(options.concurrency));
    let work = async |session: &Session, _: &Output, signal: &mut oneshot::Receiver<Signal>| {
        let calls = Arc::new(watch::Sender::new(Calls::default()));
        let handler = {
            let calls = Arc::clone(&calls);
            move |_: Vec<Value>, invocation: Invocation| {
                let call = Call::begin(&calls);
                answer(Arc::clone(&program), Arc::clone(&permits), invocation, call)
            }
        };
        let register = session.register(procedure.as_str(), handler);
        let registration = tokio::select! {
            registration = connection.answer(register.into_future()) => registration?,
            _ = &mut *signal => return Ok(()),
        };
        tracing::info!("registered {procedure}");
        let mut seen = calls.subscribe();
        tokio::select! {
            _ = seen.wait_for(|calls| count.is_some_and(|count| calls.begun >= count)) => {}
            _ = signal => {}
            left = session.ended() => return Err(super::lost(&left)),
        }
        connection.answer(registration.unregister()).await?;
        // A call ends in the same step as its answer is sent; so all answers are on their way before the goodbye.
        tokio::select! {
            _ = seen.wait_for(|calls| calls.under_way == 0) => Ok(()),
            left = session.ended() => Err(super::lost(&left)),
        }
    };
    connection.until_signal(work).await
}

async fn answer(
    program: Arc<Program>,
    permits: Arc<Semaphore>,
    invocation: Invocation,
    _call: Call,
) -> Result<Reply<Vec<Value>>, InvocationError> {
    let line = json::Line::new(invocation.payload()).object();
    let output = async {
        // An error would mean that somebody closes the semaphore, which nobody does.
        let _permit = permits.acquire().await.ok();
        program.run(&line).await.inspect_err(|error| tracing::info!("a call failed: {error}"))
    };
    tokio::select! {
        output = output => Ok(Reply::new(json::output(output?).into_iter().collect())),
        _ = invocation.interrupted() => Err(InvocationError::new(error_uri::CANCELED)),
    }
}

/// A call that is under way until it is dropped.
struct Call(Arc<watch::Sender<Calls>>);

impl Call {
    fn begin(calls: &Arc<watch::Sender<Calls>>) -> Self {
        calls.send_modify(|calls| {
            calls.begun += 1;
            calls.under_way += 1;
        });
        Self(Arc::clone(calls))
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        self.0.send_modify(|calls| calls.under_way -= 1);
    }
}
