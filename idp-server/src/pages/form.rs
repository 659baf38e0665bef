//! The fields of a form: what each is called, what stands in it, and what is wrong with it (R64).

use super::Frame;

/// A field with its label. What is wrong with it is said beside it, and what was typed stays.
#[derive(Clone, Debug)]
pub struct FieldView<'a> {
    /// Its name in the form.
    pub name: &'a str,
    /// What its `id` begins with, where a page has several forms.
    pub prefix: &'a str,
    pub label: &'a str,
    /// What helps to fill it in.
    pub hint: Option<&'a str>,
    /// What stands in it.
    pub value: &'a str,
    /// What is wrong with it, and what would be accepted.
    pub wrong: Option<&'a str>,
    pub kind: FieldKind<'a>,
}

/// What a field takes.
#[derive(Clone, Debug)]
pub enum FieldKind<'a> {
    /// Some lines, which are kept as one.
    Area {
        /// How many characters it takes.
        most: usize,
    },
    /// One of these: code and label.
    Choice(Vec<(&'a str, &'a str)>),
    /// A line.
    Line {
        /// The kind of keyboard: `text`, `email`, `tel`.
        input: &'a str,
        /// What the browser may fill in (HTML, autofill).
        autocomplete: &'a str,
        /// How many characters it takes.
        most: usize,
        /// Whether the form is good without it.
        optional: bool,
    },
}

impl<'a> FieldView<'a> {
    /// A line that must be filled in.
    #[must_use]
    pub const fn line(name: &'a str, label: &'a str, most: usize) -> Self {
        let kind = FieldKind::Line { input: "text", autocomplete: "off", most, optional: false };
        Self { name, prefix: "", label, hint: None, value: "", wrong: None, kind }
    }

    /// A mail address.
    #[must_use]
    pub const fn email(name: &'a str, label: &'a str) -> Self {
        let kind =
            FieldKind::Line { input: "email", autocomplete: "email", most: 254, optional: false };
        Self { name, prefix: "", label, hint: None, value: "", wrong: None, kind }
    }

    /// A telephone number.
    #[must_use]
    pub const fn phone(name: &'a str, label: &'a str) -> Self {
        let kind = FieldKind::Line { input: "tel", autocomplete: "tel", most: 40, optional: false };
        Self { name, prefix: "", label, hint: None, value: "", wrong: None, kind }
    }

    /// Some lines.
    #[must_use]
    pub const fn area(name: &'a str, label: &'a str, most: usize) -> Self {
        Self {
            name,
            prefix: "",
            label,
            hint: None,
            value: "",
            wrong: None,
            kind: FieldKind::Area { most },
        }
    }

    /// One of several.
    #[must_use]
    pub const fn choice(name: &'a str, label: &'a str, of: Vec<(&'a str, &'a str)>) -> Self {
        Self {
            name,
            prefix: "",
            label,
            hint: None,
            value: "",
            wrong: None,
            kind: FieldKind::Choice(of),
        }
    }

    /// The same with help.
    #[must_use]
    pub fn with_hint(self, hint: &'a str) -> Self {
        Self { hint: Some(hint), ..self }
    }

    /// The same, and the browser may fill it in with this (HTML, autofill).
    #[must_use]
    pub fn filled_by(self, with: &'a str) -> Self {
        let kind = match self.kind {
            FieldKind::Line { input, most, optional, .. } => {
                FieldKind::Line { input, autocomplete: with, most, optional }
            }
            other @ (FieldKind::Area { .. } | FieldKind::Choice(_)) => other,
        };
        Self { kind, ..self }
    }

    /// The same, and the form is good without it.
    #[must_use]
    pub fn optional(self) -> Self {
        let kind = match self.kind {
            FieldKind::Line { input, autocomplete, most, .. } => {
                FieldKind::Line { input, autocomplete, most, optional: true }
            }
            other @ (FieldKind::Area { .. } | FieldKind::Choice(_)) => other,
        };
        Self { kind, ..self }
    }

    pub(super) fn id(&self) -> String {
        match self.prefix {
            "" => self.name.to_owned(),
            prefix => format!("{prefix}-{}", self.name),
        }
    }

    /// The element's `aria-describedby`: its hint, and what is wrong with it.
    pub(super) fn described_by(&self) -> Option<String> {
        let hint = self.hint.map(|_| format!("{}-hint", self.id()));
        let wrong = self.wrong.map(|_| format!("{}-wrong", self.id()));
        let ids: Vec<String> = hint.into_iter().chain(wrong).collect();
        (!ids.is_empty()).then(|| ids.join(" "))
    }

    pub(super) fn label(&self, frame: &Frame<'_>) -> String {
        match self.kind {
            FieldKind::Line { optional: true, .. } => {
                frame.text.form.optional(self.label).to_string()
            }
            FieldKind::Line { .. } | FieldKind::Area { .. } | FieldKind::Choice(_) => {
                self.label.to_owned()
            }
        }
    }
}

/// Why a whole form was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FormProblem {
    /// The challenge comes first.
    Challenge,
    /// It was open for too long, or is from elsewhere.
    Expired,
    /// There were too many from here.
    Throttled,
    /// Some of its fields are wrong.
    Wrong,
}

impl FormProblem {
    pub(super) const fn text(self, frame: &Frame<'_>) -> &'static str {
        let words = &frame.text.form;
        match self {
            Self::Challenge => words.challenge,
            Self::Expired => words.expired,
            Self::Throttled => words.throttled,
            Self::Wrong => words.wrong,
        }
    }
}
