//! Programs that run for the time of a test.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long a program may take until it listens.
const START: Duration = Duration::from_secs(20);

/// A running program, which ends with this.
pub(crate) struct Program {
    child: Child,
    folder: PathBuf,
}

impl Program {
    /// Starts `name` with `arguments` and the path of a file with `config` behind them, and waits until it listens on
    /// `port`; `None` if it is not installed.
    pub(crate) fn start(name: &str, config: &str, arguments: &[&str], port: u16) -> Option<Self> {
        let folder = std::env::temp_dir().join(format!("wirebahn-{name}-{}-{port}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join("config");
        fs::write(&path, config).unwrap();
        let path = path.to_str().unwrap().to_owned();
        let arguments: Vec<_> = arguments.iter().copied().chain([path.as_str()]).collect();
        Self::spawn(name, &arguments, port, folder)
    }

    /// The same without a file.
    pub(crate) fn start_plain(name: &str, arguments: &[&str], port: u16) -> Option<Self> {
        Self::spawn(name, arguments, port, PathBuf::new())
    }

    fn spawn(name: &str, arguments: &[&str], port: u16, folder: PathBuf) -> Option<Self> {
        let spawned = [name.to_owned(), format!("/usr/sbin/{name}")].iter().find_map(|program| {
            Command::new(program).args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).spawn().ok()
        });
        let Some(child) = spawned else {
            assert!(std::env::var_os("CI").is_none(), "{name} is not installed");
            println!("SKIPPED: {name} is not installed");
            return None;
        };
        let mut program = Self { child, folder };
        let start = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(start.elapsed() < START, "{name} does not listen");
            assert!(program.child.try_wait().unwrap().is_none(), "{name} has ended");
            std::thread::sleep(Duration::from_millis(10));
        }
        Some(program)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if !self.folder.as_os_str().is_empty() {
            let _ = fs::remove_dir_all(&self.folder);
        }
    }
}

/// A port that nobody listens on at the moment.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
