//! What goes to stdout: lines for people, and messages.

use std::fmt::Write as _;
use std::io::{self, BufWriter, ErrorKind, Write};
use std::thread;

use tokio::sync::{mpsc, oneshot};
use wirebahn_tokio::{Message, MessageKind};

/// Messages that wait to be printed.
const MESSAGES_BEHIND: usize = 16;

/// Prints where a server listens, or what else is good to know. If nobody reads that, the server works all the same.
pub(crate) fn announce(line: &str) {
    let mut stdout = io::stdout().lock();
    let _ = writeln!(stdout, "{line}").and_then(|()| stdout.flush());
}

/// Prints messages in a thread of its own, so that a reader that is slow does not stop signals from being handled.
pub(crate) struct Output {
    messages: mpsc::Sender<Message>,
    done: oneshot::Receiver<io::Result<()>>,
    /// Nobody reads any more; set by whom that concerns.
    pub(crate) is_closed: bool,
}

impl Output {
    /// Starts to print: text as it is, binary messages in hexadecimal unless `kind` is binary.
    pub(crate) fn start(kind: MessageKind) -> Self {
        let (messages, mut receiver) = mpsc::channel(MESSAGES_BEHIND);
        let (sender, done) = oneshot::channel();
        thread::spawn(move || {
            let result = print_all(&mut receiver, kind);
            drop(receiver);
            let _ = sender.send(result);
        });
        Self { messages, done, is_closed: false }
    }

    /// Waits until one more message can be printed.
    pub(crate) async fn room(&self) {
        // Only this end sends, so the room stays; if nobody reads any more, there is plenty.
        let _ = self.messages.reserve().await;
    }

    /// Prints a message; drops it if nobody reads any more.
    pub(crate) fn print(&self, message: Message) {
        let _ = self.messages.try_send(message);
    }

    /// Waits until nobody reads any more.
    pub(crate) async fn closed(&self) {
        self.messages.closed().await;
    }

    /// Waits until everything is printed.
    pub(crate) async fn finish(self) -> io::Result<()> {
        drop(self.messages);
        match self.done.await {
            Ok(Err(error)) if error.kind() != ErrorKind::BrokenPipe => Err(error),
            _ => Ok(()),
        }
    }
}

fn print_all(messages: &mut mpsc::Receiver<Message>, kind: MessageKind) -> io::Result<()> {
    // Standard output by itself writes every line at once, which is slow when many come together.
    let mut out = BufWriter::new(io::stdout().lock());
    while let Some(message) = messages.blocking_recv() {
        print(&mut out, &message, kind)?;
        while let Ok(message) = messages.try_recv() {
            print(&mut out, &message, kind)?;
        }
        out.flush()?;
    }
    Ok(())
}

fn print(out: &mut impl Write, message: &Message, kind: MessageKind) -> io::Result<()> {
    if message.is_binary() && kind == MessageKind::Text {
        let mut line = String::with_capacity(2 * message.len() + 1);
        for byte in message.payload() {
            let _ = write!(line, "{byte:02x}");
        }
        out.write_all(line.as_bytes())?;
    } else {
        out.write_all(message.payload())?;
    }
    out.write_all(b"\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn binary_messages_are_hexadecimal_unless_they_are_wanted_as_they_are() {
        let message = Message::binary(&[0xc3_u8, 0x0a][..]);
        let mut out = Vec::new();
        print(&mut out, &message, MessageKind::Text).unwrap();
        print(&mut out, &message, MessageKind::Binary).unwrap();
        assert_eq!(out, b"c30a\n\xc3\n\n");
    }
}
