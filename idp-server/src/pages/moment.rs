//! Points in time as people read them.

use std::fmt::{self, Display, Formatter};

use askama::filters::HtmlSafe;
use chrono::{DateTime, Datelike, SecondsFormat, Utc};

use super::messages::{Filled, Messages};

/// A point in time as a `time` element: written out for people, exact for programs. In UTC, and
/// saying so: a page without JavaScript cannot know where the person is.
#[derive(Debug)]
pub(super) struct Moment {
    at: DateTime<Utc>,
    text: &'static Messages,
}

impl HtmlSafe for Moment {}

impl Moment {
    pub(super) fn new(at: DateTime<Utc>, text: &'static Messages) -> Self {
        Self { at, text }
    }
}

/// A point in time in words, for where there is no markup.
pub(super) fn written(text: &'static Messages, at: DateTime<Utc>) -> Filled {
    text.date.moment(at.day(), month(text, at), at.format("%H:%M"), at.year())
}

fn month(text: &'static Messages, at: DateTime<Utc>) -> &'static str {
    let date = &text.date;
    match at.month() {
        1 => date.january,
        2 => date.february,
        3 => date.march,
        4 => date.april,
        5 => date.may,
        6 => date.june,
        7 => date.july,
        8 => date.august,
        9 => date.september,
        10 => date.october,
        11 => date.november,
        _ => date.december,
    }
}

impl Display for Moment {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        let exact = self.at.to_rfc3339_opts(SecondsFormat::Secs, true);
        let written = written(self.text, self.at).marked();
        write!(out, "<time datetime=\"{exact}\">{written}</time>")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_written_out_with_its_zone_in_the_order_of_the_language() {
        let at = DateTime::from_timestamp(1_790_000_000, 0).expect("in range");
        for (language, expected) in [
            ("en", "<bdi>September</bdi> <bdi>21</bdi>, <bdi>2026</bdi> at <bdi>14:13</bdi> UTC"),
            (
                "es",
                "<bdi>21</bdi> de <bdi>septiembre</bdi> de <bdi>2026</bdi>, <bdi>14:13</bdi> UTC",
            ),
        ] {
            let text = Messages::for_language(language).expect("is there");
            assert_eq!(
                Moment::new(at, text).to_string(),
                format!("<time datetime=\"2026-09-21T14:13:20Z\">{expected}</time>")
            );
        }
    }
}
