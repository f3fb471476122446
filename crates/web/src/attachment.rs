//! Files that a browser keeps: what they are called.

use actix_web::HttpResponse;
use actix_web::http::header::{
    CONTENT_DISPOSITION, CONTENT_TYPE, Charset, ContentDisposition, DispositionParam, DispositionType, ExtendedValue,
};

/// The longest part of a file name that is made of what somebody called something.
const LONGEST: usize = 80;

/// An answer with a file to keep under this name.
#[must_use]
pub fn file(media_type: &'static str, name: &str, bytes: Vec<u8>) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, media_type))
        .insert_header((CONTENT_DISPOSITION, disposition(name)))
        .insert_header(("X-Content-Type-Options", "nosniff"))
        .body(bytes)
}

/// What something is called, without anything that means something to a file system; `otherwise` when nothing is left.
#[must_use]
pub fn part_of_name(called: &str, otherwise: &str) -> String {
    let safe = |c: char| if c.is_alphanumeric() || matches!(c, '-' | '_' | '.') { c } else { '_' };
    let name: String = called.chars().map(safe).take(LONGEST).collect();
    let name = name.trim_matches(['.', '_']);
    if name.is_empty() { otherwise.to_owned() } else { name.to_owned() }
}

/// The name for programs that know ASCII only, and the real one for the others.
fn disposition(name: &str) -> ContentDisposition {
    let ascii = name.chars().map(|c| if c.is_ascii() { c } else { '_' }).collect();
    let real = ExtendedValue { charset: Charset::Ext("UTF-8".into()), language_tag: None, value: name.into() };
    let parameters = vec![DispositionParam::Filename(ascii), DispositionParam::FilenameExt(real)];
    ContentDisposition { disposition: DispositionType::Attachment, parameters }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_harmless_whatever_a_thing_is_called() {
        let named = |name: &str| part_of_name(name, "export");
        assert_eq!(named("Harbour Gate"), "Harbour_Gate");
        assert_eq!(named("../../etc/passwd"), "etc_passwd");
        assert_eq!(named("\"\r\n;/\\"), "export");
        assert_eq!(named("Hafenöffnung 港"), "Hafenöffnung_港");
        assert_eq!(named(&"x".repeat(255)).len(), LONGEST);
        let header = disposition("港_v2.xlsx").to_string();
        assert_eq!(header, "attachment; filename=\"__v2.xlsx\"; filename*=UTF-8''%E6%B8%AF_v2.xlsx");
    }
}
