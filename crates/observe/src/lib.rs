//! Logs, metrics and traces.
//!
//! Logs are one JSON line each (or text for people) on standard error. Metrics are printed for Prometheus on demand.
//! Traces leave as OTLP when an endpoint is configured; trace ids exist either way, because problems, events and the
//! audit trail name them.

mod outage;

use std::sync::OnceLock;
use std::time::Duration;

use kernel::Trace;
use kernel::config::Observe;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState, TracerProvider};
use opentelemetry_otlp::WithExportConfig;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, Registry};

pub use outage::Outage;

/// Whoever loses the broker says so; the client library under it would say it three times more, as an error. And a request
/// that is no HTTP is its sender's error, not one of ours: anybody could fill the log with them.
const QUIET: &str = "lapin=off,actix_http=off";
/// Histograms keep every sample until it is gathered, also when nobody asks for the metrics.
const GATHER_EVERY: Duration = Duration::from_secs(5);

static TRACES: OnceLock<SdkTracerProvider> = OnceLock::new();
static METRICS: OnceLock<PrometheusHandle> = OnceLock::new();
/// Upper bounds of every histogram: all of them measure seconds.
const SECONDS: [f64; 13] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// Starts logging and, when an endpoint is set, tracing. Calling it again changes nothing.
pub fn start(config: &Observe, service: &str) {
    let filter = format!("{QUIET},{}", config.filter);
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new(format!("{QUIET},info")));
    let lines: Box<dyn Layer<Registry> + Send + Sync> = if config.json {
        let layer =
            tracing_subscriber::fmt::layer().json().flatten_event(true).with_current_span(true).with_span_list(false);
        Box::new(layer.with_writer(std::io::stderr).with_filter(filter))
    } else {
        Box::new(tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_filter(filter))
    };
    let traces = config.otlp_endpoint.as_deref().and_then(|endpoint| exporter(endpoint, service)).map(|provider| {
        let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("cairn"));
        let _first = TRACES.set(provider);
        // Only our own work: the libraries' debug spans would drown it.
        layer.with_filter(EnvFilter::new("off,bus=info,web=info,gateway=info,jobs=info,clients=info"))
    });
    let _already = tracing_subscriber::registry().with(lines).with(traces).try_init();
    let _handle = metrics_handle();
}

/// Sends what is still buffered; call it last.
pub fn stop() {
    if let Some(provider) = TRACES.get()
        && let Err(error) = provider.shutdown()
    {
        tracing::warn!(%error, "traces were lost at shutdown");
    }
}

/// The metrics of this process in Prometheus' text format.
#[must_use]
pub fn metrics() -> String {
    metrics_handle().render()
}

/// Places `span` under `parent` and says where work inside it belongs: what to hand on to events and upstreams.
#[must_use]
pub fn continue_trace(parent: Trace, span: &Span) -> Trace {
    if TRACES.get().is_none() {
        return parent.child();
    }
    let remote = SpanContext::new(
        TraceId::from(parent.trace_id()),
        SpanId::from(parent.span_id()),
        TraceFlags::new(u8::from(parent.sampled())),
        true,
        TraceState::default(),
    );
    let _disabled = span.set_parent(opentelemetry::Context::new().with_remote_span_context(remote));
    let context = span.context();
    let own = context.span().span_context().clone();
    if own.is_valid() {
        Trace::of(
            u128::from_be_bytes(own.trace_id().to_bytes()),
            u64::from_be_bytes(own.span_id().to_bytes()),
            own.is_sampled(),
        )
    } else {
        parent.child()
    }
}

fn metrics_handle() -> &'static PrometheusHandle {
    METRICS.get_or_init(|| {
        let recorder = PrometheusBuilder::new();
        // Buckets can be added up over replicas, quantiles cannot.
        let recorder = recorder.set_buckets(&SECONDS).unwrap_or_else(|_| PrometheusBuilder::new()).build_recorder();
        let handle = recorder.handle();
        let _already = metrics::set_global_recorder(recorder);
        let gathering = handle.clone();
        std::thread::spawn(move || {
            loop {
                std::thread::sleep(GATHER_EVERY);
                gathering.run_upkeep();
            }
        });
        handle
    })
}

fn exporter(endpoint: &str, service: &str) -> Option<SdkTracerProvider> {
    let exporter = opentelemetry_otlp::SpanExporter::builder()
        .with_http()
        .with_endpoint(format!("{}/v1/traces", endpoint.trim_end_matches('/')))
        .build();
    match exporter {
        Ok(exporter) => Some(
            SdkTracerProvider::builder()
                .with_batch_exporter(exporter)
                .with_resource(Resource::builder().with_service_name(format!("cairn-{service}")).build())
                .build(),
        ),
        Err(error) => {
            eprintln!("traces are off: {error}");
            None
        }
    }
}
