//! `wirebahn subscribe`: prints the events of a topic.

use clap::{Args, ValueEnum};
use tokio::sync::oneshot;
use wirebahn_tokio::wamp::{Event, MatchPolicy, Session, Subscription};

use super::{Connection, json};
use crate::{Failure, complain, output::Output, signals::Signal};

pub(crate) const HELP: &str = concat!("\
Each event is a line of JSON on stdout:

  {\"topic\":\"com.example.news\",\"args\":[\"It works\"],\"kwargs\":{},\"publication\":4711}

The topic is left out if the router does not tell it, as it should for patterns. With --log wirebahn=info, stderr says
once the subscription is made. Ctrl-C and SIGTERM unsubscribe, say goodbye to the router, and end the command with
status 0, as does whoever reads stdout by closing it; a second signal ends it at once.

", super::help!(), "
Examples:
  wirebahn subscribe com.example.news
  wirebahn subscribe com.example. --match prefix
  wirebahn subscribe com..temperature --match wildcard --count 10
  wirebahn subscribe wamp.session.on_join | jq .args[0].session");

#[derive(Args, Debug)]
pub(crate) struct Options {
    /// The topic, or a pattern of topics
    #[arg(value_name = "URI")]
    topic: String,
    /// Which topics are meant
    #[arg(long = "match", value_name = "POLICY", value_enum, default_value_t = Match::Exact)]
    match_policy: Match,
    /// End after so many events
    #[arg(long, value_name = "N")]
    count: Option<u64>,
    #[command(flatten)]
    connection: Connection,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Match {
    /// This one
    Exact,
    /// All that begin with this
    Prefix,
    /// All with the same components, an empty one standing for any
    Wildcard,
}

impl From<Match> for MatchPolicy {
    fn from(policy: Match) -> Self {
        match policy {
            Match::Exact => Self::Exact,
            Match::Prefix => Self::Prefix,
            Match::Wildcard => Self::Wildcard,
        }
    }
}

pub(crate) async fn run(options: Options) -> Result<u8, Failure> {
    let work = async |session: &Session, output: &Output, signal: &mut oneshot::Receiver<Signal>| {
        let mut subscription = tokio::select! {
            subscription = subscribe(session, &options) => subscription?,
            _ = &mut *signal => return Ok(()),
        };
        let printed = tokio::select! {
            printed = print_events(&mut subscription, session, &options, output) => printed,
            _ = signal => Ok(()),
            () = output.closed() => Ok(()),
        };
        if subscription.missed() > 0 {
            complain(format_args!("{} events came too fast and are missing", subscription.missed()));
        }
        printed?;
        options.connection.answer(subscription.unsubscribe()).await
    };
    options.connection.until_signal(work).await
}

async fn subscribe(session: &Session, options: &Options) -> Result<Subscription, Failure> {
    let policy = options.match_policy.into();
    let subscribe =
        session.subscribe(options.topic.as_str()).options(|options| options.match_policy = policy);
    let subscription = options.connection.answer(subscribe.into_future()).await?;
    tracing::info!("subscribed to {}", options.topic);
    Ok(subscription)
}

async fn print_events(
    subscription: &mut Subscription,
    session: &Session,
    options: &Options,
    output: &Output,
) -> Result<(), Failure> {
    let mut printed = 0;
    while options.count.is_none_or(|count| printed < count) {
        let Some(event) = subscription.next().await else {
            return Err(match (session.left(), subscription.revoked()) {
                (Some(left), _) => super::lost(&left),
                (None, reason) => {
                    let reason = reason.map(|reason| format!(": {reason}")).unwrap_or_default();
                    let problem = format!("the router took the subscription back{reason}");
                    Failure::Failed(super::one_line(&problem))
                }
            });
        };
        super::print(output, line(&event, options)).await;
        printed += 1;
    }
    Ok(())
}

fn line(event: &Event, options: &Options) -> String {
    let subscribed = (options.match_policy == Match::Exact).then_some(options.topic.as_str());
    let topic = event.topic().map(|topic| topic.as_str()).or(subscribed);
    let topic = topic.map(|topic| format!(r#""topic":{},"#, json::string(topic))).unwrap_or_default();
    let json::Line { args, kwargs } = json::Line::new(&event.payload);
    format!(r#"{{{topic}"args":{args},"kwargs":{kwargs},"publication":{}}}"#, event.publication)
}
