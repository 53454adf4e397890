//! The two sessions that stay.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep};
use wirebahn_tokio::wamp::{Invocation, InvocationError, Registration, Session, Value};

use crate::ledger::Ledger;
use crate::random::Random;
use crate::{Outcome, Routes};

pub(crate) const ECHO: &str = "soak.echo";
pub(crate) const PROGRESS: &str = "soak.progress";
pub(crate) const ENDLESS: &str = "soak.endless";
pub(crate) const EVENTS: &str = "soak.events";

/// How long a quiet moment may take to come: races have to run out, and connections that were cut be noticed.
const QUIET_LIMIT: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(50);
/// More than all workers can have on their way.
const EVENT_CAPACITY: usize = 1 << 20;

/// Serves calls and counts events.
pub(crate) struct Keeper {
    session: Session,
    registrations: [Registration; 3],
    subscription: u64,
    problem: Arc<Mutex<Option<String>>>,
}

impl Keeper {
    pub(crate) async fn start(routes: &Routes, ledger: &Arc<Ledger>) -> Outcome<Self> {
        let session = routes.join(&mut Random::new(0)).await?;
        let echo = session.register(ECHO, |(value,): (Value,)| async move { Ok(value) }).await?;
        let progress = |(count,): (u64,), invocation: Invocation| async move {
            if let Some(progress) = invocation.progress() {
                for n in 0..count {
                    // A caller that has gone away is no concern of a callee.
                    let _ = progress.send(n).await;
                }
            }
            Ok(count)
        };
        let progress = session.register(PROGRESS, progress).await?;
        let counters = Arc::clone(ledger);
        let endless = move |(): (), invocation: Invocation| {
            let counters = Arc::clone(&counters);
            async move {
                counters.endless_begun.add();
                invocation.interrupted().await;
                counters.endless_interrupted.add();
                Err::<(), _>(InvocationError::new("soak.interrupted"))
            }
        };
        let endless = session.register(ENDLESS, endless).await?;

        let mut events = session.subscribe(EVENTS).capacity(EVENT_CAPACITY).await?;
        let (ledger, problem) = (Arc::clone(ledger), Arc::new(Mutex::new(None)));
        let (subscription, found) = (events.id().get(), Arc::clone(&problem));
        tokio::spawn(async move {
            while let Some(event) = events.next().await {
                ledger.count_messages(1);
                let outcome = match event.args::<(u64, u64, Value)>() {
                    Ok((life, number, _)) => ledger.receive(life, number),
                    Err(error) => Err(format!("an event came changed: {error}")),
                };
                if let Err(problem) = outcome {
                    found.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(problem);
                }
            }
        });
        Ok(Self { session, registrations: [echo, progress, endless], subscription, problem })
    }

    pub(crate) fn session_id(&self) -> Outcome<u64> {
        Ok(self.session.id().ok_or("the keeper has no session")?.get())
    }

    /// Waits until all is quiet, and looks whether everything adds up.
    pub(crate) async fn check(&self, ledger: &Ledger) -> Outcome {
        let until = Instant::now() + QUIET_LIMIT;
        while ledger.behind().is_some() || ledger.endless_begun.get() != ledger.endless_interrupted.get() {
            if Instant::now() > until {
                return Err(format!(
                    "not quiet: {:?} is behind; {} endless invocations, {} interrupted",
                    ledger.behind(),
                    ledger.endless_begun.get(),
                    ledger.endless_interrupted.get()
                )
                .into());
            }
            sleep(PAUSE).await;
        }
        let problem = self.problem.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(problem) = problem {
            return Err(problem.into());
        }
        if let Some(left) = self.session.left() {
            return Err(format!("the keeper was sent away: {left}").into());
        }
        if ledger.calls.get() != ledger.results.get() + ledger.errors.get() {
            return Err(format!("calls without an outcome: {ledger}").into());
        }
        ledger.forget_events();
        Ok(())
    }

    fn registration_ids(&self) -> BTreeSet<u64> {
        self.registrations.iter().map(|registration| registration.id().get()).collect()
    }
}

/// Looks through the meta API.
pub(crate) struct Watcher {
    session: Session,
}

impl Watcher {
    pub(crate) async fn start(routes: &Routes) -> Outcome<Self> {
        Ok(Self { session: routes.join(&mut Random::new(1)).await? })
    }

    pub(crate) fn session_id(&self) -> Outcome<u64> {
        Ok(self.session.id().ok_or("the watcher has no session")?.get())
    }

    pub(crate) fn handle(&self) -> Session {
        self.session.clone()
    }

    /// Nobody is there but the two, and nothing but the keeper's.
    pub(crate) async fn check(&self, own: [u64; 2], keeper: &Keeper) -> Outcome {
        let until = Instant::now() + QUIET_LIMIT;
        let expected =
            (BTreeSet::from(own), keeper.registration_ids(), BTreeSet::from([keeper.subscription]));
        loop {
            let sessions: BTreeSet<u64> = self.session.call("wamp.session.list", ()).await?;
            let got = (
                sessions,
                self.ids("wamp.registration.list").await?,
                self.ids("wamp.subscription.list").await?,
            );
            if got == expected {
                return Ok(());
            }
            if Instant::now() > until {
                return Err(format!(
                    "left behind: sessions, registrations, subscriptions {got:?}, not {expected:?}"
                )
                .into());
            }
            sleep(PAUSE).await;
        }
    }

    async fn ids(&self, procedure: &str) -> Outcome<BTreeSet<u64>> {
        let lists: BTreeMap<String, BTreeSet<u64>> = self.session.call(procedure, ()).await?;
        Ok(lists.into_values().flatten().collect())
    }
}
