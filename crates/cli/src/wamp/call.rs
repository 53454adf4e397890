//! `wirebahn call`: calls a procedure and prints what comes back.

use clap::Args;
use wirebahn_tokio::wamp::Session;

use super::{Arguments, Connection, json};
use crate::{Failure, output::Output};

pub(crate) const HELP: &str = concat!("\
The result goes to stdout as one line of JSON: a single value as it is; with several arguments, or with keyword
arguments, {\"args\":[...],\"kwargs\":{...}}; null if there is neither.

", super::help!(), "\
After Ctrl-C it is 130, after SIGTERM 143, and the call is canceled.

Examples:
  wirebahn call com.example.add 2 3
  wirebahn call com.example.greet Joe -k lang=en
  wirebahn call com.example.find '{\"name\":\"Joe\"}' --timeout 5
  wirebahn call wamp.session.count --url unix:/run/wirebahn.sock");

#[derive(Args, Debug)]
pub(crate) struct Options {
    /// The procedure
    #[arg(value_name = "URI")]
    procedure: String,
    #[command(flatten)]
    arguments: Arguments,
    /// Print the pieces of the result as they come, each on a line; the last line is the result
    #[arg(long)]
    progress: bool,
    /// Call so many times, one after the other
    #[arg(long, value_name = "N", default_value_t = 1)]
    count: u64,
    #[command(flatten)]
    connection: Connection,
}

pub(crate) async fn run(options: Options) -> Result<u8, Failure> {
    let work = async |session: &Session, output: &Output| {
        for _ in 0..options.count {
            call(session, &options, output).await?;
        }
        Ok(())
    };
    options.connection.once(work).await
}

/// Prints the result, and its pieces if they are wanted.
async fn call(session: &Session, options: &Options, output: &Output) -> Result<(), Failure> {
    let Arguments { args, kwargs } = &options.arguments;
    let mut call = session.call::<_, ()>(options.procedure.as_str(), args).kwargs(super::dict(kwargs));
    if let Some(timeout) = options.connection.timeout {
        call = call.timeout(timeout);
    }
    if options.progress {
        let mut pieces = call.stream();
        while let Some(piece) = pieces.next().await {
            let piece = piece.map_err(|error| super::failure(&error))?;
            super::print(output, json::result(&piece.payload)).await;
        }
    } else {
        let result = call.result().await.map_err(|error| super::failure(&error))?;
        super::print(output, json::result(&result.payload)).await;
    }
    Ok(())
}
