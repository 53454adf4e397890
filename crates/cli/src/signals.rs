//! Being asked to end.

use std::io;

use tokio::sync::oneshot;

/// A wish that the command should end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signal {
    /// Ctrl-C.
    Interrupt,
    /// `kill`.
    #[cfg(unix)]
    Terminate,
}

impl Signal {
    /// The exit status of a command that was ended by the signal, as shells have it: 128 and the signal's number.
    pub(crate) const fn status(self) -> u8 {
        match self {
            Self::Interrupt => 130,
            #[cfg(unix)]
            Self::Terminate => 143,
        }
    }
}

/// Gives the first signal, to end in order. The second one ends the process at once.
pub(crate) fn first() -> io::Result<oneshot::Receiver<Signal>> {
    let mut signals = Signals::listen()?;
    let (sender, receiver) = oneshot::channel();
    tokio::spawn(async move {
        let _ = sender.send(signals.next().await);
        let second = signals.next().await;
        std::process::exit(second.status().into());
    });
    Ok(receiver)
}

#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.interrupt.recv() => Signal::Interrupt,
            _ = self.terminate.recv() => Signal::Terminate,
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn listen() -> io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) -> Signal {
        // If the system has no such signal, none comes.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
        Signal::Interrupt
    }
}

/// The wish that the configuration is read again: `SIGHUP`, where there is such a thing.
#[derive(Debug)]
pub(crate) struct HangUps {
    #[cfg(unix)]
    signals: tokio::signal::unix::Signal,
}

/// From now on, hanging up does not end the process.
#[cfg_attr(not(unix), expect(clippy::unnecessary_wraps, reason = "it may fail elsewhere"))]
pub(crate) fn hang_ups() -> io::Result<HangUps> {
    Ok(HangUps {
        #[cfg(unix)]
        signals: tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup())?,
    })
}

impl HangUps {
    pub(crate) async fn next(&mut self) {
        #[cfg(unix)]
        self.signals.recv().await;
        #[cfg(not(unix))]
        std::future::pending::<()>().await;
    }
}
