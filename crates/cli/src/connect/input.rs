//! The lines of stdin.

use std::io::{self, BufRead, Read as _};
use std::thread;

use bytes::Bytes;
use tokio::sync::mpsc;
use wirebahn_tokio::{Message, MessageKind};

/// Lines that are read ahead.
const LINES_AHEAD: usize = 16;

/// The lines of stdin as messages of `kind`; what is wrong with a line ends them.
///
/// They are read by a thread of their own, which nobody waits for: reading a terminal cannot be called off.
pub(super) fn lines(kind: MessageKind, max_len: u64) -> mpsc::Receiver<Result<Message, String>> {
    let (sender, receiver) = mpsc::channel(LINES_AHEAD);
    thread::spawn(move || {
        let mut stdin = io::stdin().lock();
        for number in 1_u64.. {
            let Some(line) = read_line(&mut stdin, kind, max_len).transpose() else { return };
            let line = line.map_err(|problem| format!("line {number} of the input: {problem}"));
            let is_last = line.is_err();
            if sender.blocking_send(line).is_err() || is_last {
                return;
            }
        }
    });
    receiver
}

/// The next line, without its end; `None` at the end of the input.
fn read_line(input: &mut impl BufRead, kind: MessageKind, max_len: u64) -> Result<Option<Message>, String> {
    const LINE_END: u64 = 2;
    let mut line = Vec::new();
    input
        .take(max_len.saturating_add(LINE_END))
        .read_until(b'\n', &mut line)
        .map_err(|error| error.to_string())?;
    if line.is_empty() {
        return Ok(None);
    }
    if line.pop_if(|last| *last == b'\n').is_some() {
        line.pop_if(|last| *last == b'\r');
    }
    if line.len() as u64 > max_len {
        return Err(format!("longer than {max_len} bytes; raise --max-message"));
    }
    if kind == MessageKind::Text && std::str::from_utf8(&line).is_err() {
        return Err("not UTF-8; use --binary".into());
    }
    Ok(Some(Message::from_parts(kind, Bytes::from(line))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(input: &[u8]) -> Vec<Result<Option<Message>, String>> {
        let mut input = input;
        let mut lines = Vec::new();
        loop {
            lines.push(read_line(&mut input, MessageKind::Text, 4));
            if !matches!(lines.last(), Some(Ok(Some(_)))) {
                return lines;
            }
        }
    }

    #[test]
    fn line_ends_are_not_part_of_messages() {
        let expected = ["a", "", "b", "abcd", "c"].map(|text| Ok(Some(Message::text(text))));
        let got = read(b"a\n\nb\r\nabcd\r\nc");
        assert_eq!(got[..5], expected);
        assert_eq!(got[5..], [Ok(None)]);
    }

    #[test]
    fn lines_that_are_too_long_or_not_utf_8_are_refused() {
        assert!(read(b"abcde\n")[0].as_ref().is_err_and(|problem| problem.contains("--max-message")));
        assert!(read(b"\xff\n")[0].as_ref().is_err_and(|problem| problem.contains("--binary")));
    }
}
