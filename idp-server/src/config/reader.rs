//! Reads settings one by one and remembers every mistake instead of stopping at the first.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    ops::RangeInclusive,
    path::PathBuf,
    str::FromStr,
};

use toml::de::{DeTable, DeValue};

/// One thing that is wrong with the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The setting, for instance `public.listen`; empty where the file as a whole is meant.
    pub key: String,
    /// Where it was set.
    pub place: Place,
    /// What is wrong and what would be accepted. It never repeats the value, which may be secret.
    pub message: String,
}

/// Where a setting was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// In the environment variable of this name.
    Environment(String),
    /// In this line of the file, counted from one.
    Line(usize),
    /// Nowhere: the setting is missing.
    Nowhere,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Place::Environment(name) => write!(f, "environment {name}: ")?,
            Place::Line(line) => write!(f, "line {line}: ")?,
            Place::Nowhere => {}
        }
        if !self.key.is_empty() {
            write!(f, "{} ", self.key)?;
        }
        f.write_str(&self.message)
    }
}

/// All settings of the file and the environment, and what has been found wrong with them so far.
#[derive(Debug)]
pub(super) struct Reader {
    values: BTreeMap<String, Value>,
    known: BTreeSet<&'static str>,
    mistakes: Vec<Mistake>,
}

/// A setting as it was written.
#[derive(Debug)]
pub(super) struct Value {
    raw: Raw,
    place: Place,
}

#[derive(Debug)]
enum Raw {
    Flag(bool),
    Integer(i64),
    List(Vec<String>),
    Section,
    Text(String),
    /// The environment has only text; the wanted type decides how it is read.
    Untyped(String),
    /// A date, a fraction, a list of something else: no setting of ours is one.
    Useless,
}

impl Value {
    pub(super) fn text(&self) -> Option<&str> {
        match &self.raw {
            Raw::Text(text) | Raw::Untyped(text) => Some(text.as_str()).filter(|t| !t.is_empty()),
            Raw::Flag(_) | Raw::Integer(_) | Raw::List(_) | Raw::Section | Raw::Useless => None,
        }
    }

    pub(super) fn parsed<T: FromStr>(&self) -> Option<T> {
        self.text()?.parse().ok()
    }

    pub(super) fn integer(&self) -> Option<i64> {
        match &self.raw {
            Raw::Integer(number) => Some(*number),
            Raw::Untyped(text) => text.parse().ok(),
            Raw::Flag(_) | Raw::List(_) | Raw::Section | Raw::Text(_) | Raw::Useless => None,
        }
    }

    fn flag(&self) -> Option<bool> {
        match &self.raw {
            Raw::Flag(flag) => Some(*flag),
            Raw::Untyped(text) => text.parse().ok(),
            Raw::Integer(_) | Raw::List(_) | Raw::Section | Raw::Text(_) | Raw::Useless => None,
        }
    }

    fn list(&self) -> Option<Vec<&str>> {
        match &self.raw {
            Raw::List(items) => Some(items.iter().map(String::as_str).collect()),
            Raw::Untyped(text) => {
                Some(text.split(',').map(str::trim).filter(|item| !item.is_empty()).collect())
            }
            Raw::Flag(_) | Raw::Integer(_) | Raw::Section | Raw::Text(_) | Raw::Useless => None,
        }
    }
}

/// What every environment variable of ours starts with.
const PREFIX: &str = "HILUM__";

