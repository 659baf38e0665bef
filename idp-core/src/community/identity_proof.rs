//! How somebody who is to be an Administrator proves who they are (R35–R37; domain 4.1, 4.8).
//!
//! By questions of a knowledge test that an outside provider asks, or before a notary, whose form
//! comes back by post. The provider is an adapter: core knows its answers only. The last four
//! digits of the Social Security number go to the provider and are never kept.

use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};

use super::{
    actor::Actor,
    news::News,
    notary_reference::NotaryReference,
    permission::{Action, Denied, Target, may},
    reminder,
    ticket::Message,
};
use crate::ids::SubscriberId;

/// How many tests somebody may fail. A third would be practice in another person's life.
pub const TESTS: u32 = 2;
/// How long a notary's form is waited for.
pub const NOTARY_LASTS: TimeDelta = TimeDelta::days(30);
/// After how many days without the form there is a reminder.
pub const NOTARY_REMINDERS: [u32; 2] = [7, 21];

/// The last four digits of a Social Security number, on their way to the provider.
///
/// Nothing prints, stores or compares them, and they are wiped when dropped.
pub struct LastFour(SecretString);

/// The text is not four digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the last four digits of your Social Security number: four digits, and not 0000")]
pub struct InvalidLastFour;

impl LastFour {
    /// For the provider.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl std::str::FromStr for LastFour {
    type Err = InvalidLastFour;

    fn from_str(text: &str) -> Result<Self, InvalidLastFour> {
        let text = text.trim();
        // No Social Security number has the serial 0000 (domain 3.6).
        let plausible =
            text.len() == 4 && text.bytes().all(|b| b.is_ascii_digit()) && text != "0000";
        if plausible { Ok(Self(SecretString::from(text))) } else { Err(InvalidLastFour) }
    }
}

impl fmt::Debug for LastFour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[REDACTED]")
    }
}

/// Who is asked: all that the provider is told of them, beside the four digits.
#[derive(Clone, Copy, Debug)]
pub struct Examinee<'a> {
    /// Given name.
    pub given_name: &'a str,
    /// Family name.
    pub family_name: &'a str,
    /// Work e-mail.
    pub email: Option<&'a str>,
    /// Work telephone.
    pub phone: Option<&'a str>,
}

/// What the provider of the knowledge test says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TestResult {
    /// They answered wrongly.
    Failed,
    /// The provider knows too little about them to ask.
    NoQuestions,
    /// They answered rightly.
    Passed {
        /// What the provider calls this test: what an auditor asks it about.
        reference: String,
    },
    /// The provider could not be reached. Nobody's fault: it does not count.
    Unavailable,
}

/// How far somebody is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Proofing {
    /// The notary's form is waited for.
    AtNotary {
        /// The number on it.
        reference: NotaryReference,
        /// Since when.
        since: DateTime<Utc>,
    },
    /// Nothing is proved.
    Due {
        /// Tests that they failed.
        failed: u32,
    },
    /// They proved who they are.
    Proved(Proof),
}

/// What it was proved by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Proof {
    /// A knowledge test.
    KnowledgeTest {
        /// What the provider calls it.
        reference: String,
        /// When.
        at: DateTime<Utc>,
    },
    /// A notary's form.
    Notary {
        /// The number on it.
        reference: NotaryReference,
        /// Who at the support desk looked at it.
        accepted_by: SubscriberId,
        /// When.
        at: DateTime<Utc>,
    },
}

/// What happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// They go to a notary, with this number on the form.
    GoToNotary(NotaryReference),
    /// The form has come, and Support judges it.
    Judge(Judgement),
    /// They took the test.
    Take(TestResult),
}

impl Command {
    /// Why a form is refused, if that is what happens.
    #[must_use]
    pub const fn refused(&self) -> Option<&Message> {
        match self {
            Self::Judge(Judgement::Refused(why)) => Some(why),
            Self::GoToNotary(_) | Self::Judge(Judgement::Accepted) | Self::Take(_) => None,
        }
    }

