//! The compiler behind `build.rs`: from catalogue files to one typed `Messages` per language.
//!
//! A catalogue has sections of texts. A text without a placeholder becomes a `&'static str` field,
//! one with placeholders (`{site}`) a method that takes them in alphabetical order. What a
//! translation leaves out is English.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use toml::{Table, Value};

/// The language every other one falls back to, and the name of its file.
pub const ENGLISH: &str = "en";

/// Section, then key, then text.
type Catalogue = BTreeMap<String, BTreeMap<String, String>>;

/// A text taken apart: what stands, and what is filled in.
#[derive(Debug, PartialEq, Eq)]
enum Part<'a> {
    Text(&'a str),
    Value(&'a str),
}

/// The Rust source of all catalogues, for `include!`. `translations` are pairs of a language tag
/// and the text of its file.
///
/// # Errors
/// Every mistake found, each naming the language and the text.
pub fn compile(english: &str, translations: &[(String, String)]) -> Result<String, Vec<String>> {
    let english = read(ENGLISH, english).map_err(|mistake| vec![mistake])?;
    let mut mistakes = judge(ENGLISH, &english, &english);
    let mut languages = vec![(ENGLISH.to_owned(), english.clone())];
    for (tag, source) in translations {
        match read(tag, source) {
            Ok(catalogue) => {
                mistakes.extend(judge(tag, &catalogue, &english));
                languages.push((tag.clone(), completed(catalogue, &english)));
            }
            Err(mistake) => mistakes.push(mistake),
        }
    }
    if mistakes.is_empty() { Ok(write_code(&english, &languages)) } else { Err(mistakes) }
}

fn read(tag: &str, source: &str) -> Result<Catalogue, String> {
    let table: Table = source.parse().map_err(|error| format!("{tag}: {error}"))?;
    let mut catalogue = Catalogue::new();
    for (section, texts) in table {
        let Value::Table(texts) = texts else {
            return Err(format!("{tag}: {section} is not a section"));
        };
        let entry = catalogue.entry(section.clone()).or_default();
        for (key, text) in texts {
            let Value::String(text) = text else {
                return Err(format!("{tag}: {section}.{key} is not a text"));
            };
            entry.insert(key, text);
        }
    }
    Ok(catalogue)
}

/// What is wrong with `catalogue`, measured against English.
fn judge(tag: &str, catalogue: &Catalogue, english: &Catalogue) -> Vec<String> {
    let mut mistakes = Vec::new();
    for (section, key, text) in texts(catalogue) {
        let name = format!("{tag}: {section}.{key}");
        if !is_name(section) || !is_name(key) {
            mistakes.push(format!("{name} is not written in lower case with underscores"));
        }
        if text.trim().is_empty() {
            mistakes.push(format!("{name} is empty"));
        }
        match english.get(section).and_then(|texts| texts.get(key)) {
            None => mistakes.push(format!("{name} is unknown in English")),
            Some(original) if placeholders(text) != placeholders(original) => {
                mistakes.push(format!("{name} has other placeholders than English"));
            }
            Some(_) => {}
        }
        if !placeholders(text).iter().all(|placeholder| is_name(placeholder)) {
            mistakes.push(format!("{name} has a brace that is no placeholder"));
        }
    }
    mistakes
}

fn texts(catalogue: &Catalogue) -> impl Iterator<Item = (&String, &String, &String)> {
    catalogue
        .iter()
        .flat_map(|(section, texts)| texts.iter().map(move |(key, text)| (section, key, text)))
}

fn is_name(word: &str) -> bool {
    word.starts_with(|first: char| first.is_ascii_lowercase())
        && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

fn completed(mut catalogue: Catalogue, english: &Catalogue) -> Catalogue {
    for (section, key, text) in texts(english) {
        let section = catalogue.entry(section.clone()).or_default();
        section.entry(key.clone()).or_insert_with(|| text.clone());
    }
    catalogue
}

fn parts(text: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((name, remainder)) = after.split_once('}') else { break };
        if !before.is_empty() {
            parts.push(Part::Text(before));
        }
        parts.push(Part::Value(name));
        rest = remainder;
    }
    if !rest.is_empty() {
        parts.push(Part::Text(rest));
    }
    parts
}

fn placeholders(text: &str) -> BTreeSet<&str> {
    let named = |part| match part {
        Part::Value(name) => Some(name),
        Part::Text(_) => None,
    };
    parts(text).into_iter().filter_map(named).collect()
}

fn write_code(english: &Catalogue, languages: &[(String, Catalogue)]) -> String {
    let mut code = String::new();
    write_types(&mut code, english);
    for (tag, catalogue) in languages {
        write_language(&mut code, tag, catalogue);
    }
    let names: Vec<String> =
        languages.iter().map(|(tag, _)| format!("&{}", constant(tag))).collect();
    line(&mut code, "/// Every language there is, English first.");
    line(
        &mut code,
        &format!("pub static LANGUAGES: [&Messages; {}] = [{}];", names.len(), names.join(", ")),
    );
    code
}

fn write_types(code: &mut String, english: &Catalogue) {
    line(code, "/// All texts in one language.\n#[derive(Debug)]\npub struct Messages {");
    line(code, "    /// The language tag (BCP 47), for the `lang` attribute.");
    line(code, "    pub tag: &'static str,");
    for section in english.keys() {
        line(code, &format!("    pub {section}: {},", type_name(section)));
    }
    line(code, "}");
    for (section, texts) in english {
        let name = type_name(section);
        line(code, &format!("/// The texts of section `{section}`.\n#[derive(Debug)]"));
        line(code, &format!("pub struct {name} {{"));
        for (key, text) in texts {
            if placeholders(text).is_empty() {
                line(code, &format!("    pub {key}: &'static str,"));
            } else {
                line(code, &format!("    {key}: &'static [Part],"));
            }
        }
        line(code, "}");
        write_methods(code, &name, texts);
    }
}

fn write_methods(code: &mut String, name: &str, texts: &BTreeMap<String, String>) {
    let filled: Vec<_> = texts.iter().filter(|(_, text)| !placeholders(text).is_empty()).collect();
    if filled.is_empty() {
        return;
    }
    line(code, &format!("impl {name} {{"));
    for (key, text) in filled {
        let names = placeholders(text);
        let each = |suffix: &str| {
            names.iter().map(|name| format!("{name}{suffix}")).collect::<Vec<_>>().join(", ")
        };
        line(
            code,
            &format!(
                "    pub fn {key}(&self, {}) -> Filled {{\n        Filled::new(self.{key}, vec![{}])\n    }}",
                each(": impl std::fmt::Display"),
                each(".to_string()"),
            ),
        );
    }
    line(code, "}");
}

fn write_language(code: &mut String, tag: &str, catalogue: &Catalogue) {
    line(code, &format!("static {}: Messages = Messages {{", constant(tag)));
    line(code, &format!("    tag: {tag:?},"));
    for (section, texts) in catalogue {
        line(code, &format!("    {section}: {} {{", type_name(section)));
        for (key, text) in texts {
            let names: Vec<&str> = placeholders(text).into_iter().collect();
            if names.is_empty() {
                line(code, &format!("        {key}: {text:?},"));
                continue;
            }
            let position = |name| names.iter().position(|known| *known == name).unwrap_or_default();
            let written: Vec<String> = parts(text)
                .into_iter()
                .map(|part| match part {
                    Part::Text(text) => format!("Part::Text({text:?})"),
                    Part::Value(name) => format!("Part::Value({})", position(name)),
                })
                .collect();
            line(code, &format!("        {key}: &[{}],", written.join(", ")));
        }
        line(code, "    },");
    }
    line(code, "};");
}

fn line(code: &mut String, text: &str) {
    // Writing to a String cannot fail.
    let _ = writeln!(code, "{text}");
}

/// `sign_in` becomes `SignIn`.
fn type_name(section: &str) -> String {
    let capitalized = |word: &str| {
        let mut letters = word.chars();
        letters.next().map(|first| first.to_ascii_uppercase().to_string() + letters.as_str())
    };
    section.split('_').filter_map(capitalized).collect()
}

/// `pt-BR` becomes `PT_BR`.
fn constant(tag: &str) -> String {
    tag.to_ascii_uppercase().replace('-', "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: &str = "[sign_in]\ntitle = \"Sign in\"\nheading = \"Sign in to {site}\"\n";

    fn with(translation: &str) -> Result<String, Vec<String>> {
        compile(SMALL, &[("es".to_owned(), translation.to_owned())])
    }

    #[test]
    fn a_language_is_one_more_file_and_falls_back_to_english() {
        let code = with("[sign_in]\ntitle = \"Iniciar sesión\"\n").expect("compiles");
        assert!(code.contains("static ES: Messages"), "{code}");
        assert!(code.contains("title: \"Iniciar sesión\""), "{code}");
        let spanish = code.split("static ES").nth(1).expect("has Spanish");
        assert!(spanish.contains("Part::Text(\"Sign in to \"), Part::Value(0)"), "{spanish}");
    }

    #[test]
    fn a_translation_with_an_unknown_text_or_another_placeholder_is_refused() {
        for (translation, expected) in [
            ("[sign_in]\ntitel = \"x\"", "es: sign_in.titel is unknown in English"),
            ("[login]\ntitle = \"x\"", "es: login.title is unknown in English"),
            (
                "[sign_in]\nheading = \"Hola {sitio}\"",
                "es: sign_in.heading has other placeholders than English",
            ),
            ("[sign_in]\ntitle = \" \"", "es: sign_in.title is empty"),
            ("[sign_in]\ntitle = 3", "es: sign_in.title is not a text"),
        ] {
            assert_eq!(with(translation).expect_err(translation), [expected]);
        }
    }

    #[test]
    fn every_mistake_is_named_at_once() {
        let mistakes = with("[sign_in]\na = \"x\"\nb = \"x\"").expect_err("two unknown texts");
        assert_eq!(mistakes.len(), 2, "{mistakes:?}");
    }

    #[test]
    fn placeholders_may_repeat_and_change_their_order() {
        assert_eq!(
            parts("{b} and {a}, {b}"),
            [
                Part::Value("b"),
                Part::Text(" and "),
                Part::Value("a"),
                Part::Text(", "),
                Part::Value("b"),
            ]
        );
        assert_eq!(placeholders("{b} and {a}, {b}"), BTreeSet::from(["a", "b"]));
    }
}
