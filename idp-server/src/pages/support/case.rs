//! What most pages of the desk are: facts in sections, and a form for each thing that can be done.

use askama::Template;
use chrono::{DateTime, Utc};

use super::SupportNav;
use crate::pages::{FieldKind, FieldView, Frame};

/// A list, a page at a time.
#[derive(Debug, Template)]
#[template(path = "support_list.html")]
pub struct ListPage<'a> {
    pub frame: Frame<'a>,
    pub nav: SupportNav,
    pub lead: Option<&'a str>,
    /// What is looked for, and the address to look at.
    pub fields: Vec<FieldView<'a>>,
    pub action: &'a str,
    pub by: SendBy<'a>,
    pub problem: Option<&'a str>,
    pub parts: Vec<ListPart<'a>>,
}

/// How what is looked for is sent.
#[derive(Clone, Copy, Debug)]
pub enum SendBy<'a> {
    /// In the address: it can be kept, and gone back to.
    Get,
    /// In a form of ours, with its token: it must stand in no address.
    Post(&'a str),
}

/// A part of a list.
#[derive(Clone, Debug)]
pub struct ListPart<'a> {
    /// Its `id`.
    pub id: &'a str,
    pub heading: &'a str,
    pub rows: Vec<ListRow>,
    /// The address of the next page, if there may be one.
    pub next: Option<String>,
}

/// A line of a list.
#[derive(Clone, Debug)]
pub struct ListRow {
    pub title: String,
    /// Its page, if it has one.
    pub address: Option<String>,
    pub badge: Option<String>,
    pub facts: Vec<Fact>,
}

/// A page about one thing.
#[derive(Debug, Template)]
#[template(path = "support_case.html")]
pub struct CasePage<'a> {
    pub frame: Frame<'a>,
    pub nav: SupportNav,
    pub form_token: &'a str,
    pub title: String,
    /// What its forms are posted to.
    pub action: String,
    /// Why nothing happened.
    pub problem: Option<String>,
    /// What happened.
    pub done: Option<&'a str>,
    /// A code, which is shown this once.
    pub code: Option<String>,
    pub sections: Vec<Section<'a>>,
    pub deeds: Vec<DeedView<'a>>,
}

/// Facts under a heading.
#[derive(Clone, Debug)]
pub struct Section<'a> {
    /// Its `id`.
    pub id: &'a str,
    pub heading: &'a str,
    /// What is said before the facts.
    pub lead: Option<&'a str>,
    pub facts: Vec<Fact>,
}

/// A fact: what it is called, and what it is.
#[derive(Clone, Debug)]
pub struct Fact {
    pub label: &'static str,
    pub value: FactValue,
}

/// What a fact is.
#[derive(Clone, Debug)]
pub enum FactValue {
    /// A moment.
    At(DateTime<Utc>),
    /// Something with a page of its own: name and address.
    Link(String, String),
    /// Words.
    Text(String),
}

impl Fact {
    /// A fact in words.
    #[must_use]
    pub fn text(label: &'static str, value: impl Into<String>) -> Self {
        Self { label, value: FactValue::Text(value.into()) }
    }

    /// A fact with a page of its own.
    #[must_use]
    pub fn link(label: &'static str, name: impl Into<String>, address: String) -> Self {
        Self { label, value: FactValue::Link(name.into(), address) }
    }

    /// A moment.
    #[must_use]
    pub const fn at(label: &'static str, at: DateTime<Utc>) -> Self {
        Self { label, value: FactValue::At(at) }
    }
}

/// Something that can be done: a form with a button.
#[derive(Clone, Debug)]
pub struct DeedView<'a> {
    /// The value of `deed`, and the `id` of the button.
    pub code: &'a str,
    pub label: &'a str,
    pub hint: Option<&'a str>,
    pub fields: Vec<FieldView<'a>>,
    /// Whether it is the usual thing to do.
    pub main: bool,
}

impl<'a> DeedView<'a> {
    /// A button.
    #[must_use]
    pub const fn button(code: &'a str, label: &'a str) -> Self {
        Self { code, label, hint: None, fields: Vec::new(), main: false }
    }

    /// The same with fields, whose `id`s begin with the deed.
    #[must_use]
    pub fn with(self, fields: Vec<FieldView<'a>>) -> Self {
        let prefix = self.code;
        let fields = fields.into_iter().map(|field| FieldView { prefix, ..field }).collect();
        Self { fields, ..self }
    }

    /// The same with a word of what follows.
    #[must_use]
    pub fn with_hint(self, hint: &'a str) -> Self {
        Self { hint: Some(hint), ..self }
    }

    /// The same as the usual thing to do.
    #[must_use]
    pub fn main(self) -> Self {
        Self { main: true, ..self }
    }
}
