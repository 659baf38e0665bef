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
        find(tag, &LANGUAGES, |messages| messages.tag).copied()
    }

    /// The first language that we have, of those the site asked for (`ui_locales`, OIDC Core
    /// §3.1.2.1), then of those the browser prefers (`Accept-Language`, RFC 9110 §12.5.4), then
    /// English.
    pub fn negotiate(ui_locales: Option<&str>, accept_language: Option<&str>) -> &'static Self {
        wishes(ui_locales, accept_language)
            .into_iter()
            .find_map(Self::for_language)
            .unwrap_or(Self::english())
    }
}

fn find<'a, T>(tag: &str, known: &'a [T], tag_of: impl Fn(&T) -> &str) -> Option<&'a T> {
    let find = |wanted: &str| known.iter().find(|it| tag_of(it).eq_ignore_ascii_case(wanted));
    find(tag).or_else(|| find(tag.split('-').next().unwrap_or(tag)))
}

/// All wanted language tags, the site's before the browser's.
fn wishes<'a>(ui_locales: Option<&'a str>, accept_language: Option<&'a str>) -> Vec<&'a str> {
    let asked = ui_locales.unwrap_or_default().split_ascii_whitespace().take(CONSIDERED);
    asked.chain(preferred(accept_language.unwrap_or_default())).collect()
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

    fn itself<'a>(tag: &'a &'static str) -> &'a str {
        tag
    }

    #[test]
    fn the_language_is_the_sites_wish_then_the_browsers() {
        let known = ["en", "es", "pt-BR"];
        let chosen = |ui_locales, accept_language| {
            let wishes = wishes(ui_locales, accept_language);
            wishes.into_iter().find_map(|tag| find(tag, &known, itself).copied())
        };
        for (ui_locales, accept_language, expected) in [
            (Some("es-MX en"), Some("pt-BR"), Some("es")),
            (Some("fr ES"), None, Some("es")),
            (Some("tlh"), Some("en;q=0.1, pt-br;q=0.9"), Some("pt-BR")),
            (None, Some("fr, es;q=0, en-GB;q=0.2"), Some("en")),
            (None, Some("pt-PT"), None),
            (Some(""), Some("*, ;q=, es;q=2"), None),
            (Some("\u{202e}"), Some("q=q=q, -, es-"), Some("es")),
            (None, None, None),
        ] {
            assert_eq!(chosen(ui_locales, accept_language), expected, "{accept_language:?}");
        }
    }

    #[test]
    fn an_unknown_language_is_answered_in_english() {
        assert_eq!(Messages::negotiate(Some("tlh"), Some("xx")).tag, "en");
        assert!(Messages::for_language("").is_none());
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
