//! Bodies of bulk data, which may come packed: with gzip or zstd, as `Content-Encoding` says.

use std::io::Read;

use actix_web::dev::Payload;
use actix_web::http::header::CONTENT_ENCODING;
use actix_web::web::{Bytes, block};
use actix_web::{FromRequest, HttpRequest};
use flate2::bufread::MultiGzDecoder;
use futures_util::future::LocalBoxFuture;
use kernel::Problem;
use kernel::problem::REQUEST_MALFORMED;
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

use crate::failure::Failure;
use crate::input::{RawBody, body_limit, collect, content_type, remember};
use crate::refusals;

/// The most frames of one body: each sets a decoder up.
const MOST_FRAMES: usize = 1_000;

/// The bytes of a body that may come packed; unpacked, they are no more than a body may have.
pub struct PackedBody(pub RawBody);

/// How a body is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Packing {
    Gzip,
    Zstd,
}

impl FromRequest for PackedBody {
    type Error = Failure;
    type Future = LocalBoxFuture<'static, Result<Self, Failure>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let (limit, packing) = (body_limit(&request), Packing::of(&request)?);
            let bytes = collect(&request, payload, limit).await?;
            let bytes = match packing {
                Some(packing) => block(move || packing.unpack(&bytes, limit)).await.map_err(Problem::internal)??.into(),
                None => bytes,
            };
            remember(&request, &bytes);
            Ok(Self(RawBody { bytes, content_type: content_type(&request) }))
        })
    }
}

impl Packing {
    fn of(request: &HttpRequest) -> Result<Option<Self>, Problem> {
        let Some(named) = request.headers().get(CONTENT_ENCODING) else { return Ok(None) };
        match named.to_str().unwrap_or_default().trim().to_ascii_lowercase().as_str() {
            "" | "identity" => Ok(None),
            "gzip" | "x-gzip" => Ok(Some(Self::Gzip)),
            "zstd" => Ok(Some(Self::Zstd)),
            _ => Err(refusals::unknown_packing()),
        }
    }

    fn unpack(self, packed: &Bytes, limit: usize) -> Result<Vec<u8>, Problem> {
        match self {
            Self::Gzip => gzip(packed, limit),
            Self::Zstd => zstd(packed, limit),
        }
    }
}

fn gzip(packed: &[u8], limit: usize) -> Result<Vec<u8>, Problem> {
    let mut bytes = Vec::new();
    let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    MultiGzDecoder::new(packed)
        .take(most)
        .read_to_end(&mut bytes)
        .map_err(|error| REQUEST_MALFORMED.detail(format!("The body is no gzip: {error}.")))?;
    if bytes.len() > limit { Err(refusals::body_inflates(limit)) } else { Ok(bytes) }
}

/// Frame by frame. A frame names the window it wants kept in memory; what is decoded is bounded instead, so that a name costs
/// nothing.
fn zstd(mut packed: &[u8], limit: usize) -> Result<Vec<u8>, Problem> {
    let unreadable = |error: String| REQUEST_MALFORMED.detail(format!("The body is no zstd: {error}."));
    let mut bytes = Vec::new();
    let mut frames = 0;
    while !packed.is_empty() || frames == 0 {
        frames += 1;
        if frames > MOST_FRAMES {
            return Err(unreadable(format!("it has more than {MOST_FRAMES} frames")));
        }
        let mut decoder = FrameDecoder::new();
        match decoder.init(&mut packed) {
            Ok(()) => {}
            Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame { length, .. })) => {
                let length = usize::try_from(length).unwrap_or(usize::MAX);
                packed = packed.get(length..).ok_or_else(|| unreadable("it ends too early".to_owned()))?;
                continue;
            }
            Err(error) => return Err(unreadable(error.to_string())),
        }
        let left = limit - bytes.len();
        let decoded = decoder.decode_blocks(&mut packed, BlockDecodingStrategy::UptoBytes(left + 1));
        decoded.map_err(|error| unreadable(error.to_string()))?;
        let frame = decoder.is_finished().then(|| decoder.collect().unwrap_or_default());
        match frame.filter(|frame| frame.len() <= left) {
            Some(frame) => bytes.extend(frame),
            None => return Err(refusals::body_inflates(limit)),
        }
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use ruzstd::encoding::{CompressionLevel, compress_to_vec};
    use std::io::Write;

    fn gzipped(bytes: &[u8]) -> Vec<u8> {
        let mut out = GzEncoder::new(Vec::new(), Compression::fast());
        out.write_all(bytes).unwrap();
        out.finish().unwrap()
    }

    fn zstd_of(bytes: &[u8]) -> Vec<u8> {
        compress_to_vec(bytes, CompressionLevel::Fastest)
    }

    #[test]
    fn what_was_packed_comes_out_again_also_in_several_pieces() {
        let text = "a value, and another one; ".repeat(20_000);
        let (first, second) = text.as_bytes().split_at(300_000);
        let limit = text.len();
        assert_eq!(gzip(&gzipped(text.as_bytes()), limit).unwrap(), text.as_bytes());
        assert_eq!(gzip(&[gzipped(first), gzipped(second)].concat(), limit).unwrap(), text.as_bytes());
        assert_eq!(zstd(&zstd_of(text.as_bytes()), limit).unwrap(), text.as_bytes());
        let skipped = [0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3];
        let pieces = [skipped.to_vec(), zstd_of(first), zstd_of(second), skipped.to_vec()].concat();
        assert_eq!(zstd(&pieces, limit).unwrap(), text.as_bytes());
        assert_eq!(zstd(&zstd_of(b""), limit).unwrap(), b"");
    }

    #[test]
    fn a_bomb_is_refused_before_it_goes_off() {
        let bomb = vec![0; 20_000_000];
        for unpacked in [gzip(&gzipped(&bomb), 1_000), zstd(&zstd_of(&bomb), 1_000)] {
            assert_eq!(unpacked.unwrap_err().kind().status, 413);
        }
        let twice = [zstd_of(&bomb[..600]), zstd_of(&bomb[..600])].concat();
        assert_eq!(zstd(&twice, 1_000).unwrap_err().kind().status, 413);
        // A frame that wants a window of some terabytes, and has one empty block.
        let vain = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xe8, 0x01, 0x00, 0x00];
        assert!(zstd(&vain, 1_000).map_or_else(|problem| problem.kind().status == 400, |bytes| bytes.is_empty()));
    }

    #[test]
    fn what_is_not_packed_is_said_to_be_so() {
        let cut = |packed: Vec<u8>| packed[..packed.len() - 9].to_vec();
        let text = "a value ".repeat(100);
        for bytes in [b"no such thing".to_vec(), Vec::new(), cut(gzipped(text.as_bytes()))] {
            assert_eq!(gzip(&bytes, 10_000).unwrap_err().kind().status, 400, "{bytes:?}");
        }
        for bytes in [b"no such thing".to_vec(), Vec::new(), cut(zstd_of(text.as_bytes()))] {
            assert_eq!(zstd(&bytes, 10_000).unwrap_err().kind().status, 400, "{bytes:?}");
        }
        let many = zstd_of(b"").repeat(MOST_FRAMES + 1);
        assert_eq!(zstd(&many, 10_000).unwrap_err().kind().status, 400);
    }
}
