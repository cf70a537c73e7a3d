//! A line of JSON per request, written by a thread of its own. A request never waits for the log:
//! when the writer is behind, lines are dropped and counted.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::net::IpAddr;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use athenz_model::Timestamp;
use http::header::{HeaderValue, USER_AGENT};
use http::{Method, StatusCode, Uri};
use prometheus_client::metrics::counter::Counter;
use serde::Serialize;

use crate::caller::Principal;
use crate::metrics::Metrics;
use crate::router::call::RequestId;

/// Lines that may wait for the writer.
const QUEUE: usize = 16 * 1024;

/// The most characters of a path or user agent that are written.
const MAX_TEXT: usize = 1024;

/// How long lines gather while there are some.
const GATHER: Duration = Duration::from_millis(10);

/// How often the writer looks whether its file was moved away (log rotation).
const ROTATION_CHECK: Duration = Duration::from_secs(5);

/// Where requests are logged. Clones share one writer, which ends with the last of them.
#[derive(Clone, Debug)]
pub struct AccessLog {
    queue: SyncSender<Message>,
    dropped: Counter,
}

#[derive(Debug)]
enum Message {
    Record(Box<AccessRecord>),
    /// Write everything out, then say so.
    Flush(SyncSender<()>),
}

impl AccessLog {
    /// Appends to a file. If the file is moved away, a new one is begun.
    ///
    /// # Errors
    /// The file cannot be opened.
    pub fn file(path: &Path) -> io::Result<Self> {
        let file = RotatedFile::open(path.to_owned())?;
        Self::writer(file)
    }

    /// Writes to anything: standard output, a buffer in tests.
    ///
    /// # Errors
    /// No thread can be started.
    pub fn writer(sink: impl Write + Send + 'static) -> io::Result<Self> {
        let (queue, records) = sync_channel(QUEUE);
        let dropped = Counter::default();
        let counter = dropped.clone();
        std::thread::Builder::new()
            .name("access-log".to_owned())
            .spawn(move || write_records(&records, &counter, BufWriter::new(sink)))?;
        Ok(Self { queue, dropped })
    }

    /// Lines lost so far because the writer was behind or the disk refused them.
    pub fn dropped(&self) -> u64 {
        self.dropped.get()
    }

    /// Shows the lines lost among these metrics.
    pub fn register(&self, metrics: &Metrics) {
        let help = "Lines of the access log that could not be written";
        metrics
            .register(|registry| registry.register("access_log_lines_dropped", help, self.dropped.clone()));
    }

    /// Waits until everything logged before is written; for the end of the process.
    pub fn flush(&self) {
        let (done, wait) = sync_channel(1);
        if self.queue.send(Message::Flush(done)).is_ok() {
            // the writer answers or is gone; both mean there is nothing to wait for
            let _ = wait.recv_timeout(Duration::from_secs(5));
        }
    }

    pub(crate) fn write(&self, record: AccessRecord) {
        if self.queue.try_send(Message::Record(Box::new(record))).is_err() {
            self.dropped.inc();
        }
    }
}

