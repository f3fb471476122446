//! The messages of OTLP over HTTP, as protobuf or as JSON.

use kernel::Problem;
use kernel::problem::{MEDIA_TYPE_UNSUPPORTED, REQUEST_MALFORMED};
use opentelemetry_proto::tonic::collector::metrics::v1::{
    ExportMetricsPartialSuccess, ExportMetricsServiceRequest, ExportMetricsServiceResponse,
};
use prost::Message;
use serde_json::json;

/// How a message is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Notation {
    Protobuf,
    Json,
}

impl Notation {
    pub(super) fn of(content_type: &str) -> Result<Self, Problem> {
        match content_type {
            "application/x-protobuf" => Ok(Self::Protobuf),
            "application/json" => Ok(Self::Json),
            _ => Err(MEDIA_TYPE_UNSUPPORTED.detail("Send application/x-protobuf or application/json.")),
        }
    }

    pub(super) fn content_type(self) -> &'static str {
        match self {
            Self::Protobuf => "application/x-protobuf",
            Self::Json => "application/json",
        }
    }

    pub(super) fn read(self, bytes: &[u8]) -> Result<ExportMetricsServiceRequest, Problem> {
        match self {
            Self::Protobuf => ExportMetricsServiceRequest::decode(bytes).map_err(|error| {
                REQUEST_MALFORMED.detail(format!("The body is no ExportMetricsServiceRequest: {error}."))
            }),
            Self::Json => web::json(bytes),
        }
    }

    /// The answer: all was taken; or so many points were not, maybe none, and what there is to tell.
    pub(super) fn answer(self, rejected: usize, why: &str) -> Vec<u8> {
        let rejected = i64::try_from(rejected).unwrap_or(i64::MAX);
        match self {
            Self::Protobuf => {
                let partial =
                    ExportMetricsPartialSuccess { rejected_data_points: rejected, error_message: why.to_owned() };
                let partial_success = (!why.is_empty()).then_some(partial);
                ExportMetricsServiceResponse { partial_success }.encode_to_vec()
            }
            Self::Json if why.is_empty() => b"{}".to_vec(),
            // A 64-bit number is text in protobuf's JSON.
            Self::Json => {
                let partial = json!({ "rejectedDataPoints": rejected.to_string(), "errorMessage": why });
                json!({ "partialSuccess": partial }).to_string().into_bytes()
            }
        }
    }
}
