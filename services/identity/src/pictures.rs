//! Small pictures: a tenant's logo, a person's avatar. They are what they look like, not what they say they are.

use actix_web::HttpResponse;
use kernel::Problem;
use kernel::problem::{BODY_TOO_LARGE, MEDIA_TYPE_UNSUPPORTED};
use sha2::{Digest, Sha256};
use uuid::Uuid;
use web::{Answer, RawBody};

use crate::accounts::pictures::Picture;

const LARGEST: usize = 512 * 1024;

/// Reads a picture of an owner from a body.
pub(crate) fn read(owner_id: Uuid, body: &RawBody) -> Result<Picture, Problem> {
    if body.bytes.len() > LARGEST {
        return Err(BODY_TOO_LARGE.detail(format!("A picture may have {LARGEST} bytes at most.")));
    }
    let kind =
        kind_of(&body.bytes).ok_or_else(|| MEDIA_TYPE_UNSUPPORTED.detail("Send a PNG, JPEG, GIF or WebP picture."))?;
    Ok(Picture { owner_id, content_type: kind.to_owned(), bytes: body.bytes.to_vec() })
}

/// Names a picture by what it shows.
pub(crate) fn hash(picture: &Picture) -> String {
    Sha256::digest(&picture.bytes).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// The picture itself.
pub(crate) fn show(picture: Option<Picture>, noun: &'static str) -> Answer {
    let picture = picture.ok_or_else(|| Problem::not_found(noun))?;
    Ok(HttpResponse::Ok()
        .content_type(picture.content_type.as_str())
        .insert_header(("ETag", format!("\"{}\"", hash(&picture))))
        .insert_header(("Cache-Control", "private, max-age=86400"))
        .insert_header(("Content-Disposition", "inline"))
        .insert_header(("X-Content-Type-Options", "nosniff"))
        .body(picture.bytes))
}

fn kind_of(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, ..] => Some("image/png"),
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some("image/gif"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some("image/webp"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_known_by_its_first_bytes() {
        assert_eq!(kind_of(b"\x89PNG\r\n\x1a\nrest"), Some("image/png"));
        assert_eq!(kind_of(b"RIFF1234WEBPVP8 "), Some("image/webp"));
        for other in [&b"<svg onload=alert(1)>"[..], b"GIF", b"", b"\x89PNG"] {
            assert_eq!(kind_of(other), None);
        }
    }
}