impl Reader {
    /// Reads the file's text, then what the environment says over it.
    ///
    /// # Errors
    /// Every place where the text is no TOML. The settings themselves are judged only in a text
    /// that can be read, since half a file would be full of mistakes that are none.
    pub(super) fn new(
        content: &str,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, Vec<Mistake>> {
        let (table, errors) = DeTable::parse_recoverable(content);
        if !errors.is_empty() {
            let told = errors.iter().map(|error| syntax_mistake(content, error));
            return Err(in_order(told.collect()));
        }
        let mut values = BTreeMap::new();
        flatten("", table.get_ref(), content, &mut values);
        for (name, text) in environment {
            if let Some(key) = name.strip_prefix(PREFIX) {
                let key = key.replace("__", ".").to_ascii_lowercase();
                values.insert(
                    key,
                    Value { raw: Raw::Untyped(text), place: Place::Environment(name) },
                );
            }
        }
        Ok(Self { values, known: BTreeSet::new(), mistakes: Vec::new() })
    }

    /// A setting that may be left out. `None` also if it was wrong, which is remembered.
    pub(super) fn optional<T>(
        &mut self,
        key: &'static str,
        accepts: &str,
        parse: impl FnOnce(&Value) -> Option<T>,
    ) -> Option<T> {
        self.known.insert(key);
        let parsed = parse(self.values.get(key)?);
        if parsed.is_none() {
            self.mistake(key, format!("must be {accepts}"));
        }
        parsed
    }

    /// A setting that must be there. `None` if it is missing or wrong, which is remembered.
    pub(super) fn required<T>(
        &mut self,
        key: &'static str,
        accepts: &str,
        parse: impl FnOnce(&Value) -> Option<T>,
    ) -> Option<T> {
        if !self.values.contains_key(key) {
            self.known.insert(key);
            self.mistake(key, format!("is missing: it must be {accepts}"));
            return None;
        }
        self.optional(key, accepts, parse)
    }

    /// A whole number within `range`, both ends included.
    pub(super) fn number<T>(&mut self, key: &'static str, range: RangeInclusive<T>, default: T) -> T
    where
        T: TryFrom<i64> + PartialOrd + fmt::Display,
    {
        let accepts = format!("a whole number from {} to {}", range.start(), range.end());
        let parse = |value: &Value| {
            T::try_from(value.integer()?).ok().filter(|number| range.contains(number))
        };
        self.optional(key, &accepts, parse).unwrap_or(default)
    }

    /// `true` or `false`; false when left out.
    pub(super) fn flag(&mut self, key: &'static str) -> bool {
        self.optional(key, "true or false", Value::flag).unwrap_or(false)
    }

    /// One of several words.
    pub(super) fn choice<T: Copy>(
        &mut self,
        key: &'static str,
        choices: &[(&str, T)],
        default: T,
    ) -> T {
        let words: Vec<_> = choices.iter().map(|(word, _)| format!("\"{word}\"")).collect();
        let parse = |value: &Value| {
            let text = value.text()?;
            choices.iter().find(|(word, _)| *word == text).map(|(_, choice)| *choice)
        };
        self.optional(key, &words.join(" or "), parse).unwrap_or(default)
    }

    /// A list of texts, empty when left out. In the environment the items stand between commas.
    pub(super) fn list<T>(
        &mut self,
        key: &'static str,
        accepts: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Vec<T> {
        let accepts = format!("a list of {accepts}");
        let parse = |value: &Value| value.list()?.into_iter().map(parse).collect();
        self.optional(key, &accepts, parse).unwrap_or_default()
    }

    /// The path of a file.
    pub(super) fn path(&mut self, key: &'static str) -> Option<PathBuf> {
        self.optional(key, "the path of a file", |value| value.text().map(PathBuf::from))
    }

    /// Whether the setting was given at all, right or wrong.
    pub(super) fn is_given(&self, key: &str) -> bool {
        self.values.contains_key(key)
    }

    /// Remembers that something is wrong with a setting.
    pub(super) fn mistake(&mut self, key: &str, message: impl Into<String>) {
        let place = self.values.get(key).map_or(Place::Nowhere, |value| value.place.clone());
        self.mistakes.push(Mistake { key: key.to_owned(), place, message: message.into() });
    }

    /// All mistakes, those of unknown settings too, in the order of the file.
    pub(super) fn finish(mut self) -> Vec<Mistake> {
        let unknown: Vec<_> =
            self.values.iter().filter(|(key, value)| !self.knows(key, value)).collect();
        let unknown: Vec<_> = unknown
            .into_iter()
            .map(|(key, value)| Mistake {
                key: key.clone(),
                place: value.place.clone(),
                message: self.alternatives(key),
            })
            .collect();
        self.mistakes.extend(unknown);
        in_order(self.mistakes)
    }

    fn knows(&self, key: &str, value: &Value) -> bool {
        let is_empty_section = matches!(value.raw, Raw::Section);
        self.known.contains(key) || (is_empty_section && !self.settings_of(key).is_empty())
    }

    /// The settings of a section, without the section's name.
    fn settings_of(&self, section: &str) -> Vec<&'static str> {
        let in_section = |key: &&'static str| {
            let (of, name) = key.rsplit_once('.').unwrap_or(("", key));
            (of == section).then_some(name)
        };
        self.known.iter().filter_map(in_section).collect()
    }

    fn alternatives(&self, unknown: &str) -> String {
        let section = unknown.rsplit_once('.').map_or("", |(section, _)| section);
        let inside = self.settings_of(unknown);
        let beside = self.settings_of(section);
        if !inside.is_empty() {
            format!("is a section: write [{unknown}] and under it {}", inside.join(", "))
        } else if section.is_empty() {
            let sections: BTreeSet<_> =
                self.known.iter().filter_map(|key| key.split_once('.')).map(|(of, _)| of).collect();
            let sections: Vec<_> = sections.into_iter().collect();
            let beside = beside.join(", ");
            format!("is not known: there are {beside} and the sections {}", sections.join(", "))
        } else if beside.is_empty() {
            format!("is not known: there is no section [{section}]")
        } else {
            format!("is not known: [{section}] has {}", beside.join(", "))
        }
    }
}

fn in_order(mut mistakes: Vec<Mistake>) -> Vec<Mistake> {
    mistakes.sort_by_key(|mistake| match mistake.place {
        Place::Line(line) => (0, line),
        Place::Environment(_) => (1, 0),
        Place::Nowhere => (2, 0),
    });
    mistakes
}

fn syntax_mistake(content: &str, error: &toml::de::Error) -> Mistake {
    let place =
        error.span().map_or(Place::Nowhere, |span| Place::Line(line_of(content, span.start)));
    let message = format!("this is not valid TOML: {}", error.message());
    Mistake { key: String::new(), place, message }
}

fn line_of(content: &str, offset: usize) -> usize {
    content.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}

/// Turns tables in tables into dotted names, so that file and environment are one map.
fn flatten(
    section: &str,
    table: &DeTable<'_>,
    content: &str,
    values: &mut BTreeMap<String, Value>,
) {
    for (name, value) in table {
        let dot = if section.is_empty() { "" } else { "." };
        let key = format!("{section}{dot}{}", name.get_ref());
        let raw = match value.get_ref() {
            DeValue::Array(items) => {
                let texts = items.iter().map(|item| item.get_ref().as_str().map(str::to_owned));
                texts.collect::<Option<_>>().map_or(Raw::Useless, Raw::List)
            }
            DeValue::Boolean(flag) => Raw::Flag(*flag),
            DeValue::Datetime(_) | DeValue::Float(_) => Raw::Useless,
            DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
                .map_or(Raw::Useless, Raw::Integer),
            DeValue::String(text) => Raw::Text(text.clone().into_owned()),
            DeValue::Table(inner) if inner.is_empty() => Raw::Section,
            DeValue::Table(inner) => {
                flatten(&key, inner, content, values);
                continue;
            }
        };
        let place = Place::Line(line_of(content, name.span().start));
        values.insert(key, Value { raw, place });
    }
}
