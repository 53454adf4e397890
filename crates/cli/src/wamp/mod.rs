//! The commands that talk to a WAMP router, and what they share: joining, arguments, errors and exit status.
//!
//! Each has a module of its name. `json` is about values, `program` about what `register` runs.

pub(crate) mod call;
mod json;
mod program;
pub(crate) mod publish;
pub(crate) mod register;
pub(crate) mod subscribe;

use std::fmt;
use std::time::Duration;

use clap::{Args, ValueEnum};
use tokio::sync::oneshot;
use wirebahn_tokio::wamp::{Dict, Error, Join, JoinError, Left, RequestError, Serializer, Session, Value};
use wirebahn_tokio::{Message, MessageKind};

use crate::output::Output;
use crate::signals::{self, Signal};
use crate::transport::Transport;
use crate::{Failure, values};

/// What the help of all these commands says of arguments and the exit status; ends within a line.
macro_rules! help {
    () => {
        "\
Values are JSON if they are JSON, and text otherwise: 2 is a number, '\"2\"' and two are texts. Behind -- they may begin
with a dash. Problems are one line on stderr.

Exit status: 0 if all went well; 1 if the router or the procedure answered with an error, or not in time; 2 for wrong
usage; 3 if the router cannot be reached, does not let us in (or has no such realm), or the session was lost.
"
    };
}
use help;

/// Where the router is, and how to talk to it.
#[derive(Args, Clone, Debug)]
pub(crate) struct Connection {
    // As an attribute: rustdoc takes the brackets and the URL for links.
    #[arg(
        long,
        default_value = "ws://127.0.0.1:8080/ws",
        value_parser = values::router_url,
        help = "The router: ws[s]://HOST[:PORT]/PATH, rs[s]://HOST:PORT, unix:/SOCKET or ws+unix:///SOCKET:/PATH"
    )]
    pub(crate) url: String,
    /// The realm to join
    #[arg(long, value_name = "NAME", default_value = "realm1")]
    pub(crate) realm: String,
    /// How values are sent (default: msgpack, or json if the router prefers it)
    #[arg(long, value_name = "NAME", value_enum)]
    serializer: Option<Format>,
    /// How long to wait for the router (default: 10 to be let in; an answer, as long as it takes)
    #[arg(long, value_name = "SECS", value_parser = values::seconds)]
    pub(crate) timeout: Option<Duration>,
    #[command(flatten)]
    transport: Transport,
}

/// How long joining may take, unless `--timeout` says otherwise.
const JOIN_TIMEOUT: Duration = Duration::from_secs(10);

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    Json,
    Msgpack,
    Cbor,
}

impl From<Format> for Serializer {
    fn from(format: Format) -> Self {
        match format {
            Format::Json => Self::Json,
            Format::Msgpack => Self::MsgPack,
            Format::Cbor => Self::Cbor,
        }
    }
}

/// What a call or an event takes along.
#[derive(Args, Debug)]
struct Arguments {
    // As an attribute: rustdoc takes `[...]` for links.
    #[arg(value_name = "ARGS", value_parser = argument, allow_negative_numbers = true, help = "The arguments")]
    args: Vec<Value>,
    /// A keyword argument; may be repeated
    #[arg(short = 'k', long = "kwarg", value_name = "KEY=VALUE", value_parser = json::keyword)]
    kwargs: Vec<(String, Value)>,
}

#[expect(clippy::unnecessary_wraps, reason = "a parser of clap may fail; every text is a value")]
fn argument(text: &str) -> Result<Value, String> {
    Ok(json::value(text))
}

fn dict(entries: &[(String, Value)]) -> Dict {
    entries.iter().cloned().collect()
}

impl Connection {
    /// Does something that ends by itself; a signal breaks it off.
    async fn once(
        &self,
        work: impl AsyncFnOnce(&Session, &Output) -> Result<(), Failure>,
    ) -> Result<u8, Failure> {
        let mut signal = watch_signals()?;
        let output = Output::start(MessageKind::Text);
        let worked = async {
            let session = self.join().await?;
            let result = work(&session, &output).await;
            session.leave().await;
            result
        };
        let result = tokio::select! {
            result = worked => result,
            Ok(signal) = &mut signal => return Ok(signal.status()),
        };
        finish(output, result, &mut signal).await
    }

