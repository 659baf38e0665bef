//! The texts of the pages, by language. `build.rs` writes one [`Messages`] for each file in
//! `messages/`; here a request's language is chosen and placeholders are filled.

#[cfg(test)]
mod compile;

use std::fmt::{self, Display, Formatter};

use askama::filters::{Escaper, Html, HtmlSafe};

include!(concat!(env!("OUT_DIR"), "/messages.rs"));

/// Languages considered in one request; a longer list is somebody playing.
const CONSIDERED: usize = 20;

impl Messages {
    /// The language every other one falls back to.
    pub fn english() -> &'static Self {
        &EN
    }

    /// The catalogue for a language tag (BCP 47): the very one, or that of its primary language,
    /// so that `es-MX` finds `es`.
    pub fn for_language(tag: &str) -> Option<&'static Self> {
        let find = |wanted: &str| {
            LANGUAGES.iter().copied().find(|known| known.tag.eq_ignore_ascii_case(wanted))
        };
        find(tag).or_else(|| find(tag.split('-').next().unwrap_or(tag)))
    }

    /// The first language that we have, of those the site asked for (`ui_locales`, OIDC Core
    /// §3.1.2.1), then of those the browser prefers (`Accept-Language`, RFC 9110 §12.5.4), then
    /// English.
    pub fn negotiate(ui_locales: Option<&str>, accept_language: Option<&str>) -> &'static Self {
        let asked = ui_locales.unwrap_or_default().split_ascii_whitespace().take(CONSIDERED);
        let mut found = asked.filter_map(Self::for_language);
        if let Some(messages) = found.next() {
            return messages;
        }
        preferred(accept_language.unwrap_or_default())
            .into_iter()
            .find_map(Self::for_language)
            .unwrap_or(Self::english())
    }
}

/// The tags of an `Accept-Language` header, best first; what has weight 0 is left out.
fn preferred(header: &str) -> Vec<&str> {
    let mut ranges: Vec<(&str, f32)> = header
        .split(',')
        .take(CONSIDERED)
        .filter_map(|range| {
            let (tag, weight) = range.split_once(';').unwrap_or((range, "q=1"));
            let weight = weight.trim().strip_prefix("q=")?.trim().parse().ok()?;
            (weight > 0.0 && weight <= 1.0).then_some((tag.trim(), weight))
        })
        .collect();
    ranges.sort_by(|(_, left), (_, right)| right.total_cmp(left));
    ranges.into_iter().map(|(tag, _)| tag).collect()
}

/// A piece of a text with placeholders.
#[derive(Debug)]
enum Part {
    Text(&'static str),
    /// Which of the values stands here.
    Value(usize),
}

/// A text with its values filled in. Plain: the template escapes it whole.
#[derive(Debug)]
pub struct Filled {
    parts: &'static [Part],
    values: Vec<String>,
}

impl Filled {
    fn new(parts: &'static [Part], values: Vec<String>) -> Self {
        Self { parts, values }
    }

    /// The same as HTML, with each value in a `bdi` element: a name written from right to left,
    /// or one with direction marks in it, cannot turn the sentence around it.
    pub fn marked(self) -> Marked {
        Marked(self)
    }

    fn value(&self, position: usize) -> &str {
        self.values.get(position).map(String::as_str).unwrap_or_default()
    }
}

impl Display for Filled {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        self.parts.iter().try_for_each(|part| match part {
            Part::Text(text) => out.write_str(text),
            Part::Value(position) => out.write_str(self.value(*position)),
        })
    }
}

/// HTML made of a text and its values, both escaped.
#[derive(Debug)]
pub struct Marked(Filled);

impl HtmlSafe for Marked {}

impl Display for Marked {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        self.0.parts.iter().try_for_each(|part| match part {
            Part::Text(text) => Html.write_escaped_str(&mut *out, text),
            Part::Value(position) => {
                out.write_str("<bdi>")?;
                Html.write_escaped_str(&mut *out, self.0.value(*position))?;
                out.write_str("</bdi>")
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_is_the_sites_wish_then_the_browsers_then_english() {
        for (ui_locales, accept_language, expected) in [
            (None, None, "en"),
            (Some("en-US fr"), Some("de"), "en"),
            (Some("tlh"), Some("xx;q=0.9, en-GB;q=0.1"), "en"),
            (None, Some("*, ;q=, en;q=2"), "en"),
            (Some("\u{202e}"), Some("q=q=q"), "en"),
        ] {
            assert_eq!(Messages::negotiate(ui_locales, accept_language).tag, expected);
        }
    }

    #[test]
    fn accepted_languages_are_read_in_order_of_weight() {
        assert_eq!(
            preferred("fr;q=0.2, es-MX, de;q=0, en;q=0.8, pt;q=1"),
            ["es-MX", "pt", "en", "fr"]
        );
        assert!(preferred("en;q=nan, en;q=-1, ;;;").is_empty());
    }

    #[test]
    fn a_primary_language_stands_in_for_its_regions() {
        assert!(Messages::for_language("EN-us").is_some());
        assert!(Messages::for_language("").is_none());
    }

    #[test]
    fn filled_values_are_escaped_and_isolated() {
        const TEXT: &[Part] = &[Part::Text("To <"), Part::Value(0), Part::Text(">")];
        let filled = || Filled::new(TEXT, vec!["<b>\"&'".to_owned()]);
        assert_eq!(filled().to_string(), "To <<b>\"&'>");
        assert_eq!(
            filled().marked().to_string(),
            "To &#60;<bdi>&#60;b&#62;&#34;&#38;&#39;</bdi>&#62;"
        );
    }
}
