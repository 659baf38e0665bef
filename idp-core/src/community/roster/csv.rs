//! Comma-separated values (RFC 4180), read and written so that no program takes a name for a
//! formula.

/// The largest file that is looked at, in bytes.
pub const MOST_BYTES: usize = 2 * 1024 * 1024;

/// A line of a file. A field in quotes may hold line breaks, so a record can be longer than its
/// line; `line` is where it begins, counted from one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Where it begins.
    pub line: usize,
    /// What it holds.
    pub fields: Vec<String>,
}

/// Why a text is no such file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CsvError {
    /// Spreadsheets save other encodings, too.
    #[error("save the file as CSV in UTF-8")]
    Encoding,
    /// More than 2 MiB.
    #[error("the file is larger than 2 MiB: please import it in parts")]
    TooLarge,
    /// A quote opens and does not close.
    #[error("line {0}: a quotation mark is not closed")]
    UnclosedQuote(usize),
    /// Something stands behind a closing quote, or a quote within a field that has none around it.
    #[error(
        "line {0}: a quotation mark within a field is written twice, in a field in quotation marks"
    )]
    StrayQuote(usize),
}

/// Reads a file; a byte order mark and empty lines are passed over. Fields are separated by commas
/// or, where the first line has more of them, by semicolons: that is what spreadsheets save in
/// countries with a decimal comma.
///
/// # Errors
/// [`CsvError`].
pub fn read(file: &[u8]) -> Result<Vec<Record>, CsvError> {
    if file.len() > MOST_BYTES {
        return Err(CsvError::TooLarge);
    }
    let text = std::str::from_utf8(file).map_err(|_| CsvError::Encoding)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.contains('\0') {
        return Err(CsvError::Encoding);
    }
    let first = text.lines().next().unwrap_or_default();
    let count = |c| first.matches(c).count();
    let separator = if count(';') > count(',') { ';' } else { ',' };
    Reader { separator, line: 1, chars: text.chars().peekable() }.records()
}

struct Reader<'a> {
    separator: char,
    line: usize,
    chars: std::iter::Peekable<std::str::Chars<'a>>,
}

/// What follows a field.
enum After {
    Field,
    Record,
    Text,
}

impl Reader<'_> {
    fn records(mut self) -> Result<Vec<Record>, CsvError> {
        let mut records = Vec::new();
        while self.chars.peek().is_some() {
            let line = self.line;
            let mut fields = Vec::new();
            loop {
                let (field, after) = self.field()?;
                fields.push(neutral(field));
                match after {
                    After::Field => {}
                    After::Record | After::Text => break,
                }
            }
            if fields.iter().any(|field| !field.trim().is_empty()) {
                records.push(Record { line, fields });
            }
        }
        Ok(records)
    }

    fn field(&mut self) -> Result<(String, After), CsvError> {
        if self.chars.next_if_eq(&'"').is_some() {
            let field = self.quoted()?;
            let after = self.end_of_field().ok_or(CsvError::StrayQuote(self.line))?;
            return Ok((field, after));
        }
        let mut field = String::new();
        loop {
            if let Some(after) = self.end_of_field() {
                return Ok((field, after));
            }
            match self.chars.next() {
                Some('"') => return Err(CsvError::StrayQuote(self.line)),
                Some(c) => field.push(c),
                None => return Ok((field, After::Text)),
            }
        }
    }

    /// What stands between quotes, where two of them mean one.
    fn quoted(&mut self) -> Result<String, CsvError> {
        let begun = self.line;
        let mut field = String::new();
        loop {
            match self.chars.next() {
                None => return Err(CsvError::UnclosedQuote(begun)),
                Some('"') if self.chars.next_if_eq(&'"').is_some() => field.push('"'),
                Some('"') => return Ok(field),
                Some(c) => {
                    self.line += usize::from(c == '\n');
                    field.push(c);
                }
            }
        }
    }

    /// Passes over what ends a field, if it stands here.
    fn end_of_field(&mut self) -> Option<After> {
        let separator = self.separator;
        match self.chars.peek().copied() {
            None => Some(After::Text),
            Some(c) if c == separator => {
                self.chars.next();
                Some(After::Field)
            }
            Some('\r' | '\n') => {
                let first = self.chars.next();
                if first == Some('\r') {
                    self.chars.next_if_eq(&'\n');
                }
                self.line += 1;
                Some(After::Record)
            }
            Some(_) => None,
        }
    }
}

