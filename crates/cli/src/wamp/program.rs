//! The program that answers calls.

use std::fmt;
use std::io;
use std::process::Stdio;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{ChildStdin, Command};

use crate::Failure;

/// The longest result: what routers take in a message.
const MAX_OUTPUT: u64 = 16 << 20;
/// How much of stderr a caller is told.
const MAX_ERRORS: u64 = 4096;

/// A program and its arguments.
#[derive(Debug)]
pub(super) struct Program {
    name: String,
    arguments: Vec<String>,
}

impl Program {
    pub(super) fn new(command: Vec<String>) -> Result<Self, Failure> {
        let mut words = command.into_iter();
        let name = words.next().ok_or_else(|| Failure::Usage("write a COMMAND behind --".into()))?;
        Ok(Self { name, arguments: words.collect() })
    }

    /// Runs it with a line of input, and gives its output. Dropping the future kills it.
    pub(super) async fn run(&self, input: &str) -> Result<Vec<u8>, ProgramError> {
        let mut command = Command::new(&self.name);
        command.args(&self.arguments).kill_on_drop(true);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        // Ctrl-C is for this command, which lets calls that are under way finish.
        #[cfg(unix)]
        command.process_group(0);
        let mut child = command.spawn().map_err(|error| ProgramError::NotRun(self.name.clone(), error))?;
        let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        // All at once: it may write before it has read everything.
        let ((), output, errors) =
            tokio::try_join!(write(stdin, input), read(stdout, MAX_OUTPUT), read(stderr, MAX_ERRORS))?;
        let status = child.wait().await?;
        if !status.success() {
            let text = String::from_utf8_lossy(&errors.start).trim().to_owned();
            return Err(ProgramError::Failed(if text.is_empty() { status.to_string() } else { text }));
        }
        if output.is_cut {
            return Err(ProgramError::TooLong);
        }
        Ok(output.start)
    }
}

/// What was read, up to a limit.
struct Read {
    start: Vec<u8>,
    is_cut: bool,
}

/// Reads to the end, and keeps only so much.
async fn read(pipe: Option<impl AsyncRead + Unpin>, limit: u64) -> io::Result<Read> {
    let mut start = Vec::new();
    let Some(mut pipe) = pipe else { return Ok(Read { start, is_cut: false }) };
    (&mut pipe).take(limit).read_to_end(&mut start).await?;
    let rest = tokio::io::copy(&mut pipe, &mut tokio::io::sink()).await?;
    Ok(Read { start, is_cut: rest > 0 })
}

/// Writes the line and closes the pipe.
async fn write(pipe: Option<ChildStdin>, line: &str) -> io::Result<()> {
    let Some(mut pipe) = pipe else { return Ok(()) };
    let written = async {
        pipe.write_all(line.as_bytes()).await?;
        pipe.write_all(b"\n").await?;
        pipe.shutdown().await
    };
    match written.await {
        // It need not read.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}

/// Why there is no output. Callers are told this.
#[derive(Debug)]
pub(super) enum ProgramError {
    /// The program of this name could not be run.
    NotRun(String, io::Error),
    /// Its input or output broke.
    Io(io::Error),
    /// It says so itself: what it wrote to stderr, or its status.
    Failed(String),
    /// It wrote too much.
    TooLong,
}

impl From<io::Error> for ProgramError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl fmt::Display for ProgramError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotRun(name, error) => write!(f, "cannot run {name}: {error}"),
            Self::Io(error) => write!(f, "cannot talk to the program: {error}"),
            Self::Failed(text) => f.write_str(text),
            Self::TooLong => write!(f, "the result is longer than {MAX_OUTPUT} bytes"),
        }
    }
}

impl std::error::Error for ProgramError {}