    /// Does something that ends when it has done enough, or in order when it is given a signal.
    async fn until_signal(
        &self,
        work: impl AsyncFnOnce(&Session, &Output, &mut oneshot::Receiver<Signal>) -> Result<(), Failure>,
    ) -> Result<u8, Failure> {
        let mut signal = watch_signals()?;
        let session = tokio::select! {
            session = self.join() => session?,
            Ok(_) = &mut signal => return Ok(0),
        };
        let output = Output::start(MessageKind::Text);
        let result = work(&session, &output, &mut signal).await;
        session.leave().await;
        finish(output, result, &mut signal).await
    }

    pub(crate) async fn join(&self) -> Result<Session, Failure> {
        let failure = |error: JoinError| {
            let problem = one_line(&format!("{}: {error}", self.url));
            match error {
                JoinError::Url(_) | JoinError::Unsupported(_) => Failure::Usage(problem),
                _ => Failure::NoSession(problem),
            }
        };
        let limit = self.timeout.unwrap_or(JOIN_TIMEOUT);
        let dialer = self.transport.dialer()?;
        let join = Join::new(&self.url, &self.realm).map_err(failure)?;
        let mut join = join.dialer(dialer).connect_timeout(Some(limit));
        if let Some(format) = self.serializer {
            join = join.serializers([format.into()]);
        }
        match tokio::time::timeout(limit, join.join()).await {
            Ok(joined) => joined.map_err(failure),
            Err(_) => Err(failure(JoinError::TimedOut)),
        }
    }

    /// Waits for the answer of the router, but not too long.
    pub(crate) async fn answer<T>(
        &self,
        request: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Failure> {
        let answer = match self.timeout {
            Some(limit) => tokio::time::timeout(limit, request)
                .await
                .map_err(|_| Failure::Failed("the router did not answer in time".into()))?,
            None => request.await,
        };
        answer.map_err(|error| failure(&error))
    }
}

pub(crate) fn watch_signals() -> Result<oneshot::Receiver<Signal>, Failure> {
    signals::first().map_err(|error| Failure::Failed(format!("cannot watch signals: {error}")))
}

/// Waits until everything is printed, unless a (further) signal comes.
async fn finish(
    output: Output,
    result: Result<(), Failure>,
    signal: &mut oneshot::Receiver<Signal>,
) -> Result<u8, Failure> {
    let printed = tokio::select! {
        printed = output.finish() => printed,
        Ok(signal) = signal, if !signal.is_terminated() => return Ok(signal.status()),
    };
    result?;
    printed.map_err(|error| Failure::Failed(format!("cannot print: {error}")))?;
    Ok(0)
}

/// Prints a line of JSON, once there is room.
async fn print(output: &Output, line: String) {
    output.room().await;
    output.print(Message::text(line));
}

pub(crate) fn failure(error: &Error) -> Failure {
    match error {
        Error::Request(error) => Failure::Failed(describe(error)),
        Error::Ended(left) => lost(left),
        error => Failure::Failed(one_line(&error.to_string())),
    }
}

fn lost(left: &Left) -> Failure {
    Failure::NoSession(one_line(&format!("the session has ended: {left}")))
}

/// The URI of an error, and its arguments: one text, as most have, as it is, all others as JSON.
fn describe(error: &RequestError) -> String {
    let payload = &error.payload;
    let uri = &error.uri;
    one_line(&match error.args::<Vec<Value>>().as_deref() {
        Ok([]) | Err(_) if !json::has_kwargs(payload) => uri.to_string(),
        Ok([Value::String(text)]) if !json::has_kwargs(payload) => format!("{uri}: {text}"),
        _ => format!("{uri}: {}", json::Line::new(payload).object()),
    })
}

/// What a peer wrote, fit for a terminal: line ends are blanks, other control characters are escaped.
fn one_line(text: &(impl fmt::Display + ?Sized)) -> String {
    let mut line = String::new();
    for c in text.to_string().trim().chars() {
        match c {
            '\n' | '\r' | '\t' => line.push(' '),
            c if c.is_control() => line.extend(c.escape_default()),
            c => line.push(c),
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_peer_wrote_can_do_nothing_to_the_terminal() {
        assert_eq!(one_line("a\nb\u{1b}[2Jc\u{9b}\n"), "a b\\u{1b}[2Jc\\u{9b}");
    }
}
