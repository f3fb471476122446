//! One supervised program: run, watch, run again, stop.

use std::convert::Infallible;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader, Split};
use tokio::process::{Child, ChildStderr, ChildStdout, Command};
use tokio::sync::watch;

use super::Program;
use super::backoff::Backoff;
use super::log::Log;
use crate::servers::progress;
use crate::servers::signal::Signal;

/// A service drains its requests for 25 s when asked to stop; a little more, and it hangs.
const STOP_LIMIT: Duration = Duration::from_secs(30);
/// What a program said just before its end is still in the pipe; a grandchild may hold that open for ever.
const LAST_WORDS: Duration = Duration::from_millis(200);

/// Runs the program until `stop` says otherwise.
pub(super) async fn keep_running(binary: PathBuf, program: Program, mut log: Log, mut stop: watch::Receiver<bool>) {
    let mut backoff = Backoff::new();
    loop {
        let began = Instant::now();
        let end = match spawn(&binary, &program) {
            Ok(child) => attend(child, &program.name, &mut log, &mut stop).await,
            Err(error) => Some(format!("cannot start: {error}")),
        };
        let Some(end) = end else { return };
        let pause = backoff.after(began.elapsed());
        progress::say(
            &program.name,
            format_args!("{end}; starts again in {:.1} s, log in {}", pause.as_secs_f32(), log.path()),
        );
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = asked(&mut stop) => return,
        }
    }
}

/// Through `setpriv`, so that the program is asked to stop even when we are killed.
fn spawn(binary: &PathBuf, program: &Program) -> std::io::Result<Child> {
    Command::new("setpriv")
        .arg("--pdeathsig=TERM")
        .arg(binary)
        .args(&program.arguments)
        .envs(program.environment.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        // Ctrl-C at the terminal is for us; we pass it on in order.
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
}

/// Stays with a child until it ends: how, or nothing when it ended because it was asked to.
async fn attend(mut child: Child, name: &str, log: &mut Log, stop: &mut watch::Receiver<bool>) -> Option<String> {
    let began = Instant::now();
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let words = transcribe(out, err, log);
    tokio::pin!(words);
    tokio::select! {
        // `transcribe` never ends; it is here so that the pipes are emptied while we wait.
        never = &mut words => match never {},
        status = child.wait() => {
            let _ = tokio::time::timeout(LAST_WORDS, words).await;
            return Some(describe(status, began.elapsed()));
        }
        () = asked(stop) => {}
    }
    if let Some(pid) = child.id() {
        Signal::Terminate.send(pid);
    }
    let in_time = tokio::select! {
        never = &mut words => match never {},
        ended = tokio::time::timeout(STOP_LIMIT, child.wait()) => ended.is_ok(),
    };
    if !in_time {
        progress::say(name, format_args!("did not stop within {} s and is killed", STOP_LIMIT.as_secs()));
        let _ = child.kill().await;
    }
    let _ = tokio::time::timeout(LAST_WORDS, words).await;
    None
}

/// Waits for the request to stop; a supervisor that is gone counts as one.
async fn asked(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}

/// Writes what the child says into its log; a line that matters is shown as well.
async fn transcribe(out: Option<ChildStdout>, err: Option<ChildStderr>, log: &mut Log) -> Infallible {
    let mut out = out.map(|pipe| BufReader::new(pipe).split(b'\n'));
    let mut err = err.map(|pipe| BufReader::new(pipe).split(b'\n'));
    loop {
        let line = tokio::select! {
            line = next_line(&mut out) => line,
            line = next_line(&mut err) => line,
        };
        log.write(&String::from_utf8_lossy(&line));
    }
}

/// The next line; once the pipe is closed there is none to wait for, but still nothing to report.
async fn next_line<R: AsyncRead + Unpin>(pipe: &mut Option<Split<BufReader<R>>>) -> Vec<u8> {
    if let Some(lines) = pipe
        && let Ok(Some(line)) = lines.next_segment().await
    {
        return line;
    }
    *pipe = None;
    std::future::pending().await
}

fn describe(status: std::io::Result<ExitStatus>, alive: Duration) -> String {
    match status {
        Ok(status) => format!("ended by itself after {:.1} s ({status})", alive.as_secs_f32()),
        Err(error) => format!("was lost after {:.1} s ({error})", alive.as_secs_f32()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::supervise::Probe;

    #[tokio::test]
    async fn a_program_that_ends_starts_again_until_asked_to_stop() {
        let dir = std::env::temp_dir().join(format!("cairn-child-{}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        let program = Program {
            name: "catalog".to_owned(),
            arguments: ["-c", "cd $DIR; echo here I am; test -e again && exec sleep 60; touch again"]
                .map(Into::into)
                .into(),
            environment: vec![("DIR".to_owned(), dir.display().to_string())],
            probe: Probe { port: 0, path: String::new(), tls: false },
        };
        let log = Log::open(&dir, "catalog").unwrap();
        let (ask, stop) = watch::channel(false);
        let running = tokio::spawn(keep_running("/bin/sh".into(), program, log, stop));
        let said = || std::fs::read_to_string(dir.join("catalog.log")).unwrap_or_default();
        while said() != "here I am\nhere I am\n" {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert!(!running.is_finished());
        ask.send(true).unwrap();
        tokio::time::timeout(Duration::from_secs(10), running).await.unwrap().unwrap();
        std::fs::remove_dir_all(dir).unwrap();
    }
}
