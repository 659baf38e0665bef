//! What is wrong with a form, field by field, and what would be accepted (R64).
//!
//! All that is wrong is said at once. What was typed is not repeated: it may be a number or a name
//! that stands in the wrong field.

use std::{collections::BTreeMap, fmt::Display};

use unicode_normalization::{UnicodeNormalization as _, char::is_combining_mark};

/// Everything that is wrong with a form: the name of each field, and why it is refused.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Objections(BTreeMap<&'static str, String>);

impl Objections {
    /// Whether there is nothing to object to.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What is wrong with this field.
    #[must_use]
    pub fn of(&self, field: &str) -> Option<&str> {
        self.0.get(field).map(String::as_str)
    }

    /// The fields with what is wrong with them, in alphabetical order.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.0.iter().map(|(field, why)| (*field, why.as_str()))
    }

    /// Objects to a field. The first objection to it counts.
    pub fn object(&mut self, field: &'static str, why: impl Display) {
        self.0.entry(field).or_insert_with(|| why.to_string());
    }

    /// The value if it is good; otherwise nothing, and the objection is kept.
    pub fn take<T, E: Display>(&mut self, field: &'static str, read: Result<T, E>) -> Option<T> {
        read.map_err(|why| self.object(field, why)).ok()
    }

    /// What was read, if all of it was good.
    ///
    /// # Errors
    /// The objections, if there is one or if `read` is not whole.
    pub fn unless_any<T>(self, read: Option<T>) -> Result<T, Self> {
        match read {
            Some(value) if self.is_empty() => Ok(value),
            Some(_) | None => Err(self),
        }
    }
}

/// Why a text does not fit a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LineError {
    /// Something that is no text: a line break could end up in a mail header (security 21.3).
    #[error("write it in one line, without control characters")]
    Control,
    /// Nothing was typed.
    #[error("please fill this in")]
    Empty,
    /// It is longer than the field.
    #[error("at most {0} characters")]
    TooLong(usize),
}

/// A line of text as a person typed it: trimmed, composed (NFC), with single blanks, at most `most`
/// characters.
///
/// # Errors
/// [`LineError`].
pub fn line(text: &str, most: usize) -> Result<String, LineError> {
    // Also what is invisible and turns the text around: a name is read by people in a hurry.
    let deceptive = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
    };
    if text.trim().chars().any(deceptive) {
        return Err(LineError::Control);
    }
    let composed: String = text.nfc().collect();
    let line = composed.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.chars().count() {
        0 => Err(LineError::Empty),
        length if length > most => Err(LineError::TooLong(most)),
        _ => Ok(line),
    }
}

/// Like [`line()`], where nothing may be typed too.
///
/// # Errors
/// [`LineError`], never [`LineError::Empty`].
pub fn optional_line(text: &str, most: usize) -> Result<Option<String>, LineError> {
    match line(text, most) {
        Ok(line) => Ok(Some(line)),
        Err(LineError::Empty) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The most characters of a person's first or last name, or of an organization's.
pub const LONGEST_NAME: usize = 100;
/// The most characters of a reason, a note or an address.
pub const LONGEST_NOTE: usize = 500;

/// A text is no telephone number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a telephone number has 7 to 15 digits, such as +1 360 555 0111 or (360) 555-0111")]
pub struct InvalidPhone;

/// A telephone number as people write it: 7 to 15 digits (E.164) with the usual signs between them
/// and an extension at most.
///
/// # Errors
/// [`InvalidPhone`].
pub fn phone(text: &str) -> Result<String, InvalidPhone> {
    let text = line(text, 40).map_err(|_| InvalidPhone)?;
    let (number, extension) = match text.split_once(['x', 'X']) {
        Some((number, extension)) => (number, extension.trim()),
        None => (text.as_str(), ""),
    };
    let digits = number.chars().filter(char::is_ascii_digit).count();
    let usual = |c: char| c.is_ascii_digit() || matches!(c, ' ' | '-' | '.' | '(' | ')' | '/');
    let signs = number.strip_prefix('+').unwrap_or(number).chars().all(usual);
    let extends = extension.len() <= 6 && extension.bytes().all(|b| b.is_ascii_digit());
    let whole = text.contains(['x', 'X']) != extension.is_empty();
    if (7..=15).contains(&digits) && signs && extends && whole {
        Ok(text)
    } else {
        Err(InvalidPhone)
    }
}

/// A text without letter case and accents, for sorting and searching.
#[must_use]
pub fn folded(text: &str) -> String {
    text.nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_line_is_what_a_person_can_read() {
        for (text, expected) in [
            ("  Ana  Mar\u{ed}a ", Ok("Ana Mar\u{ed}a")),
            ("Mari\u{301}a", Ok("Mar\u{ed}a")),
            ("\u{200b}", Err(LineError::Control)),
            ("", Err(LineError::Empty)),
            (" \t ", Err(LineError::Empty)),
            ("Ana\r\nBcc: x", Err(LineError::Control)),
            ("Ana\u{202e}arreviR", Err(LineError::Control)),
            ("<b>Ana</b>", Ok("<b>Ana</b>")),
            ("12345678901", Err(LineError::TooLong(10))),
        ] {
            let most = if text.starts_with('1') { 10 } else { 40 };
            assert_eq!(line(text, most).as_deref().map_err(|e| *e), expected, "{text:?}");
        }
    }

    #[test]
    fn a_telephone_number_is_read_as_people_write_it() {
        for good in ["+1-360-555-0111", "(360) 555-0111", "555 0111", "360.555.0111 x204"] {
            assert!(phone(good).is_ok(), "{good}");
        }
        for bad in ["", "911", "call me", "360-555-0111 x", "1234567890123456", "+1+360 555 0111"] {
            assert!(phone(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn all_that_is_wrong_is_said_at_once_and_the_first_reason_of_a_field_counts() {
        let mut found = Objections::default();
        assert_eq!(found.take("given_name", line("Ana", 10)), Some("Ana".to_owned()));
        assert_eq!(found.take("family_name", line("", 10)), None);
        found.object("family_name", "later");
        found.object("email", "wrong");
        let told: Vec<_> = found.iter().collect();
        assert_eq!(told, [("email", "wrong"), ("family_name", "please fill this in")]);
        assert_eq!(found.clone().unless_any(Some(1)), Err(found));
        assert_eq!(Objections::default().unless_any(Some(1)), Ok(1));
    }

    proptest! {
        #[test]
        fn a_line_that_was_read_reads_as_itself(text: String) {
            if let Ok(read) = line(&text, 40) {
                prop_assert_eq!(line(&read, 40), Ok(read.clone()));
                prop_assert!(!read.chars().any(char::is_control));
            }
            let _ = phone(&text);
        }
    }
}
