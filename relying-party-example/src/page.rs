//! Pages as answers, their one stylesheet, and the time.

use actix_web::{
    HttpResponse,
    http::{StatusCode, header::ContentType},
};
use askama::Template;
use chrono::{DateTime, Utc};

/// Whatever can be shown in a browser.
pub trait Page: Template {
    /// The status of the answer.
    fn status(&self) -> StatusCode {
        StatusCode::OK
    }

    /// The page as an answer.
    fn answer(&self) -> HttpResponse {
        match self.render() {
            Ok(page) => {
                HttpResponse::build(self.status()).content_type(ContentType::html()).body(page)
            }
            Err(error) => {
                tracing::error!(%error, "page");
                HttpResponse::InternalServerError().finish()
            }
        }
    }
}

/// `GET /style.css`.
pub async fn style() -> HttpResponse {
    HttpResponse::Ok()
        .insert_header(("Cache-Control", "max-age=300"))
        .content_type("text/css; charset=utf-8")
        .body(include_str!("../templates/style.css"))
}

/// The time. Everything that depends on it takes it as an argument, so that tests can choose it.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the one place of this program that reads the clock")]
pub fn now() -> DateTime<Utc> {
    Utc::now()
}

/// A code of Hilum's catalogue as words: `licensed-practitioner` reads "Licensed practitioner".
///
/// The catalogue itself, with a label and a description for each code, is at `/.well-known/hilum-roles`.
#[must_use]
pub fn in_words(code: &str) -> String {
    let words = code.replace('-', " ").replace("eft ", "EFT ");
    let mut letters = words.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().collect::<String>());
    first.unwrap_or_default() + letters.as_str()
}

/// An instant as people write it.
#[must_use]
pub fn readable(at: &DateTime<Utc>) -> String {
    at.format("%-d %B %Y, %H:%M UTC").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_read_as_words() {
        assert_eq!(in_words("licensed-practitioner"), "Licensed practitioner");
        assert_eq!(in_words("eft-administrator"), "EFT administrator");
        assert_eq!(in_words(""), "");
    }
}
