//! What servers log about clients that get no connection.

use std::io;
use std::net::SocketAddr;
use std::sync::{Mutex, Once};

use crate::adapter::until;

/// The lines that nobody has waited for yet, of all servers of this process.
static LINES: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Waits until it is logged that this client was refused, and for what.
pub(crate) fn assert_refused(peer: SocketAddr, why: &str) {
    let refusal = refusal(peer);
    assert!(refusal.contains(why), "{refusal}");
}

fn refusal(peer: SocketAddr) -> String {
    let (head, tail) = ("DEBUG wirebahn::connection: connection refused: ", format!(" peer={peer}"));
    let mut why = None;
    until(|| {
        let mut lines = LINES.lock().unwrap();
        let reason = |line: &String| Some(line.trim().strip_prefix(head)?.strip_suffix(&tail)?.to_owned());
        why = lines.iter().find_map(reason);
        lines.retain(|line| reason(line).is_none());
        why.is_some()
    });
    why.unwrap()
}

/// Begins to take down what is logged, in the whole process.
pub(crate) fn start() {
    static STARTED: Once = Once::new();
    STARTED.call_once(|| {
        tracing_subscriber::fmt()
            .with_env_filter("wirebahn::connection=debug")
            .with_writer(|| Lines)
            .with_ansi(false)
            .without_time()
            .init();
    });
}

/// Takes down whole lines, as each of them is written in one go.
struct Lines;

impl io::Write for Lines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        LINES.lock().unwrap().push(String::from_utf8_lossy(line).into_owned());
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
