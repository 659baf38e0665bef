//! Agreements: texts that a person must have accepted before any site opens (R19, R21,
//! domain 4.10).
//!
//! A text is published under a version, with its hash, and stays as it is for good. A newer version
//! takes its place and is asked for anew. What somebody accepted is therefore always the very text
//! that they were shown.

use std::{collections::BTreeSet, fmt};

use chrono::{DateTime, Utc};

use crate::{audit::Sha256, ids::AgreementId};

/// The longest text, in bytes: some thirty printed pages.
pub const MAX_BYTES: usize = 64 * 1024;
/// The longest name of an agreement or of a version.
const MAX_NAME: usize = 40;

/// A version of an agreement, as it was published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agreement {
    /// This version of it.
    pub id: AgreementId,
    /// Which agreement: its versions have this in common.
    pub code: AgreementName,
    /// Which version of it.
    pub version: AgreementName,
    /// What it says.
    pub text: AgreementText,
    /// When it was published.
    pub published_at: DateTime<Utc>,
    /// When another version took its place, or it was withdrawn; `None` while it is in force.
    pub superseded_at: Option<DateTime<Utc>>,
}

/// The name of the agreement that an organization signs when it joins. Nobody is asked for it as a
/// person.
pub const OF_ORGANIZATIONS: &str = "organization";

impl Agreement {
    /// Whether organizations sign it (R20), and not people for themselves (R19).
    #[must_use]
    pub fn is_of_organizations(&self) -> bool {
        self.code.as_str() == OF_ORGANIZATIONS
    }

    /// Whether people are asked for it.
    #[must_use]
    pub const fn is_in_force(&self) -> bool {
        self.superseded_at.is_none()
    }
}

/// The first of the agreements `in_force` that is not among those that a person has `accepted`.
///
/// Having accepted an earlier version counts for nothing: it was another text.
#[must_use]
pub fn due<'a>(
    in_force: impl IntoIterator<Item = &'a Agreement>,
    accepted: &BTreeSet<AgreementId>,
) -> Option<&'a Agreement> {
    in_force.into_iter().find(|agreement| {
        agreement.is_in_force()
            && !agreement.is_of_organizations()
            && !accepted.contains(&agreement.id)
    })
}

/// The name of an agreement (`subscriber`) or of a version (`2026-11`): 1 to 40 lower-case letters,
/// digits, `-` and `.`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AgreementName(String);

/// A text that cannot name an agreement or a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a name has 1 to 40 lower-case letters, digits, hyphens and full stops")]
pub struct InvalidName;

impl AgreementName {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::str::FromStr for AgreementName {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let plain =
            |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'.');
        let fits = (1..=MAX_NAME).contains(&text.len()) && text.bytes().all(plain);
        if fits { Ok(Self(text.to_owned())) } else { Err(InvalidName) }
    }
}

impl TryFrom<String> for AgreementName {
    type Error = InvalidName;

    fn try_from(text: String) -> Result<Self, InvalidName> {
        text.parse()
    }
}

impl fmt::Display for AgreementName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for AgreementName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What an agreement says, and how it is laid out.
///
/// Plain text with as little markup as a contract needs: a first line `# Title`, headings
/// `## Heading`, lists of lines that begin with `- `, and paragraphs, with empty lines between them.
/// Everything else is shown as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgreementText {
    source: String,
    title: String,
    blocks: Vec<Block>,
    hash: Sha256,
}

/// A piece of an agreement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Block {
    /// The heading of a section.
    Heading(String),
    /// The items of a list.
    List(Vec<String>),
    /// A paragraph; its lines are joined.
    Paragraph(String),
}

/// Why a text is no agreement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidText {
    /// Somebody pasted something that is no text.
    #[error("line {0} has a control character")]
    ControlCharacter(usize),
    /// A title and nothing else.
    #[error("there is nothing to agree to below the title")]
    Empty,
    /// The first line is no title.
    #[error("the first line must be the title: # Subscriber agreement")]
    NoTitle,
    /// Nobody would read it.
    #[error("the text is longer than 64 KiB")]
    TooLong,
}

impl AgreementText {
    /// Reads a text.
    ///
    /// # Errors
    /// [`InvalidText`].
    pub fn read(source: &str) -> Result<Self, InvalidText> {
        if source.len() > MAX_BYTES {
            return Err(InvalidText::TooLong);
        }
        let strange = |line: &str| line.chars().any(|c| c.is_control() && c != '\t' && c != '\r');
        if let Some(at) = source.split('\n').position(strange) {
            return Err(InvalidText::ControlCharacter(at + 1));
        }
        let mut lines = source.lines().map(str::trim);
        let title = lines.next().and_then(|line| line.strip_prefix("# ")).map(str::trim);
        let title = title.filter(|title| !title.is_empty()).ok_or(InvalidText::NoTitle)?.to_owned();
        let blocks = blocks(lines);
        if blocks.iter().all(|block| matches!(block, Block::Heading(_))) {
            return Err(InvalidText::Empty);
        }
        Ok(Self { source: source.to_owned(), title, blocks, hash: Sha256::of(source.as_bytes()) })
    }

    /// The text as it was written, to the byte.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Its title.
    #[must_use]
    pub fn title(&self) -> &str {
        &self.title
    }

    /// What stands below the title.
    #[must_use]
    pub fn blocks(&self) -> &[Block] {
        &self.blocks
    }

    /// SHA-256 of the text as it was written: what `sha256sum` says of the file.
    #[must_use]
    pub const fn hash(&self) -> Sha256 {
        self.hash
    }
}

