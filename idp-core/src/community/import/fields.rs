//! Reads one table of the file, field by field, and remembers every mistake with its line.

use std::{collections::BTreeMap, fmt::Display, str::FromStr};

use chrono::{DateTime, NaiveDate, Utc};
use serde::de::DeserializeOwned;
use serde_json::Value;
use toml::de::{DeTable, DeValue};

/// One thing that is wrong with a community file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The line, counted from one.
    pub line: usize,
    /// What is wrong and what would be accepted. Passwords and numbers are not repeated.
    pub message: String,
}

impl Display for Mistake {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "line {}: {}", self.line, self.message)
    }
}

/// Where values stand, and what was found wrong so far.
pub(super) struct Reader {
    /// Where each line ends, so that finding a line in a file of any length is quick.
    line_ends: Vec<usize>,
    pub(super) mistakes: Vec<Mistake>,
}

impl Reader {
    pub(super) fn new(text: &str) -> Self {
        let ends = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        Self { line_ends: ends.map(|(at, _)| at).collect(), mistakes: Vec::new() }
    }

    /// The line of a byte.
    pub(super) fn line_of(&self, offset: usize) -> usize {
        self.line_ends.partition_point(|end| *end < offset) + 1
    }

    pub(super) fn mistake(&mut self, line: usize, message: impl Into<String>) {
        self.mistakes.push(Mistake { line, message: message.into() });
    }
}

/// The fields of one table, each taken once; what is left at the end is unknown.
pub(super) struct Fields<'a> {
    /// Where the table begins.
    pub(super) line: usize,
    left: BTreeMap<String, (usize, DeValue<'a>)>,
    /// What has been asked for, so that a misspelt name can be answered with the right ones.
    asked: Vec<&'static str>,
}

impl<'a> Fields<'a> {
    pub(super) fn new(table: DeTable<'a>, line: usize, reader: &Reader) -> Self {
        let field = |(name, value): (toml::Spanned<_>, toml::Spanned<DeValue<'a>>)| {
            let line = reader.line_of(name.span().start);
            let name: std::borrow::Cow<'a, str> = name.into_inner();
            (name.into_owned(), (line, value.into_inner()))
        };
        Self { line, left: table.into_iter().map(field).collect(), asked: Vec::new() }
    }

    /// The value of a field with its line.
    fn take(&mut self, name: &'static str) -> Option<(usize, DeValue<'a>)> {
        self.asked.push(name);
        self.left.remove(name)
    }

    /// A text without control characters, and its line.
    pub(super) fn text(
        &mut self,
        name: &'static str,
        reader: &mut Reader,
    ) -> Option<(usize, String)> {
        let (line, value) = self.take(name)?;
        let text = value.as_str().filter(|text| !text.trim().is_empty());
        match text.filter(|text| !text.chars().any(char::is_control)) {
            Some(text) => Some((line, text.to_owned())),
            None => {
                reader.mistake(line, format!("{name} must be a text on one line"));
                None
            }
        }
    }

    /// A text that must be there.
    pub(super) fn required_text(
        &mut self,
        name: &'static str,
        reader: &mut Reader,
    ) -> Option<(usize, String)> {
        if !self.left.contains_key(name) {
            reader.mistake(self.line, format!("{name} is missing"));
        }
        self.text(name, reader)
    }

    /// A text that knows its own rules.
    pub(super) fn parsed<T: FromStr<Err: Display>>(
        &mut self,
        name: &'static str,
        reader: &mut Reader,
    ) -> Option<(usize, T)> {
        let (line, text) = self.text(name, reader)?;
        match text.parse() {
            Ok(value) => Some((line, value)),
            Err(error) => {
                reader.mistake(line, format!("{name}: {error}"));
                None
            }
        }
    }

    /// The same, where it must be there.
    pub(super) fn required<T: FromStr<Err: Display>>(
        &mut self,
        name: &'static str,
        reader: &mut Reader,
    ) -> Option<(usize, T)> {
        if !self.left.contains_key(name) {
            reader.mistake(self.line, format!("{name} is missing"));
        }
        self.parsed(name, reader)
    }

    /// One of the words that serde knows a state by.
    pub(super) fn word<T: DeserializeOwned>(
        &mut self,
        name: &'static str,
        reader: &mut Reader,
    ) -> Option<T> {
        let (line, text) = self.text(name, reader)?;
        match serde_json::from_value(Value::String(text)) {
            Ok(value) => Some(value),
            Err(error) => {
                reader.mistake(line, format!("{name}: {error}"));
                None
            }
        }
    }

    /// `true` or `false`.
    pub(super) fn flag(&mut self, name: &'static str, reader: &mut Reader) -> Option<bool> {
        let (line, value) = self.take(name)?;
        let flag = value.as_bool();
        if flag.is_none() {
            reader.mistake(line, format!("{name} must be true or false"));
        }
        flag
    }