/// What makes a spreadsheet take a field for a formula (OWASP, CSV injection).
fn is_live(field: &str) -> bool {
    field.starts_with([
        '=', '+', '-', '@', '\t', '\r', '\n', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}',
    ])
}

/// Takes the apostrophe away that [`write`] puts before what would be live.
fn neutral(field: String) -> String {
    match field.strip_prefix('\'') {
        Some(rest) if is_live(rest) || rest.starts_with('\'') => rest.to_owned(),
        Some(_) | None => field,
    }
}

/// Writes lines. Every field stands in quotes; one that a spreadsheet would take for a formula
/// begins with an apostrophe, which spreadsheets hide and [`read`] takes away again.
#[must_use]
pub fn write<'a>(records: impl IntoIterator<Item = &'a [String]>) -> String {
    let mut text = String::new();
    for fields in records {
        for (place, field) in fields.iter().enumerate() {
            if place > 0 {
                text.push(',');
            }
            text.push('"');
            if is_live(field) || field.starts_with('\'') {
                text.push('\'');
            }
            text.push_str(&field.replace('"', "\"\""));
            text.push('"');
        }
        text.push_str("\r\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn fields(text: &str) -> Result<Vec<Vec<String>>, CsvError> {
        Ok(read(text.as_bytes())?.into_iter().map(|record| record.fields).collect())
    }

    #[test]
    fn a_file_is_read_as_spreadsheets_save_it() {
        for (text, expected) in [
            ("a,b\r\nc,d\r\n", vec![vec!["a", "b"], vec!["c", "d"]]),
            ("a,b\nc,d", vec![vec!["a", "b"], vec!["c", "d"]]),
            ("\u{feff}a,b", vec![vec!["a", "b"]]),
            ("a;b\nc;d,e", vec![vec!["a", "b"], vec!["c", "d,e"]]),
            ("a,\"b, \"\"c\"\"\nd\"\n", vec![vec!["a", "b, \"c\"\nd"]]),
            ("a,\n,\n\n,b\n", vec![vec!["a", ""], vec!["", "b"]]),
            ("a,\"\"", vec![vec!["a", ""]]),
            ("'=1+1,'plain", vec![vec!["=1+1", "'plain"]]),
            ("", vec![]),
        ] {
            assert_eq!(fields(text).unwrap(), expected, "{text:?}");
        }
    }

    #[test]
    fn a_record_knows_its_line() {
        let records = read(b"a\n\n\"b\nb\"\nc").unwrap();
        let lines: Vec<_> = records.iter().map(|record| record.line).collect();
        assert_eq!(lines, [1, 3, 5]);
    }

    #[test]
    fn what_is_no_such_file_is_refused_with_the_reason() {
        for (text, expected) in [
            ("a,\"b", CsvError::UnclosedQuote(1)),
            ("a\n\"b\nc", CsvError::UnclosedQuote(2)),
            ("a,\"b\"c", CsvError::StrayQuote(1)),
            ("a\nb\"c", CsvError::StrayQuote(2)),
            ("a\0b", CsvError::Encoding),
        ] {
            assert_eq!(fields(text), Err(expected), "{text:?}");
        }
        assert_eq!(read(b"\xff\xfe\x00"), Err(CsvError::Encoding));
        assert_eq!(read(&vec![b'a'; MOST_BYTES + 1]), Err(CsvError::TooLarge));
    }

    #[test]
    fn no_field_is_a_live_formula() {
        let live = ["=HYPERLINK(\"x\")", "+1 360 555 0111", "-1", "@SUM(A1)", "\t=1", "\r=1"];
        for field in live {
            let written = write([[field.to_owned()].as_slice()]);
            assert!(written.starts_with("\"'"), "{written:?}");
            assert_eq!(read(written.as_bytes()).unwrap()[0].fields, [field], "{field:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(
            records in prop::collection::vec(prop::collection::vec("[^\0]*|'*[=+@-].*", 1..5), 0..6),
        ) {
            let written = write(records.iter().map(Vec::as_slice));
            let filled = |fields: &&Vec<String>| fields.iter().any(|field| !field.trim().is_empty());
            // The first line of a file decides about the separator.
            let first = written.lines().next().unwrap_or_default();
            prop_assume!(first.matches(';').count() <= first.matches(',').count());
            prop_assume!(!written.contains('\0'));
            let expected: Vec<_> = records.iter().filter(filled).cloned().collect();
            prop_assert_eq!(fields(&written).unwrap(), expected);
        }

        #[test]
        fn no_file_panics(file: Vec<u8>, text: String) {
            let _ = (read(&file), read(text.as_bytes()));
        }
    }
}
