//! Writing XML, in canonical form from the start.
//!
//! What is written here is exactly what Exclusive XML Canonicalization 1.0 would make of it: start
//! and end tags, namespaces before attributes and both in order, one spelling for each character.
//! So the octets that are digested and signed are those that are sent, and nothing is parsed again.
//! The caller declares a namespace on the outermost element that uses it, and on no other.

/// A document, or a part of one, that grows.
#[derive(Debug, Default)]
pub struct Writer {
    out: String,
    open: Vec<&'static str>,
}

impl Writer {
    /// An empty one, with room for what most messages have.
    #[must_use]
    pub fn new() -> Self {
        Self { out: String::with_capacity(4096), open: Vec::with_capacity(8) }
    }

    /// Begins an element.
    pub fn open(&mut self, name: &'static str, attributes: &[(&'static str, &str)]) -> &mut Self {
        self.out.push('<');
        self.out.push_str(name);
        let mut ordered: Vec<_> = attributes.iter().collect();
        ordered.sort_by_key(|(name, _)| order(name));
        for (name, value) in ordered {
            self.out.push(' ');
            self.out.push_str(name);
            self.out.push_str("=\"");
            escape_attribute(&mut self.out, value);
            self.out.push('"');
        }
        self.out.push('>');
        self.open.push(name);
        self
    }

    /// Ends the element that was begun last.
    pub fn close(&mut self) -> &mut Self {
        if let Some(name) = self.open.pop() {
            self.out.push_str("</");
            self.out.push_str(name);
            self.out.push('>');
        }
        self
    }

    /// Writes a text.
    pub fn text(&mut self, text: &str) -> &mut Self {
        escape_text(&mut self.out, text);
        self
    }

    /// Writes an element with a text in it.
    pub fn leaf(
        &mut self,
        name: &'static str,
        attributes: &[(&'static str, &str)],
        text: &str,
    ) -> &mut Self {
        self.open(name, attributes).text(text).close()
    }

    /// Writes what another writer has written.
    pub fn part(&mut self, written: &str) -> &mut Self {
        self.out.push_str(written);
        self
    }

    /// How much is written: where a signature will be put in.
    #[must_use]
    pub const fn position(&self) -> usize {
        self.out.len()
    }

    /// What was written; elements that are still open are ended.
    #[must_use]
    pub fn finish(mut self) -> String {
        while !self.open.is_empty() {
            self.close();
        }
        self.out
    }
}

/// The canonical order: namespaces by prefix, then attributes without a prefix by name, then those
/// with one. (Those would have to be ordered by namespace; no element of ours has two.)
fn order(name: &'static str) -> (u8, &'static str) {
    match name.split_once(':') {
        Some(("xmlns", prefix)) => (0, prefix),
        Some(_) => (2, name),
        None => (1, name),
    }
}

/// Canonical XML 1.0 §2.3. What XML cannot carry at all becomes the replacement character.
fn escape_text(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\r' => out.push_str("&#xD;"),
            c if is_allowed(c) => out.push(c),
            _ => out.push(char::REPLACEMENT_CHARACTER),
        }
    }
}

fn escape_attribute(out: &mut String, value: &str) {
    for c in value.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '"' => out.push_str("&quot;"),
            '\t' => out.push_str("&#x9;"),
            '\n' => out.push_str("&#xA;"),
            '\r' => out.push_str("&#xD;"),
            c if is_allowed(c) => out.push(c),
            _ => out.push(char::REPLACEMENT_CHARACTER),
        }
    }
}

/// XML 1.0 §2.2.
const fn is_allowed(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::saml::{testing::canonical, xml::Xml};

    fn sample(value: &str) -> String {
        let mut writer = Writer::new();
        writer.open("p:a", &[("z", value), ("xmlns:p", "n"), ("b", "1"), ("xmlns:d", "m")]);
        writer.leaf("d:b", &[], value).open("p:c", &[]).close();
        writer.finish()
    }

    #[test]
    fn an_element_is_written_in_canonical_order_with_one_spelling() {
        assert_eq!(
            sample("a&b<c>\"d\"\r\n\te'"),
            "<p:a xmlns:d=\"m\" xmlns:p=\"n\" b=\"1\" z=\"a&amp;b&lt;c>&quot;d&quot;&#xD;&#xA;&#x9;e'\">\
             <d:b>a&amp;b&lt;c&gt;\"d\"&#xD;\n\te'</d:b><p:c></p:c></p:a>"
        );
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back_whatever_it_contains(
            value in "[\\PC\\x00-\\x20&<>\"'\\]]{0,60}",
        ) {
            let written = sample(&value);
            let xml = Xml::parse(&written).unwrap();
            let expected: String = value
                .chars()
                .map(|c| if is_allowed(c) { c } else { char::REPLACEMENT_CHARACTER })
                .collect();
            prop_assert_eq!(xml.root().attribute("z"), Some(expected.as_str()));
            prop_assert_eq!(xml.root().child("m", "b").unwrap().text(), expected.trim());
        }

        #[test]
        fn what_is_written_is_canonical(value in "\\PC{0,40}", other in "[a-z&<\r\n\t \"]{0,20}") {
            let mut writer = Writer::new();
            writer.open("p:a", &[("xmlns:p", "n"), ("z", &value), ("b", &other)]);
            writer.leaf("p:b", &[], &value).leaf("q:c", &[("xmlns:q", "m")], &other);
            let written = writer.finish();
            prop_assert_eq!(canonical(&written), written);
        }
    }
}
