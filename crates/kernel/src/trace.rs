//! W3C trace context: one trace id from the first request through every event to the last consumer.

use std::fmt;

use uuid::Uuid;

/// Where in a trace some work belongs. Carried by requests, events and jobs; printed as `traceparent`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trace {
    trace_id: u128,
    span_id: u64,
    sampled: bool,
}

impl Trace {
    /// A new trace with a random id.
    #[must_use]
    pub fn start() -> Self {
        // A UUIDv7 starts with the time, which makes trace ids sort; its random half makes them unique.
        Self { trace_id: Uuid::now_v7().as_u128(), span_id: fresh_span_id(), sampled: true }
    }

    /// A trace known elsewhere, as OpenTelemetry's spans know theirs.
    #[must_use]
    pub const fn of(trace_id: u128, span_id: u64, sampled: bool) -> Self {
        Self { trace_id, span_id, sampled }
    }

    /// The next step of the same trace.
    #[must_use]
    pub fn child(self) -> Self {
        Self { span_id: fresh_span_id(), ..self }
    }

    /// Reads a `traceparent` header; `None` when it is not one, as the standard asks: start anew, never fail.
    #[must_use]
    pub fn parse(header: &str) -> Option<Self> {
        let mut parts = header.trim().splitn(4, '-');
        let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        if version.len() != 2 || version == "ff" || trace.len() != 32 || span.len() != 16 {
            return None;
        }
        let trace_id = u128::from_str_radix(trace, 16).ok().filter(|id| *id != 0)?;
        let span_id = u64::from_str_radix(span, 16).ok().filter(|id| *id != 0)?;
        let flags = u8::from_str_radix(flags.get(..2)?, 16).ok()?;
        Some(Self { trace_id, span_id, sampled: flags & 1 == 1 })
    }

    /// The trace id as problems and logs show it: 32 hex digits.
    #[must_use]
    pub fn id(&self) -> String {
        format!("{:032x}", self.trace_id)
    }

    /// The raw trace id.
    #[must_use]
    pub const fn trace_id(&self) -> u128 {
        self.trace_id
    }

    /// The raw span id.
    #[must_use]
    pub const fn span_id(&self) -> u64 {
        self.span_id
    }

    /// Whether the trace is recorded.
    #[must_use]
    pub const fn sampled(&self) -> bool {
        self.sampled
    }
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{:032x}-{:016x}-{:02x}", self.trace_id, self.span_id, u8::from(self.sampled))
    }
}

/// The half of a UUIDv7 without the time; its variant bits keep it from being 0.
fn fresh_span_id() -> u64 {
    Uuid::now_v7().as_u64_pair().1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_survives_its_header() {
        let trace = Trace::start();
        assert_eq!(Trace::parse(&trace.to_string()), Some(trace));
    }

    #[test]
    fn what_is_not_a_traceparent_is_ignored() {
        for header in [
            "",
            "00",
            "00-0-0-00",
            "zz-11-22-33",
            "ff-00000000000000000000000000000001-0000000000000001-01",
            "00-00000000000000000000000000000000-0000000000000001-01",
            "00-0000000000000000000000000000000g-0000000000000001-01",
            "00-00000000000000000000000000000001-0000000000000001-é",
        ] {
            assert_eq!(Trace::parse(header), None, "{header}");
        }
    }
}