    /// What whoever is to be proved hears of a form that is refused.
    #[must_use]
    pub fn news(&self) -> Option<News> {
        self.refused().map(|why| News::NotaryFormRefused { reason: why.as_str().to_owned() })
    }
}

/// What Support says of a notary's form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// It is good.
    Accepted,
    /// It is not, for a reason that they are told: they may bring another one, or take the test.
    Refused(Message),
}

/// Why nothing happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Not for people like them.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The form was waited for for 30 days.
    #[error("the form was waited for until {0}: please begin anew")]
    Expired(DateTime<Utc>),
    /// Nobody judges their own form.
    #[error("somebody else has to look at this form")]
    OwnForm,
    /// It is not what is to be done now.
    #[error("this step is over, or not due yet")]
    OutOfOrder,
    /// They failed as often as they may.
    #[error("the online questions are used up: please go to a notary")]
    TestsUsedUp,
}

impl Proofing {
    /// The beginning.
    pub const DUE: Self = Self::Due { failed: 0 };

    /// Where a step leads. `whose`: who is to be proved, where they have an account.
    ///
    /// # Errors
    /// [`Refusal`]: nothing has happened.
    pub fn after(
        self,
        command: Command,
        whose: Option<&SubscriberId>,
        actor: &Actor,
        now: DateTime<Utc>,
    ) -> Result<Self, Refusal> {
        match (self, command) {
            (Self::Due { failed }, Command::Take(_)) if failed >= TESTS => {
                Err(Refusal::TestsUsedUp)
            }
            (Self::Due { failed }, Command::Take(result)) => Ok(match result {
                TestResult::Failed | TestResult::NoQuestions => Self::Due { failed: failed + 1 },
                TestResult::Passed { reference } => {
                    Self::Proved(Proof::KnowledgeTest { reference, at: now })
                }
                TestResult::Unavailable => Self::Due { failed },
            }),
            (Self::Due { .. }, Command::GoToNotary(reference)) => {
                Ok(Self::AtNotary { reference, since: now })
            }
            (Self::AtNotary { reference, since }, Command::Judge(judgement)) => {
                may(actor, Action::DecideRegistration, Target::Community)?;
                let by = actor.person().filter(|by| whose != Some(*by)).ok_or(Refusal::OwnForm)?;
                if since + NOTARY_LASTS <= now {
                    return Err(Refusal::Expired(since + NOTARY_LASTS));
                }
                Ok(match judgement {
                    Judgement::Accepted => {
                        let accepted_by = by.clone();
                        Self::Proved(Proof::Notary { reference, accepted_by, at: now })
                    }
                    // Whoever failed the tests does not win new ones by a bad form.
                    Judgement::Refused(_) => Self::Due { failed: TESTS },
                })
            }
            (
                Self::AtNotary { .. } | Self::Due { .. } | Self::Proved(_),
                Command::GoToNotary(_) | Command::Judge(_) | Command::Take(_),
            ) => Err(Refusal::OutOfOrder),
        }
    }

