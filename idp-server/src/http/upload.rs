//! A form of a console with a file in it (`multipart/form-data`, RFC 7578), read as a whole.

use actix_web::{
    HttpResponse,
    http::header,
    web::{Bytes, Payload},
};

use super::{console, error::PageError, visit::Visit};
use crate::community::Office;

/// What the parts around the file may take, in bytes.
const AROUND: usize = 16 * 1024;
/// The most parts of a form.
const MOST_PARTS: usize = 8;
/// The longest boundary (RFC 2046 §5.1.1).
const LONGEST_BOUNDARY: usize = 70;

/// What was uploaded.
pub enum Uploaded {
    /// The file. Empty where none was chosen.
    File(Vec<u8>),
    /// The form is not from our page in this browser. Send this.
    Refused(HttpResponse),
    /// The file is larger than `most`.
    TooLarge,
}

/// Reads a form that has a file in `field`, of at most `most` bytes, and a form token of ours.
///
/// # Errors
/// [`PageError::NotUnderstood`] if it is no such form, or has a field that our page has not
/// (security 20.3).
pub async fn read(
    visit: &Visit,
    office: &Office,
    payload: Payload,
    (field, most): (&str, usize),
) -> Result<Uploaded, PageError> {
    let Ok(body) = payload.to_bytes_limited(most + AROUND).await else {
        return Ok(Uploaded::TooLarge);
    };
    let body: Bytes = body.map_err(|_| PageError::NotUnderstood)?;
    let kind = visit.request.headers().get(header::CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let parts = parts(kind, &body).unwrap_or_default();
    let find = |name: &str| parts.iter().find(|part| part.name == name).map(|part| part.content);
    let token = find("form_token").and_then(|token| std::str::from_utf8(token).ok());
    if !console::is_ours(visit, token) {
        return Ok(Uploaded::Refused(console::expired(visit)));
    }
    if parts.iter().any(|part| part.name != field && part.name != "form_token") {
        return Err(console::foreign_field(visit, office).await?);
    }
    let file = find(field).ok_or(PageError::NotUnderstood)?;
    Ok(if file.len() > most { Uploaded::TooLarge } else { Uploaded::File(file.to_vec()) })
}

/// A part of a form.
#[derive(Debug, PartialEq, Eq)]
struct Part<'a> {
    /// The field.
    name: &'a str,
    /// What stands in it.
    content: &'a [u8],
}

/// The parts of a form. `None` if it is none, has a field twice, or more of them than any of ours.
fn parts<'a>(kind: &str, body: &'a [u8]) -> Option<Vec<Part<'a>>> {
    let border = format!("\r\n--{}", boundary(kind)?);
    let border = border.as_bytes();
    // The first border stands at the very beginning, without the line break before it.
    let mut rest = body.strip_prefix(border.get(2..)?)?;
    let mut parts: Vec<Part<'a>> = Vec::new();
    loop {
        if rest.starts_with(b"--") {
            return Some(parts);
        }
        let (head, after) = split(rest.strip_prefix(b"\r\n")?, b"\r\n\r\n")?;
        let (content, next) = split(after, border)?;
        let name = std::str::from_utf8(head).ok().and_then(name)?;
        if parts.len() == MOST_PARTS || parts.iter().any(|part| part.name == name) {
            return None;
        }
        parts.push(Part { name, content });
        rest = next;
    }
}

/// What separates the parts (RFC 7578 §4.1).
fn boundary(kind: &str) -> Option<&str> {
    let (kind, parameters) = kind.split_once(';')?;
    if !kind.trim().eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    let parameter = |text: &'_ str| text.trim().to_ascii_lowercase().starts_with("boundary=");
    let value = parameters.split(';').find(|text| parameter(text))?.split_once('=')?.1.trim();
    let value = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value);
    (1..=LONGEST_BOUNDARY).contains(&value.len()).then_some(value)
}

