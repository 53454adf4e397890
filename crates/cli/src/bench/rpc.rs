//! Calls of a procedure that sends its argument back.

use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use tokio::task::JoinSet;
use wirebahn_tokio::wamp::{Error, Registration, Serializer, Session};

use super::pace::Pace;
use super::tally::Tally;
use super::{About, Load, Size, Stage, Workload};
use crate::Failure;
use crate::wamp::failure;

#[derive(Args, Debug)]
pub(super) struct Options {
    /// How many sessions call
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = super::connections)]
    connections: usize,
    /// How many sessions answer, each with a procedure of its own
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = super::connections)]
    callees: usize,
    /// How many calls of each session are under way at once
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = super::in_flight)]
    in_flight: usize,
    #[command(flatten)]
    size: Size,
    #[command(flatten)]
    load: Load,
}

impl Workload for Options {
    type Stage = Calls;

    fn load(&self) -> &Load {
        &self.load
    }

    fn about(&self) -> About {
        About {
            mode: "rpc",
            operations: "calls",
            settings: vec![
                ("connections", self.connections as u64),
                ("callees", self.callees as u64),
                ("in_flight", self.in_flight as u64),
                ("size", self.size.bytes),
            ],
        }
    }

    async fn prepare(&self) -> Result<Calls, Failure> {
        let mut registrations = Vec::new();
        for (number, callee) in self.load.join_many(self.callees).await?.iter().enumerate() {
            let procedure = self.load.uri(callee, "echo", number);
            let echo = callee.register(procedure, async |(text,): (String,)| Ok(text));
            registrations.push(self.load.connection.answer(echo.into_future()).await?);
        }
        Ok(Calls {
            callers: self.load.join_many(self.connections).await?,
            registrations,
            in_flight: self.in_flight,
            text: self.size.text(),
            patience: self.load.patience(),
        })
    }
}

pub(super) struct Calls {
    callers: Vec<Session>,
    registrations: Vec<Registration>,
    in_flight: usize,
    text: Arc<str>,
    patience: Duration,
}

impl Stage for Calls {
    fn serializer(&self) -> Serializer {
        self.callers.first().map_or_else(Serializer::default, Session::serializer)
    }

    async fn run(&mut self, pace: &Arc<Pace>, tally: &Arc<Tally>) {
        let mut places = JoinSet::new();
        for (caller, registration) in self.callers.iter().zip(self.registrations.iter().cycle()) {
            for _ in 0..self.in_flight {
                let (caller, procedure) = (caller.clone(), registration.procedure().clone());
                let (pace, tally, text) = (Arc::clone(pace), Arc::clone(tally), Arc::clone(&self.text));
                let patience = self.patience;
                places.spawn(async move {
                    while let Some(turn) = pace.next() {
                        match caller.call::<_, String>(procedure.clone(), (&*text,)).timeout(patience).await {
                            Ok(answer) if *answer == *text => tally.done(turn),
                            Ok(_) => tally.failed("the result is another one"),
                            Err(error) => {
                                tally.failed(failure(&error).to_string());
                                if let Error::Ended(_) = error {
                                    return;
                                }
                            }
                        }
                    }
                });
            }
        }
        while places.join_next().await.is_some() {}
    }
}
