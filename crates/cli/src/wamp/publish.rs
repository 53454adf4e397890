//! `wirebahn publish`: publishes an event.

use clap::Args;
use wirebahn_tokio::wamp::Session;

use super::{Arguments, Connection};
use crate::{Failure, output::Output};

pub(crate) const HELP: &str = concat!("\
Nothing goes to stdout, unless the router is asked with --acknowledge: then the number of the publication, as a line
{\"publication\":N}. Without it, the router says nothing, not even that the event was not allowed.

", super::help!(), "\
After Ctrl-C it is 130, after SIGTERM 143.

Examples:
  wirebahn publish com.example.news 'It works'
  wirebahn publish com.example.temperature 21.5 -k unit=C --acknowledge");

#[derive(Args, Debug)]
pub(crate) struct Options {
    /// The topic
    #[arg(value_name = "URI")]
    topic: String,
    #[command(flatten)]
    arguments: Arguments,
    /// Wait for the router to confirm it, and print the number of the publication
    #[arg(long)]
    acknowledge: bool,
    /// Publish so many times, one after the other
    #[arg(long, value_name = "N", default_value_t = 1)]
    count: u64,
    #[command(flatten)]
    connection: Connection,
}

pub(crate) async fn run(options: Options) -> Result<u8, Failure> {
    let work = async |session: &Session, output: &Output| {
        for _ in 0..options.count {
            publish(session, &options, output).await?;
        }
        Ok(())
    };
    options.connection.once(work).await
}

async fn publish(session: &Session, options: &Options, output: &Output) -> Result<(), Failure> {
    let Arguments { args, kwargs } = &options.arguments;
    let publish = session.publish(options.topic.as_str(), args).kwargs(super::dict(kwargs));
    if options.acknowledge {
        let publication = options.connection.answer(publish.acknowledge()).await?;
        super::print(output, format!(r#"{{"publication":{publication}}}"#)).await;
        return Ok(());
    }
    options.connection.answer(publish.into_future()).await
}