/// The name of a field. Browsers write it first and put no quotation mark into it (RFC 7578 §4.2;
/// HTML, "multipart form data").
fn name(head: &str) -> Option<&str> {
    let disposition = |line: &&str| line.to_ascii_lowercase().starts_with("content-disposition:");
    let line = head.split("\r\n").find(disposition)?;
    let (kind, parameters) = line.split_once(':')?.1.split_once(';')?;
    if !kind.trim().eq_ignore_ascii_case("form-data") {
        return None;
    }
    Some(parameters.trim_start().strip_prefix("name=\"")?.split_once('"')?.0)
}

/// What stands before and behind the first `border`.
fn split<'a>(text: &'a [u8], border: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let at = text.windows(border.len()).position(|window| window == border)?;
    let (before, after) = text.split_at(at);
    Some((before, after.get(border.len()..)?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const KIND: &str = "multipart/form-data; boundary=----x";

    fn form(parts: &[(&str, &str)]) -> String {
        let part =
            |(head, content): &(&str, &str)| format!("------x\r\n{head}\r\n\r\n{content}\r\n");
        parts.iter().map(part).collect::<String>() + "------x--\r\n"
    }

    fn names(kind: &str, body: &str) -> Option<Vec<(String, String)>> {
        let owned = |part: Part<'_>| {
            (part.name.to_owned(), String::from_utf8_lossy(part.content).into_owned())
        };
        parts(kind, body.as_bytes()).map(|parts| parts.into_iter().map(owned).collect())
    }

    fn pair(name: &str, content: &str) -> (String, String) {
        (name.to_owned(), content.to_owned())
    }

    #[test]
    fn a_form_is_read_as_browsers_send_it() {
        let token = ("Content-Disposition: form-data; name=\"form_token\"", "abc");
        let head = "content-disposition: form-data; name=\"file\"; filename=\"a; name=b.csv\"\r\n\
                    Content-Type: text/csv";
        let body = form(&[token, (head, "a,b\r\n--not the border\r\n")]);
        let expected = vec![pair("form_token", "abc"), pair("file", "a,b\r\n--not the border\r\n")];
        assert_eq!(names(KIND, &body), Some(expected.clone()));
        let quoted = "Multipart/Form-Data; charset=utf-8; boundary=\"----x\"";
        assert_eq!(names(quoted, &body), Some(expected));
        assert_eq!(names(KIND, "------x--"), Some(vec![]));
        assert_eq!(names(KIND, &form(&[(token.0, "")])), Some(vec![pair("form_token", "")]));
    }

    #[test]
    fn what_is_no_such_form_is_not_read() {
        let token = ("Content-Disposition: form-data; name=\"form_token\"", "abc");
        let good = form(&[token]);
        for (kind, body) in [
            ("application/x-www-form-urlencoded", good.as_str()),
            ("multipart/form-data", &good),
            ("multipart/form-data; boundary=", &good),
            ("multipart/form-data; boundary=other", &good),
            (KIND, ""),
            (KIND, &format!("before\r\n{good}")),
            (KIND, good.trim_end_matches("------x--\r\n")),
            (KIND, &form(&[token, token])),
            (KIND, &form(&[("Content-Type: text/csv", "a")])),
            (KIND, &form(&[("Content-Disposition: attachment; name=\"file\"", "a")])),
        ] {
            assert_eq!(names(kind, body), None, "{kind} {body:?}");
        }
    }

    proptest! {
        #[test]
        fn any_file_comes_through_as_it_is(file: Vec<u8>) {
            let head = "------x\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\n";
            let body = [head.as_bytes(), &file, b"\r\n------x--\r\n"].concat();
            prop_assume!(split(&file, b"\r\n------x").is_none());
            let expected = vec![Part { name: "file", content: file.as_slice() }];
            prop_assert_eq!(parts(KIND, &body), Some(expected));
        }

        #[test]
        fn no_body_panics(kind: String, body: Vec<u8>) {
            let _ = (parts(&kind, &body), parts(KIND, &body));
        }
    }
}