fn blocks<'a>(lines: impl Iterator<Item = &'a str>) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut fresh = true; // whether the next line begins a block of its own
    for line in lines {
        let (heading, item) = (line.strip_prefix("## "), line.strip_prefix("- "));
        match (line, heading, item, blocks.last_mut()) {
            ("", ..) => {
                fresh = true;
                continue;
            }
            (_, Some(heading), ..) => {
                blocks.push(Block::Heading(heading.trim().to_owned()));
                fresh = true;
                continue;
            }
            (_, _, Some(item), Some(Block::List(items))) if !fresh => {
                items.push(item.trim().to_owned())
            }
            (_, _, Some(item), _) => blocks.push(Block::List(vec![item.trim().to_owned()])),
            (_, _, _, Some(Block::Paragraph(text))) if !fresh => append(text, line),
            (_, _, _, Some(Block::List(items))) if !fresh => {
                if let Some(text) = items.last_mut() {
                    append(text, line);
                }
            }
            (..) => blocks.push(Block::Paragraph(line.to_owned())),
        }
        fresh = false;
    }
    blocks
}

fn append(text: &mut String, line: &str) {
    text.push(' ');
    text.push_str(line);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn agreement(id: &str, superseded: bool) -> Agreement {
        Agreement {
            id: id.parse().unwrap(),
            code: "subscriber".parse().unwrap(),
            version: "1".parse().unwrap(),
            text: AgreementText::read("# T\n\nx").unwrap(),
            published_at: DateTime::UNIX_EPOCH,
            superseded_at: superseded.then_some(DateTime::UNIX_EPOCH),
        }
    }

    #[test]
    fn what_is_in_force_and_not_accepted_is_due() {
        let (old, new) = (agreement("agr_old", true), agreement("agr_new", false));
        let other = agreement("agr_other", false);
        for (accepted, expected) in [
            (vec![], Some("agr_new")),
            (vec!["agr_old"], Some("agr_new")),
            (vec!["agr_new"], Some("agr_other")),
            (vec!["agr_new", "agr_other"], None),
            (vec!["agr_new", "agr_other", "agr_old"], None),
        ] {
            let set = accepted.iter().map(|id| id.parse().unwrap()).collect();
            let found = due([&old, &new, &other], &set).map(|agreement| agreement.id.as_str());
            assert_eq!(found, expected, "{accepted:?}");
        }
    }

    #[test]
    fn a_text_is_laid_out_as_it_is_written() {
        let source =
            "# Subscriber agreement\r\n\nOne\ntwo.\n\nThree.\n## You\n- a\n  b\n- <c>\n\n- d\nend";
        let text = AgreementText::read(source).unwrap();
        let list =
            |items: &[&str]| Block::List(items.iter().map(|item| (*item).to_owned()).collect());
        assert_eq!(text.title(), "Subscriber agreement");
        assert_eq!(
            text.blocks(),
            [
                Block::Paragraph("One two.".to_owned()),
                Block::Paragraph("Three.".to_owned()),
                Block::Heading("You".to_owned()),
                list(&["a b", "<c>"]),
                list(&["d end"]),
            ]
        );
    }

    #[test]
    fn what_is_no_agreement_is_refused_with_the_reason() {
        for (source, expected) in [
            ("", InvalidText::NoTitle),
            ("Agreement\n\nx", InvalidText::NoTitle),
            ("# \n\nx", InvalidText::NoTitle),
            ("## Heading\n\nx", InvalidText::NoTitle),
            ("# T", InvalidText::Empty),
            ("# T\n\n## H\n", InvalidText::Empty),
            ("# T\n\nx\u{0}", InvalidText::ControlCharacter(3)),
            ("# T\n\u{1b}[31m", InvalidText::ControlCharacter(2)),
            (&format!("# T\n\n{}", "x".repeat(MAX_BYTES)), InvalidText::TooLong),
        ] {
            assert_eq!(AgreementText::read(source), Err(expected), "{source:.20}");
        }
    }

    #[test]
    fn the_hash_is_what_sha256sum_says_of_the_file() {
        let text = AgreementText::read("# T\n\nx\n").unwrap();
        let expected = "ce4e00c0af5dee65d8c38b0c87946e21bacc6343c48751fbca9a9bff256539c5";
        assert_eq!(text.hash().to_string(), expected);
    }

    #[test]
    fn names_are_short_and_plain() {
        for (name, fits) in [
            ("subscriber", true),
            ("2026-11.1", true),
            ("", false),
            ("Subscriber", false),
            ("a b", false),
            ("../x", false),
            ("\u{e9}", false),
            (&"a".repeat(40), true),
            (&"a".repeat(41), false),
        ] {
            assert_eq!(name.parse::<AgreementName>().is_ok(), fits, "{name}");
        }
    }

    proptest! {
        #[test]
        fn no_word_of_a_text_is_lost(lines in prop::collection::vec("(## |- )?[a-z<&]{1,6}( [a-z]{1,6})?|", 1..30)) {
            let source = format!("# T\n\nx\n{}", lines.join("\n"));
            let text = AgreementText::read(&source).unwrap();
            let shown: Vec<&str> = text.blocks().iter().flat_map(|block| match block {
                Block::Heading(text) | Block::Paragraph(text) => vec![text.as_str()],
                Block::List(items) => items.iter().map(String::as_str).collect(),
            }).flat_map(str::split_whitespace).collect();
            let is_word = |word: &&str| !matches!(*word, "##" | "-");
            let written: Vec<&str> = source.split_whitespace().skip(2).filter(is_word).collect();
            prop_assert_eq!(shown, written);
        }
    }
}
