//! The service as a child process, started as an operator would start it.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::DemoError;
use crate::adapters::ids::SystemIds;
use crate::ports::ids::IdSource;

/// Longest wait for an orderly end.
const STOP_WITHIN: Duration = Duration::from_secs(15);

/// A running service; killed when dropped.
pub(super) struct Server {
    child: Child,
    ready: Value,
}

/// The administrator's key of this demo, the same before and after the restart.
fn demo_key() -> &'static str {
    static KEY: OnceLock<String> = OnceLock::new();
    KEY.get_or_init(|| format!("ssk_demo_{}", hex::encode(SystemIds.secret(16))))
}

impl Server {
    /// Starts `stata-service serve` on a free port and waits for its ready line.
    pub(super) async fn start(folder: &Path) -> Result<Server, DemoError> {
        let program = std::env::current_exe()?;
        let log = std::fs::File::options().create(true).append(true).open(folder.join("service.log"))?;
        let mut child = Command::new(program)
            .arg("serve")
            .env("SS_LISTEN", "127.0.0.1:0")
            .env("SS_DATA_DIR", folder.join("data"))
            .env("SS_BOOTSTRAP_ADMIN_KEY", demo_key())
            // a few megabytes are enough, however full a large volume is
            .env("SS_DISK__LOW_MB", "64")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()?;
        let stdout = child.stdout.take().expect("the output is piped");
        let line = std::thread::spawn(move || {
            let mut line = String::new();
            BufReader::new(stdout).read_line(&mut line).map(|_| line)
        });
        while !line.is_finished() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let line =
            line.join().map_err(|_| DemoError::Failed("the output could not be read".to_owned()))??;
        let ready: Value = serde_json::from_str(&line).map_err(|_| {
            DemoError::Failed(format!(
                "the service did not start; see {}",
                folder.join("service.log").display()
            ))
        })?;
        Ok(Server { child, ready })
    }

    /// Returns the address of the ready line.
    pub(super) fn address(&self) -> &str {
        self.ready["address"].as_str().unwrap_or_default()
    }

    /// Returns the engine of the ready line.
    pub(super) fn engine(&self) -> &str {
        self.ready["engine"].as_str().unwrap_or_default()
    }

    /// Returns the administrator's key.
    pub(super) fn admin_key(&self) -> &str {
        demo_key()
    }

    /// Kills the service at once.
    pub(super) fn kill(&mut self) -> Result<(), DemoError> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Ends the service in order (SIGTERM) and checks that it exits with 0.
    pub(super) async fn stop(mut self) -> Result<(), DemoError> {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).map_err(std::io::Error::from)?;
        let started = Instant::now();
        while started.elapsed() < STOP_WITHIN {
            if let Some(status) = self.child.try_wait()? {
                return if status.success() {
                    Ok(())
                } else {
                    Err(DemoError::Failed(format!("the service ended with {status}")))
                };
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Err(DemoError::Failed("the service did not end in time".to_owned()))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Already over after `kill` and `stop`.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