    /// The day after which the form is reminded of at `now`.
    #[must_use]
    pub fn reminder(&self, told_at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Option<u32> {
        match self {
            Self::AtNotary { since, .. } if now < *since + NOTARY_LASTS => {
                reminder::due(&NOTARY_REMINDERS, *since, told_at, now)
            }
            Self::AtNotary { .. } | Self::Due { .. } | Self::Proved(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::community::actor::testing::{agent, person};

    fn why() -> Message {
        Message::read("The seal is missing.").unwrap()
    }

    fn at(day: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::days(20_000 + day)
    }

    fn reference() -> NotaryReference {
        NotaryReference::from_random([1, 2, 3, 4, 5, 6, 7])
    }

    fn passed() -> Command {
        Command::Take(TestResult::Passed { reference: "t-1".to_owned() })
    }

    fn walk(steps: Vec<(i64, Actor, Command)>) -> Result<Proofing, Refusal> {
        let whose = "sub_ana".parse().unwrap();
        steps.into_iter().try_fold(Proofing::DUE, |state, (day, actor, command)| {
            state.after(command, Some(&whose), &actor, at(day))
        })
    }

    #[test]
    fn two_tests_then_a_notary() {
        let take = |result| (0, person("ana"), Command::Take(result));
        let go = || (0, person("ana"), Command::GoToNotary(reference()));
        let judge = |day, who, judgement| (day, agent(who), Command::Judge(judgement));
        let by_test = Proofing::Proved(Proof::KnowledgeTest { reference: "t-1".into(), at: at(0) });
        let by_notary = |day| {
            let accepted_by = "sub_sam".parse().unwrap();
            Proofing::Proved(Proof::Notary { reference: reference(), accepted_by, at: at(day) })
        };
        for (steps, expected) in [
            (vec![(0, person("ana"), passed())], Ok(by_test.clone())),
            (vec![take(TestResult::Failed)], Ok(Proofing::Due { failed: 1 })),
            (vec![take(TestResult::Failed), (0, person("ana"), passed())], Ok(by_test)),
            (vec![take(TestResult::Unavailable), take(TestResult::Unavailable)], Ok(Proofing::DUE)),
            (
                vec![
                    take(TestResult::Failed),
                    take(TestResult::NoQuestions),
                    (0, person("ana"), passed()),
                ],
                Err(Refusal::TestsUsedUp),
            ),
            (vec![go(), judge(29, "sam", Judgement::Accepted)], Ok(by_notary(29))),
            (vec![go(), judge(30, "sam", Judgement::Accepted)], Err(Refusal::Expired(at(30)))),
            (vec![go(), judge(1, "ana", Judgement::Accepted)], Err(Refusal::OwnForm)),
            (
                vec![go(), judge(1, "sam", Judgement::Refused(why()))],
                Ok(Proofing::Due { failed: TESTS }),
            ),
            (vec![judge(1, "sam", Judgement::Accepted)], Err(Refusal::OutOfOrder)),
            (
                vec![go(), (1, person("ana"), Command::Judge(Judgement::Accepted))],
                Err(Refusal::Denied(Denied::Forbidden)),
            ),
        ] {
            assert_eq!(walk(steps.clone()), expected, "{steps:?}");
        }
    }

    #[test]
    fn four_digits_are_passed_on_and_never_printed() {
        let digits: LastFour = " 6789 ".parse().unwrap();
        assert_eq!(format!("{digits:?} {}", digits.expose()), "[REDACTED] 6789");
        for wrong in ["", "678", "67890", "0000", "67a9", "123-45-6789"] {
            assert_eq!(wrong.parse::<LastFour>().map(drop), Err(InvalidLastFour), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn nobody_is_proved_without_a_passed_test_or_somebody_elses_look_at_a_form(
            steps in prop::collection::vec((0_i64..40, 0_usize..7, any::<bool>()), 0..12),
        ) {
            let whose = "sub_ana".parse().unwrap();
            let mut state = Proofing::DUE;
            let mut failed = 0;
            for (day, step, other) in steps {
                let actor = if other { agent("sam") } else { person("ana") };
                let command = match step {
                    0 => passed(),
                    1 => Command::Take(TestResult::Failed),
                    2 => Command::Take(TestResult::NoQuestions),
                    3 => Command::Take(TestResult::Unavailable),
                    4 => Command::GoToNotary(reference()),
                    5 => Command::Judge(Judgement::Refused(why())),
                    _ => Command::Judge(Judgement::Accepted),
                };
                let before = state.clone();
                if let Ok(next) = state.clone().after(command.clone(), Some(&whose), &actor, at(day)) {
                    failed += u32::from(matches!(command, Command::Take(TestResult::Failed)));
                    state = next;
                }
                if matches!(state, Proofing::Proved(_)) && state != before {
                    prop_assert!(
                        command == passed()
                            || (other && command == Command::Judge(Judgement::Accepted))
                    );
                }
            }
            prop_assert!(failed <= TESTS);
        }
    }
}