    /// A list of texts that know their own rules; `None` if there is no such field.
    pub(super) fn list<T: FromStr<Err: Display>>(
        &mut self,
        name: &'static str,
        reader: &mut Reader,
    ) -> Option<(usize, Vec<T>)> {
        let (line, value) = self.take(name)?;
        let DeValue::Array(items) = value else {
            reader.mistake(line, format!("{name} must be a list"));
            return Some((line, Vec::new()));
        };
        let mut values = Vec::new();
        for item in items {
            let at = reader.line_of(item.span().start);
            match item.get_ref().as_str().map(str::parse) {
                Some(Ok(value)) => values.push(value),
                Some(Err(error)) => reader.mistake(at, format!("{name}: {error}")),
                None => reader.mistake(at, format!("{name} must be a list of texts")),
            }
        }
        Some((line, values))
    }

    /// A time with its offset, such as `2026-09-21T14:00:00Z`.
    pub(super) fn time(
        &mut self,
        name: &'static str,
        reader: &mut Reader,
    ) -> Option<DateTime<Utc>> {
        let (line, value) = self.take(name)?;
        let written = match value {
            DeValue::Datetime(time) => time.to_string(),
            DeValue::String(text) => text.into_owned(),
            DeValue::Array(_)
            | DeValue::Boolean(_)
            | DeValue::Float(_)
            | DeValue::Integer(_)
            | DeValue::Table(_) => String::new(),
        };
        let time = DateTime::parse_from_rfc3339(&written).ok().map(|time| time.to_utc());
        if time.is_none() {
            reader.mistake(line, format!("{name} must be a time such as 2026-09-21T14:00:00Z"));
        }
        time
    }

    /// A day, such as `2024-03-11`.
    pub(super) fn day(&mut self, name: &'static str, reader: &mut Reader) -> Option<NaiveDate> {
        let (line, value) = self.take(name)?;
        let written = match value {
            DeValue::Datetime(day) => day.to_string(),
            DeValue::String(text) => text.into_owned(),
            DeValue::Array(_)
            | DeValue::Boolean(_)
            | DeValue::Float(_)
            | DeValue::Integer(_)
            | DeValue::Table(_) => String::new(),
        };
        let day = written.parse().ok();
        if day.is_none() {
            reader.mistake(line, format!("{name} must be a day such as 2024-03-11"));
        }
        day
    }

    /// A list of tables.
    pub(super) fn tables(&mut self, name: &'static str, reader: &mut Reader) -> Vec<Self> {
        let Some((line, value)) = self.take(name) else { return Vec::new() };
        let DeValue::Array(items) = value else {
            reader.mistake(line, format!("{name} must be written as [[{name}]]"));
            return Vec::new();
        };
        let mut tables = Vec::new();
        for item in items {
            let line = reader.line_of(item.span().start);
            match item.into_inner() {
                DeValue::Table(table) => tables.push(Fields::new(table, line, reader)),
                DeValue::Array(_)
                | DeValue::Boolean(_)
                | DeValue::Datetime(_)
                | DeValue::Float(_)
                | DeValue::Integer(_)
                | DeValue::String(_) => {
                    reader.mistake(line, format!("{name} must be a list of tables"));
                }
            }
        }
        tables
    }

    /// A table that is read by its type's own rules.
    pub(super) fn record<T: DeserializeOwned>(
        &mut self,
        name: &'static str,
        reader: &mut Reader,
    ) -> Option<T> {
        let (line, value) = self.take(name)?;
        match serde_json::from_value(json(value)) {
            Ok(record) => Some(record),
            Err(error) => {
                reader.mistake(line, format!("{name}: {error}"));
                None
            }
        }
    }

    /// All that is left, as JSON, and the line of each member.
    pub(super) fn rest(&mut self) -> (Value, BTreeMap<String, usize>) {
        let left = std::mem::take(&mut self.left);
        let lines = left.iter().map(|(name, (line, _))| (name.clone(), *line)).collect();
        let members = left.into_iter().map(|(name, (_, value))| (name, json(value)));
        (Value::Object(members.collect()), lines)
    }

    /// Names what was not asked for.
    pub(super) fn finish(self, reader: &mut Reader) {
        for (name, (line, _)) in self.left {
            let known = self.asked.join(", ");
            reader.mistake(line, format!("{name} is not known here; there are {known}"));
        }
    }
}

/// A value of the file as JSON; times become texts.
fn json(value: DeValue<'_>) -> Value {
    match value {
        DeValue::Array(items) => items.into_iter().map(|item| json(item.into_inner())).collect(),
        DeValue::Boolean(flag) => flag.into(),
        DeValue::Datetime(time) => time.to_string().into(),
        DeValue::Float(number) => {
            number.as_str().parse::<f64>().map_or_else(|_| number.as_str().into(), Value::from)
        }
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
            .map_or_else(|_| number.as_str().into(), Value::from),
        DeValue::String(text) => text.into_owned().into(),
        DeValue::Table(table) => table
            .into_iter()
            .map(|(name, value)| (name.into_inner().into_owned(), json(value.into_inner())))
            .collect(),
    }
}
