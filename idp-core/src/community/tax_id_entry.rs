//! What happens when somebody types a Tax ID into a form (domain 3.6, R16, R22).
//!
//! A personal Social Security number is never taken by accident: written like one, or said to be
//! one, it leads to a page that explains the risk and the way to a free business number, and only a
//! tick there goes on. Nine bare digits could be either, so they are asked about.

use super::{
    actor::Actor,
    field::{self, LONGEST_NOTE, LineError},
    outcome::Outcome,
    permission::{Action, Denied, Target, may},
    tax_id::{Ein, Prefixes, Ssn, TaxIdError, TaxIdNumber, shape, written},
};
use crate::audit::Kind;

/// What the form holds.
#[derive(Clone, Copy, Debug)]
pub struct Typed<'a> {
    /// The number, as it was typed.
    pub text: &'a str,
    /// What the person says that it is.
    pub meaning: Meaning,
    /// Whether they ticked that a personal number is to be registered all the same.
    pub insists: Insists,
}

/// What the person says that a number is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// The business's number.
    Business,
    /// Their own Social Security number.
    Personal,
    /// Nothing yet.
    Unsaid,
}

/// The tick of the page that explains the risk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Insists {
    /// Not ticked, or the page was not shown.
    No,
    /// Ticked.
    Yes,
}

/// What follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// It is a number; whether somebody has it already is the next question.
    Accepted {
        /// Which.
        number: TaxIdNumber,
        /// Why a second look is worth asking for; nothing is refused for it.
        doubt: Option<Doubt>,
    },
    /// Ask whether it is the business's number or a personal one.
    Ask,
    /// Show the page that explains the risk of a personal number.
    Stop(Ssn),
}

/// Why a number looks made up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Doubt {
    /// `11-1111111`.
    #[error("all digits after the first two are the same: is this the number on your IRS letter?")]
    EqualDigits,
    /// `12-3456789`.
    #[error("the digits count up or down: is this the number on your IRS letter?")]
    RunningDigits,
}

/// Judges what was typed.
///
/// # Errors
/// [`TaxIdError`]: what is wrong with it and what is accepted.
pub fn judge(typed: Typed<'_>, prefixes: &Prefixes) -> Result<Entry, TaxIdError> {
    let written = written(typed.text);
    let shape = shape(&written);
    let personal = shape == [3, 2, 4] || typed.meaning == Meaning::Personal;
    if personal {
        let ssn: Ssn = written.parse()?;
        return Ok(match typed.insists {
            Insists::No => Entry::Stop(ssn),
            Insists::Yes => Entry::Accepted { number: TaxIdNumber::Ssn(ssn), doubt: None },
        });
    }
    let bare = shape == [9];
    // What can only be a personal number need not be asked about, nor what is none of both.
    let ein = Ein::read(&written, prefixes);
    if bare && typed.meaning == Meaning::Unsaid {
        return if ein.is_ok() || written.parse::<Ssn>().is_ok() {
            Ok(Entry::Ask)
        } else {
            ein.map(|_| Entry::Ask)
        };
    }
    let ein = ein?;
    let doubt = doubt(ein.digits());
    Ok(Entry::Accepted { number: TaxIdNumber::Ein(ein), doubt })
}

fn doubt(digits: &str) -> Option<Doubt> {
    let steps = |digits: &str| {
        let bytes = digits.as_bytes();
        let pairs = bytes.iter().zip(bytes.iter().skip(1));
        pairs.map(|(one, next)| i16::from(*next) - i16::from(*one)).collect::<Vec<_>>()
    };
    let all = |digits: &str, step: i16| steps(digits).into_iter().all(|found| found == step);
    if digits.get(2..).is_some_and(|serial| all(serial, 0)) {
        Some(Doubt::EqualDigits)
    } else if all(digits, 1) || all(digits, -1) {
        Some(Doubt::RunningDigits)
    } else {
        None
    }
}

/// Why Support could not accept a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OverrideError {
    /// Not for people like them.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// No reason was given.
    #[error("say why, for instance by the date of the IRS letter: {0}")]
    Reason(LineError),
    /// It is no number, whatever its prefix.
    #[error(transparent)]
    TaxId(#[from] TaxIdError),
}

