//! The log: one record per line, nothing secret in it, and no line that a visitor made up.
//!
//! Addresses are logged as the pattern of their route, never with their query. Modules that are
//! not ours are held to `info`, since what they say below that shows whole headers and bodies.

use std::{
    borrow::Cow,
    fmt::Write as _,
    io::{self, Write},
    panic::{self, PanicHookInfo},
};

use tracing::{Level, Metadata};
use tracing_subscriber::{
    EnvFilter, Layer as _, filter, fmt, layer::SubscriberExt as _, util::SubscriberInitExt as _,
};

use crate::config::{Log, LogFormat};

/// Why the log could not be started.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    #[error("the filter cannot be read: {0}")]
    Filter(#[from] filter::ParseError),
    #[error("a log is running already: {0}")]
    Running(#[from] tracing_subscriber::util::TryInitError),
}

/// Starts the log of this process, on its standard error.
///
/// # Errors
/// [`TelemetryError`] if the filter is no filter, or the log was started before.
pub fn start(settings: &Log) -> Result<(), TelemetryError> {
    let filter = EnvFilter::try_new(&settings.filter)?;
    let lines = fmt::layer().with_ansi(false);
    let layer = match settings.format {
        LogFormat::Json => lines.json().flatten_event(true).with_writer(io::stderr).boxed(),
        LogFormat::Text => lines.with_writer(|| OneLine(io::stderr())).boxed(),
    };
    let quiet = filter::filter_fn(may_be_told);
    tracing_subscriber::registry().with(filter).with(layer.with_filter(quiet)).try_init()?;
    panic::set_hook(Box::new(log_panic));
    Ok(())
}

/// Whether a record may be written, whatever the operator's filter says.
fn may_be_told(metadata: &Metadata<'_>) -> bool {
    let is_ours = ["hilum", "idp_core"].iter().any(|name| metadata.target().starts_with(name));
    is_ours || *metadata.level() <= Level::INFO
}

/// Logs where a panic happened. A message that was put together at run time may hold what a
/// person typed, so only a fixed one is told.
fn log_panic(panic: &PanicHookInfo<'_>) {
    let message = panic.payload().downcast_ref::<&'static str>().copied().unwrap_or("withheld");
    let place = panic.location().map(ToString::to_string).unwrap_or_default();
    tracing::error!(place, message, "panic");
}

/// Writes each record as one line, with control characters spelt out.
struct OneLine<W>(W);

impl<W: Write> Write for OneLine<W> {
    /// The formatting layer hands over a whole record at a time.
    fn write(&mut self, record: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(record);
        let line = text.strip_suffix('\n').unwrap_or(&text);
        let mut line = spell_out(line).into_owned();
        line.push('\n');
        self.0.write_all(line.as_bytes())?;
        Ok(record.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Replaces what could end a line or steer a terminal.
fn spell_out(text: &str) -> Cow<'_, str> {
    // The last two are line breaks to some viewers, though no control characters.
    let steers = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    if !text.contains(steers) {
        return Cow::Borrowed(text);
    }
    let mut spelt = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if steers(c) {
            // Writing to a String cannot fail.
            let _ = write!(spelt, "{}", c.escape_default());
        } else {
            spelt.push(c);
        }
    }
    Cow::Owned(spelt)
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Memory(Arc<Mutex<Vec<u8>>>);

    impl Write for Memory {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_forged_line_stays_inside_its_record() {
        let memory = Memory::default();
        let sink = memory.clone();
        let layer =
            fmt::layer().with_ansi(false).with_writer(move || OneLine(sink.clone())).boxed();
        let subscriber = tracing_subscriber::registry().with(layer);
        tracing::subscriber::with_default(subscriber, || {
            let name = "x\n2026-11-22 ERROR forged\r\u{1b}[2J\u{85}\u{2028}end";
            tracing::warn!(%name, "wrong password");
        });
        let bytes = memory.0.lock().unwrap().clone();
        let written = String::from_utf8(bytes).unwrap();
        assert_eq!(written.lines().count(), 1, "{written:?}");
        assert!(!written.trim_end().contains(char::is_control), "{written:?}");
        assert!(written.contains(r"x\n2026-11-22 ERROR forged\r"), "{written:?}");
        assert!(written.contains(r"\u{85}\u{2028}end"), "{written:?}");
    }

    #[test]
    fn other_peoples_modules_keep_their_details_to_themselves() {
        let memory = Memory::default();
        let sink = memory.clone();
        let layer = fmt::layer()
            .with_writer(move || sink.clone())
            .with_filter(filter::filter_fn(may_be_told));
        let subscriber = tracing_subscriber::registry().with(EnvFilter::new("trace")).with(layer);
        tracing::subscriber::with_default(subscriber, || {
            tracing::debug!(target: "h2::codec", "authorization: Basic c2VjcmV0");
            tracing::info!(target: "h2::codec", "closed");
            tracing::debug!(target: "hilum::http", "a request");
        });
        let bytes = memory.0.lock().unwrap().clone();
        let written = String::from_utf8(bytes).unwrap();
        assert!(!written.contains("Basic"), "{written}");
        assert!(written.contains("closed") && written.contains("a request"), "{written}");
    }
}
