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
    /// Whether they ticked that a business number stands so on their letter from the IRS.
    pub on_letter: OnLetter,
}

/// The tick beside a business number whose first two digits are not in the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnLetter {
    /// Not ticked, or there was nothing to tick.
    No,
    /// Ticked: Support looks at it.
    Yes,
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
    /// `97-1234567`.
    #[error(
        "we know of no number that starts with these two digits: Support compares it with your IRS letter"
    )]
    UnlistedPrefix,
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
    // Of a letter from the IRS only a business number can be said.
    if bare && typed.meaning == Meaning::Unsaid && typed.on_letter == OnLetter::No {
        return if ein.is_ok() || written.parse::<Ssn>().is_ok() {
            Ok(Entry::Ask)
        } else {
            ein.map(|_| Entry::Ask)
        };
    }
    let (ein, doubt) = match ein {
        Err(TaxIdError::Prefix) if typed.on_letter == OnLetter::Yes => {
            (Ein::read(&written, &Prefixes::any())?, Some(Doubt::UnlistedPrefix))
        }
        other => {
            let ein = other?;
            let doubt = doubt(ein.digits());
            (ein, doubt)
        }
    };
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

/// How the table has the first two digits of a number (domain 3.6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Prefix {
    /// It has them, or the number is a personal one.
    Listed,
    /// It does not have them.
    Unlisted {
        /// Why Support accepts them all the same, as it was typed.
        reason: String,
    },
}

impl Prefix {
    /// As the table is now; `reason`: what Support typed.
    #[must_use]
    pub fn of(number: &TaxIdNumber, prefixes: &Prefixes, reason: &str) -> Self {
        let listed = match number {
            TaxIdNumber::Ein(ein) => Ein::read(ein.digits(), prefixes).is_ok(),
            TaxIdNumber::Ssn(_) => true,
        };
        if listed { Self::Listed } else { Self::Unlisted { reason: reason.to_owned() } }
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
}

/// Accepts a number whose prefix is not in the table, for a reason. The outcome's state is the reason,
/// which goes into the audit record.
///
/// # Errors
/// [`OverrideError`].
pub fn override_prefix(actor: &Actor, reason: &str) -> Result<Outcome<String>, OverrideError> {
    may(actor, Action::OverridePrefix, Target::Community)?;
    let reason = field::line(reason, LONGEST_NOTE).map_err(OverrideError::Reason)?;
    Ok(Outcome::new(reason, Kind::TaxidPrefixOverridden))
}

#[cfg(test)]
mod tests {
    use proptest::{prelude::*, sample::select};

    use super::*;
    use crate::community::actor::testing::{JOB, administrator, agent};

    fn judged(text: &str, meaning: Meaning, insists: Insists) -> String {
        let typed = Typed { text, meaning, insists, on_letter: OnLetter::No };
        match judge(typed, &Prefixes::default()) {
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

    /// Domain 3.6: the IRS begins a new prefix now and then.
    #[test]
    fn a_business_number_of_an_irs_letter_goes_on_to_support() {
        use Meaning::*;
        let judged = |text, meaning, on_letter| {
            let typed = Typed { text, meaning, insists: Insists::No, on_letter };
            match judge(typed, &Prefixes::default()) {
                Ok(Entry::Accepted { number, doubt }) => format!("{} {doubt:?}", number.shown()),
                Ok(Entry::Ask) => "ask".to_owned(),
                Ok(Entry::Stop(_)) => "stop".to_owned(),
                Err(error) => format!("{error:?}"),
            }
        };
        for (text, meaning, on_letter, expected) in [
            ("97-1234567", Unsaid, OnLetter::No, "Prefix"),
            ("97-1234567", Unsaid, OnLetter::Yes, "97-1234567 Some(UnlistedPrefix)"),
            // the tick says that it is no personal number
            ("071234567", Unsaid, OnLetter::No, "ask"),
            ("071234567", Unsaid, OnLetter::Yes, "07-1234567 Some(UnlistedPrefix)"),
            // unless it is written or said to be one
            ("071-23-4567", Unsaid, OnLetter::Yes, "stop"),
            ("071234567", Personal, OnLetter::Yes, "stop"),
            // what is in the table needs nobody's word
            ("91-1234567", Unsaid, OnLetter::Yes, "91-1234567 None"),
            ("97-123456", Unsaid, OnLetter::Yes, "NotNineDigits"),
        ] {
            assert_eq!(judged(text, meaning, on_letter), expected, "{text} {meaning:?}");
        }
    }

    #[test]
    fn support_accepts_an_unknown_prefix_for_a_reason() {
        let accepted = override_prefix(&agent("sam"), " IRS letter of 2 May ").unwrap();
        assert_eq!(accepted.state, "IRS letter of 2 May");
        assert_eq!(accepted.audit, [Kind::TaxidPrefixOverridden]);
        for (actor, reason, expected) in [
            (agent("sam"), " ", OverrideError::Reason(LineError::Empty)),
            (administrator("adam", "a"), "x", Denied::Forbidden.into()),
            (JOB, "x", Denied::Forbidden.into()),
        ] {
            assert_eq!(override_prefix(&actor, reason), Err(expected), "{actor:?}");
        }
        let ein = |digits| TaxIdNumber::Ein(Ein::read(digits, &Prefixes::any()).unwrap());
        let unlisted = Prefix::Unlisted { reason: "x".to_owned() };
        let table = Prefixes::default();
        assert_eq!(Prefix::of(&ein("07-1234567"), &table, "x"), unlisted);
        assert_eq!(Prefix::of(&ein("91-1234567"), &table, "x"), Prefix::Listed);
        assert_eq!(Prefix::of(&ein("07-1234567"), &Prefixes::any(), "x"), Prefix::Listed);
        let personal = TaxIdNumber::Ssn("071-23-4567".parse().unwrap());
        assert_eq!(Prefix::of(&personal, &table, "x"), Prefix::Listed);
    }

    proptest! {
        #[test]
        fn without_the_tick_no_text_becomes_a_personal_number(
            text in "[0-9 -]{0,12}|.*",
            meaning in select(vec![Meaning::Business, Meaning::Personal, Meaning::Unsaid]),
            on_letter in select(vec![OnLetter::No, OnLetter::Yes]),
        ) {
            let typed = Typed { text: &text, meaning, insists: Insists::No, on_letter };
            let taken = matches!(
                judge(typed, &Prefixes::default()),
                Ok(Entry::Accepted { number: TaxIdNumber::Ssn(_), .. })
            );
            prop_assert!(!taken);
        }
    }
}