/// Accepts a number whose prefix is not in the table, for a reason. The outcome's state is the
/// number and the reason, which goes into the audit record.
///
/// # Errors
/// [`OverrideError`].
pub fn override_prefix(
    actor: &Actor,
    text: &str,
    reason: &str,
) -> Result<Outcome<(Ein, String)>, OverrideError> {
    may(actor, Action::OverridePrefix, Target::Community)?;
    let reason = field::line(reason, LONGEST_NOTE).map_err(OverrideError::Reason)?;
    let ein = Ein::read(text, &Prefixes::any())?;
    Ok(Outcome::new((ein, reason), Kind::TaxidPrefixOverridden))
}

#[cfg(test)]
mod tests {
    use proptest::{prelude::*, sample::select};

    use super::*;
    use crate::community::actor::testing::{administrator, agent};

    fn judged(text: &str, meaning: Meaning, insists: Insists) -> String {
        match judge(Typed { text, meaning, insists }, &Prefixes::default()) {
            Ok(Entry::Accepted { number, doubt: None }) => number.shown(),
            Ok(Entry::Accepted { number, doubt: Some(doubt) }) => {
                format!("{}? {doubt:?}", number.shown())
            }
            Ok(Entry::Ask) => "ask".to_owned(),
            Ok(Entry::Stop(ssn)) => format!("stop {ssn}"),
            Err(error) => format!("{error:?}"),
        }
    }

    #[test]
    fn a_personal_number_is_never_taken_by_accident() {
        use {Insists::*, Meaning::*};
        for (text, meaning, insists, expected) in [
            ("91-1234567", Unsaid, No, "91-1234567"),
            ("91-1234567", Business, No, "91-1234567"),
            // nine bare digits could be either
            ("911234567", Unsaid, No, "ask"),
            ("911234567", Business, No, "91-1234567"),
            ("123456789", Personal, No, "stop ***-**-6789"),
            ("123456789", Personal, Yes, "***-**-6789"),
            // 07 is no business prefix, but a person can have it
            ("071234567", Unsaid, No, "ask"),
            ("071234567", Business, No, "Prefix"),
            // neither of both
            ("970001234", Unsaid, No, "Prefix"),
            // written like a personal number, whatever is said about it
            ("123-45-6789", Unsaid, No, "stop ***-**-6789"),
            ("123-45-6789", Business, No, "stop ***-**-6789"),
            ("123-45-6789", Business, Yes, "***-**-6789"),
            ("123\u{2011}45\u{2011}6789", Unsaid, No, "stop ***-**-6789"),
            ("666-45-6789", Personal, Yes, "ImpossibleSsn"),
            // the tick of a page that was not asked for turns nothing into a personal number
            ("91-1234567", Unsaid, Yes, "91-1234567"),
            ("911234567", Unsaid, Yes, "ask"),
            ("", Unsaid, No, "NotNineDigits"),
            ("91-123456", Business, No, "NotNineDigits"),
            ("91-1111111", Business, No, "91-1111111? EqualDigits"),
            ("123456789", Business, No, "12-3456789? RunningDigits"),
            ("98-7654321", Business, No, "98-7654321? RunningDigits"),
        ] {
            assert_eq!(judged(text, meaning, insists), expected, "{text} {meaning:?} {insists:?}");
        }
    }

    #[test]
    fn support_accepts_an_unknown_prefix_for_a_reason() {
        let accepted =
            override_prefix(&agent("sam"), "07-1234567", " IRS letter of 2 May ").unwrap();
        assert_eq!(accepted.state.0.to_string(), "07-1234567");
        assert_eq!(accepted.state.1, "IRS letter of 2 May");
        assert_eq!(accepted.audit, [Kind::TaxidPrefixOverridden]);
        for (actor, text, reason, expected) in [
            (agent("sam"), "07-1234567", " ", OverrideError::Reason(LineError::Empty)),
            (agent("sam"), "07-123456", "x", TaxIdError::NotNineDigits.into()),
            (agent("sam"), "123-45-6789", "x", TaxIdError::SsnShaped.into()),
            (administrator("adam", "a"), "07-1234567", "x", Denied::Forbidden.into()),
        ] {
            assert_eq!(override_prefix(&actor, text, reason), Err(expected), "{text}");
        }
    }

    proptest! {
        #[test]
        fn without_the_tick_no_text_becomes_a_personal_number(
            text in "[0-9 -]{0,12}|.*",
            meaning in select(vec![Meaning::Business, Meaning::Personal, Meaning::Unsaid]),
        ) {
            let typed = Typed { text: &text, meaning, insists: Insists::No };
            let taken = matches!(
                judge(typed, &Prefixes::default()),
                Ok(Entry::Accepted { number: TaxIdNumber::Ssn(_), .. })
            );
            prop_assert!(!taken);
        }
    }
}
