//! `wirebahn connect`: lines in, messages out, and back.

mod input;
mod pings;

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use clap::Args;
use tokio::sync::{mpsc, oneshot};
use wirebahn_tokio::opening::ClientOptions;
use wirebahn_tokio::{
    Cause, Client, CloseCode, Closed, Config, ConnectError, Message, MessageEvent, MessageKind, WebSocket,
};

use crate::compress::{self, Compression};
use crate::output::Output;
use crate::signals::{self, Signal};
use crate::transport::{self, Transport};
use crate::{Failure, complain, values};
use pings::Pings;

pub(crate) const HELP: &str = concat!("\
Each line of stdin is sent as a message, without its line end (LF or CRLF). Each message is printed on stdout with a
line end behind it; binary ones in hexadecimal, or as they are with --binary. Everything else goes to stderr.

The end of stdin closes the connection with 1000; messages that come before the server's answer are still printed. If
the server closes, the command ends, though stdin is still open. Ctrl-C and SIGTERM close with 1001; a second one ends
the command at once.

Exit status: 0 after a clean close, 1 if the connection could not be opened or ended uncleanly, 2 for wrong usage, 130
after Ctrl-C, 143 after SIGTERM.

Examples:
  wirebahn connect ws://127.0.0.1:9001/
  wirebahn connect ws://host/chat --subprotocol chat --header 'Authorization: Bearer 4711'
  wirebahn connect ws://host/ --ping 1 < /dev/tty
  wirebahn connect ws+unix:///run/app.sock:/path
  wirebahn connect --compress=no-context ws://host/
  wirebahn connect wss://localhost:9001/ --ca-file certificate.pem

", transport::help!(), "
", compress::help!());

#[derive(Args, Debug)]
pub(crate) struct Options {
    // As an attribute: rustdoc takes the brackets and the URL for links.
    #[arg(help = "Where to connect: ws[s]://HOST[:PORT]/PATH or ws+unix:///SOCKET:/PATH", value_parser = values::url)]
    url: String,
    /// Send binary messages, and print those that come as they are
    #[arg(long)]
    binary: bool,
    /// Send a ping every SECS seconds and print the round-trip times on stderr
    #[arg(long, value_name = "SECS", value_parser = values::seconds)]
    ping: Option<Duration>,
    /// Add a header to the request; may be repeated
    #[arg(long = "header", value_name = "NAME: VALUE", value_parser = values::header)]
    headers: Vec<(String, String)>,
    /// Offer a subprotocol; may be repeated, the preferred one first
    #[arg(long = "subprotocol", value_name = "NAME")]
    subprotocols: Vec<String>,
    #[arg(long, help = "The web page that the request claims to come from, such as https://example.com")]
    origin: Option<String>,
    /// The largest message that is accepted or sent, in bytes; K, M and G are units
    #[arg(long, value_name = "SIZE", default_value = "64M", value_parser = values::size)]
    max_message: u64,
    /// Offer to compress messages; how is said by KEY=VALUE pairs, see below
    #[arg(long, value_name = "PARAMS", num_args = 0..=1, require_equals = true, default_missing_value = "",
          value_parser = compress::client)]
    compress: Option<Compression>,
    #[command(flatten)]
    transport: Transport,
}

pub(crate) async fn run(options: Options) -> Result<u8, Failure> {
    let mut signal =
        signals::first().map_err(|error| Failure::Failed(format!("cannot watch signals: {error}")))?;
    let socket = tokio::select! {
        socket = open(&options) => socket?,
        Ok(signal) = &mut signal => return Ok(signal.status()),
    };
    let kind = if options.binary { MessageKind::Binary } else { MessageKind::Text };
    let mut session = Session {
        socket,
        input: Some(input::lines(kind, options.max_message)),
        output: Output::start(kind),
        pings: options.ping.map(Pings::every),
        signal: None,
        problem: None,
    };
    let closed = session.run(&mut signal).await;
    session
        .finish(closed, &mut signal)
        .await
        .map_err(|problem| Failure::Failed(format!("{}: {problem}", options.url)))
}

async fn open(options: &Options) -> Result<WebSocket, Failure> {
    let failure = |error: ConnectError| {
        let problem = format!("{}: {error}", options.url);
        match error {
            ConnectError::Url(_) | ConnectError::Request(_) | ConnectError::Unsupported(_) => {
                Failure::Usage(problem)
            }
            _ => Failure::Failed(problem),
        }
    };
    let client = client(options).map_err(failure)?.dialer(options.transport.dialer()?);
    let opened = client.connect().await.map_err(failure)?;
    match &opened.response.subprotocol {
        Some(subprotocol) => tracing::info!("connected, speaking {subprotocol}"),
        None => tracing::info!("connected"),
    }
    if let Some(extension) = &opened.response.extension {
        tracing::info!("using {extension}");
    }
    Ok(opened.connection)
}

