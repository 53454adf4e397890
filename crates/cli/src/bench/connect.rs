//! Sessions that join and leave again.

use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use tokio::task::JoinSet;
use wirebahn_tokio::wamp::Serializer;

use super::pace::Pace;
use super::tally::Tally;
use super::{About, Load, Stage, Workload};
use crate::Failure;
use crate::wamp::Connection;

/// How long to wait after a failure, for a router that cannot keep up.
const PAUSE: Duration = Duration::from_millis(10);

#[derive(Args, Debug)]
pub(super) struct Options {
    /// How many connect at once
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = super::connections)]
    connections: usize,
    #[command(flatten)]
    load: Load,
}

impl Workload for Options {
    type Stage = Joins;

    fn load(&self) -> &Load {
        &self.load
    }

    fn about(&self) -> About {
        About {
            mode: "connect",
            operations: "sessions",
            settings: vec![("connections", self.connections as u64)],
        }
    }

    /// One session on trial: what is wrong for all of them is said at once.
    async fn prepare(&self) -> Result<Joins, Failure> {
        let session = self.load.connection.join().await?;
        session.leave().await;
        Ok(Joins {
            connections: self.connections,
            connection: self.load.connection.clone(),
            serializer: session.serializer(),
        })
    }
}

pub(super) struct Joins {
    connections: usize,
    connection: Connection,
    serializer: Serializer,
}

impl Stage for Joins {
    fn serializer(&self) -> Serializer {
        self.serializer
    }

    async fn run(&mut self, pace: &Arc<Pace>, tally: &Arc<Tally>) {
        let mut places = JoinSet::new();
        for _ in 0..self.connections {
            let (connection, pace, tally) = (self.connection.clone(), Arc::clone(pace), Arc::clone(tally));
            places.spawn(async move {
                while let Some(turn) = pace.next() {
                    match connection.join().await {
                        Ok(session) => {
                            tally.done(turn);
                            session.leave().await;
                        }
                        Err(failure) => {
                            tally.failed(failure.to_string());
                            tokio::time::sleep(PAUSE).await;
                        }
                    }
                }
            });
        }
        while places.join_next().await.is_some() {}
    }
}