fn write_records(records: &Receiver<Message>, dropped: &Counter, mut sink: impl Write) {
    let mut is_busy = false;
    loop {
        let message = match records.try_recv() {
            Ok(message) => Ok(message),
            Err(_) => {
                // nothing waits: what is buffered goes out now
                if sink.flush().is_err() {
                    dropped.inc();
                }
                if std::mem::take(&mut is_busy) {
                    // on a busy server being woken for each line would cost more than writing it
                    std::thread::sleep(GATHER);
                    continue;
                }
                records.recv_timeout(ROTATION_CHECK)
            }
        };
        match message {
            Ok(Message::Record(record)) => {
                is_busy = true;
                if record.write(&mut sink).is_err() {
                    dropped.inc();
                }
            }
            Ok(Message::Flush(done)) => {
                let _ = sink.flush();
                let _ = done.try_send(());
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

/// A file that is begun anew when somebody moved it away.
#[derive(Debug)]
struct RotatedFile {
    path: PathBuf,
    file: File,
    checked: Instant,
}

impl RotatedFile {
    fn open(path: PathBuf) -> io::Result<Self> {
        let file = OpenOptions::new().create(true).append(true).open(&path)?;
        Ok(Self { path, file, checked: Instant::now() })
    }

    fn is_moved(&self) -> bool {
        let ours = self.file.metadata().map(|metadata| (metadata.dev(), metadata.ino()));
        let there = std::fs::metadata(&self.path).map(|metadata| (metadata.dev(), metadata.ino()));
        !matches!((ours, there), (Ok(ours), Ok(there)) if ours == there)
    }
}

impl Write for RotatedFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.checked.elapsed() >= ROTATION_CHECK {
            self.checked = Instant::now();
            if self.is_moved() {
                *self = Self::open(self.path.clone())?;
            }
        }
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// One request. Holds references into it; texts are made by the writer.
#[derive(Debug)]
pub(crate) struct AccessRecord {
    time: Timestamp,
    id: RequestId,
    method: Method,
    uri: Uri,
    user_agent: Option<HeaderValue>,
    end: Option<End>,
}

#[derive(Debug)]
struct End {
    remote: IpAddr,
    principal: Option<Arc<Principal>>,
    note: Option<Box<str>>,
    status: StatusCode,
    bytes: Option<u64>,
    elapsed: Duration,
}

impl AccessRecord {
    /// Keeps what is needed of a request.
    pub(crate) fn start(parts: &http::request::Parts, id: RequestId, time: Timestamp) -> Self {
        Self {
            time,
            id,
            method: parts.method.clone(),
            uri: parts.uri.clone(),
            user_agent: parts.headers.get(USER_AGENT).cloned(),
            end: None,
        }
    }

    pub(crate) fn finish(
        mut self,
        remote: IpAddr,
        principal: Option<Arc<Principal>>,
        note: Option<Box<str>>,
        status: StatusCode,
        bytes: Option<u64>,
        elapsed: Duration,
    ) -> Self {
        self.end = Some(End { remote, principal, note, status, bytes, elapsed });
        self
    }

    fn write(&self, sink: &mut impl Write) -> io::Result<()> {
        let Some(end) = &self.end else { return Ok(()) };
        let agent = self.user_agent.as_ref().map(|value| String::from_utf8_lossy(value.as_bytes()));
        let line = Line {
            time: self.time,
            request: self.id.to_string(),
            peer: end.remote,
            principal: end.principal.as_deref().map(Principal::log_name),
            authority: end.principal.as_deref().map_or("Auth-None", |principal| principal.authority),
            method: cut(self.method.as_str()),
            // the query stays out of the log: it may hold tokens
            path: cut(self.uri.path()),
            status: end.status.as_u16(),
            bytes: end.bytes,
            micros: u64::try_from(end.elapsed.as_micros()).unwrap_or(u64::MAX),
            agent: agent.as_deref().map(cut),
            note: end.note.as_deref().map(cut),
        };
        serde_json::to_writer(&mut *sink, &line)?;
        sink.write_all(b"\n")
    }
}

/// A line as it is written. JSON escapes control characters, so no text can end the line.
#[derive(Serialize)]
struct Line<'a> {
    time: Timestamp,
    request: String,
    peer: IpAddr,
    principal: Option<&'a str>,
    authority: &'a str,
    method: &'a str,
    path: &'a str,
    status: u16,
    bytes: Option<u64>,
    micros: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    agent: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'a str>,
}

fn cut(text: &str) -> &str {
    text.char_indices().nth(MAX_TEXT).map_or(text, |(end, _)| text.get(..end).unwrap_or(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    #[derive(Clone, Default)]
    struct Buffer(Arc<Mutex<Vec<u8>>>);

    impl Write for Buffer {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn record(agent: &[u8]) -> AccessRecord {
        let request =
            http::Request::get("/zms/v1/domain?token=secret").header(USER_AGENT, agent).body(()).unwrap();
        let id = RequestId { process: 1, number: 2 };
        let (parts, ()) = request.into_parts();
        let started = AccessRecord::start(&parts, id, Timestamp::EPOCH);
        started.finish([192, 0, 2, 1].into(), None, None, StatusCode::OK, Some(7), Duration::from_micros(42))
    }

    #[test]
    fn a_line_holds_the_request_and_no_query() {
        let buffer = Buffer::default();
        let log = AccessLog::writer(buffer.clone()).unwrap();
        log.write(record(b"curl \"x\" \xff"));
        log.flush();
        let text = String::from_utf8(buffer.0.lock().unwrap().clone()).unwrap();
        let line: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(text.lines().count(), 1, "{text}");
        assert_eq!(line["path"], "/zms/v1/domain");
        assert_eq!(
            (line["status"].as_u64(), line["micros"].as_u64(), line["bytes"].as_u64()),
            (Some(200), Some(42), Some(7))
        );
        assert_eq!((&line["request"], &line["peer"]), (&"00000001-2".into(), &"192.0.2.1".into()));
        assert_eq!(line["time"], "1970-01-01T00:00:00.000Z");
    }

    #[test]
    fn a_moved_file_is_begun_anew() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("access.log");
        let mut file = RotatedFile::open(path.clone()).unwrap();
        file.write_all(b"one\n").unwrap();
        std::fs::rename(&path, folder.path().join("old")).unwrap();
        assert!(file.is_moved());
        let long_ago = Instant::now().checked_sub(ROTATION_CHECK).unwrap();
        file.checked = long_ago;
        file.write_all(b"two\n").unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "two\n");
    }

    #[test]
    fn a_stuck_writer_costs_lines_not_time() {
        let (queue, records) = sync_channel(1);
        let log = AccessLog { queue, dropped: Counter::default() };
        for _ in 0..3 {
            log.write(record(b"x"));
        }
        assert_eq!(log.dropped(), 2);
        drop(records);
    }
}