fn client(options: &Options) -> Result<Client, ConnectError> {
    let mut client =
        Client::new(&options.url)?.user_agent(concat!("wirebahn/", env!("CARGO_PKG_VERSION")))?;
    for (name, value) in &options.headers {
        client = client.header(name, value)?;
    }
    for name in &options.subprotocols {
        client = client.subprotocol(name)?;
    }
    if let Some(origin) = &options.origin {
        client = client.origin(origin)?;
    }
    let mut config = Config::default();
    config.limits.max_message_len = options.max_message;
    config.limits.max_frame_len = options.max_message;
    let mut client_options = ClientOptions::default();
    client_options.config = Arc::new(config);
    client_options.extensions =
        options.compress.clone().map(Compression::into_extensions).unwrap_or_default();
    Ok(client.options(client_options))
}

/// An open connection between stdin and stdout.
struct Session {
    socket: WebSocket,
    /// `None` once nothing more is to be sent.
    input: Option<mpsc::Receiver<Result<Message, String>>>,
    output: Output,
    pings: Option<Pings>,
    /// The signal that ended the connection.
    signal: Option<Signal>,
    /// What went wrong at this end.
    problem: Option<String>,
}

enum Next {
    Event(MessageEvent),
    /// A line to be sent, for which there is room; `None` at the end of the input.
    Line(Option<Result<Message, String>>),
    Ping,
    Signal(Signal),
    /// Nobody reads the output any more.
    OutputClosed,
}

impl Session {
    async fn run(&mut self, signal: &mut oneshot::Receiver<Signal>) -> Closed {
        loop {
            match self.next(signal).await {
                Next::Event(MessageEvent::Message(message)) => self.output.print(message),
                Next::Event(MessageEvent::Pong(pong)) => {
                    if let Some(line) = self.pings.as_mut().and_then(|pings| pings.answered(&pong.payload)) {
                        complain(line);
                    }
                }
                Next::Event(MessageEvent::Closed(closed)) => return closed,
                Next::Event(_) => {}
                Next::Line(Some(Ok(message))) => {
                    if let Err(error) = self.socket.engine_mut().send(message) {
                        // If the connection is closing, the last event says so.
                        tracing::debug!("not sent: {error}");
                    }
                }
                Next::Line(Some(Err(problem))) => {
                    self.problem = Some(problem);
                    self.close(CloseCode::NORMAL);
                }
                Next::Line(None) => self.close(CloseCode::NORMAL),
                Next::Ping => {
                    if let Some(pings) = &mut self.pings {
                        pings.send(self.socket.engine_mut());
                    }
                }
                Next::Signal(signal) => {
                    self.signal = Some(signal);
                    self.close(CloseCode::GOING_AWAY);
                }
                Next::OutputClosed => {
                    self.output.is_closed = true;
                    self.close(CloseCode::GOING_AWAY);
                }
            }
        }
    }

    /// What happens next. The connection is driven whatever that is, and nothing is read while there is no room to
    /// print it.
    async fn next(&mut self, signal: &mut oneshot::Receiver<Signal>) -> Next {
        let Self { socket, input, output, pings, .. } = self;
        let connection = async {
            output.room().await;
            poll_fn(|cx| {
                if let Poll::Ready(Some(event)) = socket.poll_event(cx) {
                    return Poll::Ready(Next::Event(event));
                }
                match input {
                    Some(lines) if socket.poll_ready(cx).is_ready() => lines.poll_recv(cx).map(Next::Line),
                    _ => Poll::Pending,
                }
            })
            .await
        };
        tokio::select! {
            next = connection => next,
            () = output.closed(), if !output.is_closed => Next::OutputClosed,
            () = pings::due(pings.as_mut()) => Next::Ping,
            Ok(signal) = signal, if self.signal.is_none() => Next::Signal(signal),
        }
    }

    fn close(&mut self, code: CloseCode) {
        self.input = None;
        self.pings = None;
        // Closing already is what is wanted.
        let _ = self.socket.start_close(code, "");
    }

    /// Waits until everything is printed, and tells the exit status.
    async fn finish(self, closed: Closed, signal: &mut oneshot::Receiver<Signal>) -> Result<u8, String> {
        let printed = tokio::select! {
            printed = self.output.finish() => printed,
            Ok(signal) = signal, if self.signal.is_none() => return Ok(signal.status()),
        };
        if let Some(signal) = self.signal {
            return Ok(signal.status());
        }
        if let Some(problem) = self.problem {
            return Err(problem);
        }
        printed.map_err(|error| format!("cannot print: {error}"))?;
        if !closed.clean {
            return Err(match self.socket.io_error() {
                Some(error) => format!("{closed} ({error})"),
                None => closed.to_string(),
            });
        }
        if closed.cause == Cause::ClosedByPeer
            && !matches!(closed.code, CloseCode::NORMAL | CloseCode::NO_STATUS)
        {
            complain(&closed);
        }
        Ok(0)
    }
}
