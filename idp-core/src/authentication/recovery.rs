//! The way from a forgotten password to a new one (domain 4.6, R52–R54, R91).
//!
//! Whoever types a User ID goes through the same pages in the same order, whether anybody has that
//! name or not (security 17.1). Each step is reached from the one before and from nowhere else
//! (17.2): what a browser sends is judged by where the way stands, never by what it asks for.

use serde::{Deserialize, Serialize};

use super::{password_policy::PasswordPolicy, secret_questions};
use crate::community::subscriber::Standing;

/// How many wrong codes end one way: as many as end a code, so that a name that nobody has looks
/// like one that somebody has.
const WRONG_CODES: u32 = super::mailed_code::TRIES;

/// Where a way stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// The code that was mailed is asked for.
    MailedCode,
    /// The new password is asked for.
    NewPassword,
    /// The secret questions are asked; a code that was handed over does as well.
    Questions,
    /// Only a code that was handed over leads on.
    SeeAdministrator,
}

/// What the mailed code was asked for by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Gate {
    /// Nothing: the policy has no questions, and the mailbox is the whole proof.
    None,
    /// A code that an Administrator or Support handed over after checking who asked.
    HandedOver,
    /// The secret questions.
    Questions,
}

/// A way in progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recovery {
    /// Where it stands.
    pub step: Step,
    /// What opened the mailbox step.
    pub gate: Gate,
    /// Wrong codes on this way.
    wrong_codes: u32,
}

/// What a person does on the way, and what came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// Answered the questions: `wrong` is how often in a row they were answered wrongly by now, on
    /// all ways of this name together; zero if this time they were right.
    Answered {
        /// Wrong answers in a row.
        wrong: u32,
    },
    /// Typed the code that was handed over.
    TypedHandedOverCode {
        /// Whether it was the code.
        right: bool,
    },
    /// Typed the code that was mailed.
    TypedMailedCode {
        /// Whether it was the code.
        right: bool,
    },
}

/// What follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// The way goes on here.
    Go {
        /// Where it stands now.
        way: Recovery,
        /// Whether this is the moment at which a code is mailed.
        mails_code: bool,
    },
    /// The way is over: too many wrong codes.
    Over,
    /// The deed does not belong to the step: nothing has happened.
    OutOfOrder,
}

impl Recovery {
    /// The beginning. `wrong` is how often the questions of this name were answered wrongly in a
    /// row. Without questions a code is mailed at once.
    #[must_use]
    pub const fn begin(policy: &PasswordPolicy, wrong: u32) -> Next {
        let (step, gate) = if !policy.secret_questions {
            (Step::MailedCode, Gate::None)
        } else if wrong >= secret_questions::TRIES {
            (Step::SeeAdministrator, Gate::Questions)
        } else {
            (Step::Questions, Gate::Questions)
        };
        let mails_code = matches!(step, Step::MailedCode);
        Next::Go { way: Self { step, gate, wrong_codes: 0 }, mails_code }
    }

    /// What follows from a deed.
    #[must_use]
    pub fn after(self, deed: Deed) -> Next {
        match (self.step, deed) {
            (Step::Questions, Deed::Answered { wrong: 0 }) => Next::Go {
                way: Self { step: Step::MailedCode, gate: Gate::Questions, ..self },
                mails_code: true,
            },
            (Step::Questions, Deed::Answered { wrong }) => {
                let closed = wrong >= secret_questions::TRIES;
                let step = if closed { Step::SeeAdministrator } else { Step::Questions };
                Next::Go { way: Self { step, ..self }, mails_code: false }
            }
            (
                Step::Questions | Step::SeeAdministrator | Step::MailedCode,
                Deed::TypedHandedOverCode { right: true },
            ) => Next::Go {
                way: Self { step: Step::MailedCode, gate: Gate::HandedOver, wrong_codes: 0 },
                mails_code: true,
            },
            (Step::MailedCode, Deed::TypedMailedCode { right: true }) => {
                Next::Go { way: Self { step: Step::NewPassword, ..self }, mails_code: false }
            }
            (
                Step::Questions | Step::SeeAdministrator | Step::MailedCode,
                Deed::TypedHandedOverCode { right: false },
            )
            | (Step::MailedCode, Deed::TypedMailedCode { right: false }) => {
                let wrong_codes = self.wrong_codes.saturating_add(1);
                if wrong_codes >= WRONG_CODES {
                    Next::Over
                } else {
                    Next::Go { way: Self { wrong_codes, ..self }, mails_code: false }
                }
            }
            (Step::NewPassword, _)
            | (Step::MailedCode | Step::SeeAdministrator, Deed::Answered { .. })
            | (Step::Questions | Step::SeeAdministrator, Deed::TypedMailedCode { .. }) => {
                Next::OutOfOrder
            }
        }
    }
}

impl Gate {
    /// Whether an account that stands like this may be given a new password through this gate.
    /// A dormant one only comes back through people (security 15.9).
    #[must_use]
    pub const fn opens(self, standing: Standing) -> bool {
        match (standing, self) {
            (Standing::Active, _) | (Standing::Dormant, Self::HandedOver) => true,
            (Standing::Dormant, Self::None | Self::Questions)
            | (Standing::Closed | Standing::Suspended | Standing::Terminated, _) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Deed::*, *};

    fn walk(mut way: Recovery, deeds: &[Deed]) -> Option<Recovery> {
        for deed in deeds {
            match way.after(*deed) {
                Next::Go { way: next, .. } => way = next,
                Next::OutOfOrder => {}
                Next::Over => return None,
            }
        }
        Some(way)
    }

    const COMMUNITY: PasswordPolicy = PasswordPolicy::COMMUNITY;

    /// Where a way begins, and whether a code is mailed at once.
    fn begin(policy: &PasswordPolicy, wrong: u32) -> (Recovery, bool) {
        let begun = Recovery::begin(policy, wrong);
        let Next::Go { way, mails_code } = begun else { panic!("{begun:?}") };
        (way, mails_code)
    }

    #[test]
    fn the_way_leads_through_its_steps() {
        let right = Answered { wrong: 0 };
        let code = |right| TypedMailedCode { right };
        let handed = |right| TypedHandedOverCode { right };
        for (deeds, step) in [
            (vec![], Some(Step::Questions)),
            (vec![right], Some(Step::MailedCode)),
            (vec![right, code(true)], Some(Step::NewPassword)),
            (vec![right, code(false), code(true)], Some(Step::NewPassword)),
            (vec![Answered { wrong: 2 }], Some(Step::Questions)),
            (vec![Answered { wrong: 3 }], Some(Step::SeeAdministrator)),
            (vec![Answered { wrong: 3 }, right], Some(Step::SeeAdministrator)),
            (vec![Answered { wrong: 3 }, handed(true)], Some(Step::MailedCode)),
            (vec![handed(true)], Some(Step::MailedCode)),
            (vec![handed(true), code(true)], Some(Step::NewPassword)),
            // 17.2: a later step called directly
            (vec![code(true)], Some(Step::Questions)),
            (vec![Answered { wrong: 3 }, code(true)], Some(Step::SeeAdministrator)),
            (vec![right, right], Some(Step::MailedCode)),
            (vec![right, code(false), code(false), code(false), code(false), code(false)], None),
            (vec![handed(false); 5], None),
        ] {
            let way = walk(begin(&COMMUNITY, 0).0, &deeds);
            assert_eq!(way.map(|way| way.step), step, "{deeds:?}");
        }
    }

    #[test]
    fn a_policy_without_questions_begins_at_the_mailbox() {
        let (way, mails_code) = begin(&PasswordPolicy::NIST_63B_4, 3);
        assert_eq!((way.step, way.gate, mails_code), (Step::MailedCode, Gate::None, true));
    }

    #[test]
    fn who_answered_wrongly_three_times_needs_a_person() {
        for (wrong, step) in [(2, Step::Questions), (3, Step::SeeAdministrator)] {
            let (way, mails_code) = begin(&COMMUNITY, wrong);
            assert_eq!((way.step, mails_code), (step, false), "{wrong}");
        }
    }

    #[test]
    fn only_people_bring_a_dormant_account_back() {
        for (gate, standing, opens) in [
            (Gate::Questions, Standing::Active, true),
            (Gate::None, Standing::Active, true),
            (Gate::HandedOver, Standing::Dormant, true),
            (Gate::Questions, Standing::Dormant, false),
            (Gate::None, Standing::Dormant, false),
            (Gate::HandedOver, Standing::Suspended, false),
            (Gate::HandedOver, Standing::Terminated, false),
            (Gate::Questions, Standing::Closed, false),
        ] {
            assert_eq!(gate.opens(standing), opens, "{gate:?} {standing:?}");
        }
    }

    fn deed() -> impl Strategy<Value = Deed> {
        prop_oneof![
            (0..4_u32).prop_map(|wrong| Answered { wrong }),
            any::<bool>().prop_map(|right| TypedHandedOverCode { right }),
            any::<bool>().prop_map(|right| TypedMailedCode { right }),
        ]
    }

    proptest! {
        /// 17.2: the mailed code cannot be passed over.
        #[test]
        fn nobody_reaches_the_new_password_without_the_mailed_code_after_a_gate(
            deeds in prop::collection::vec(deed(), 0..20),
        ) {
            let (mut way, mut gate) = begin(&COMMUNITY, 0);
            let mut mailbox = false;
            for deed in deeds {
                if let Next::Go { way: next, mails_code } = way.after(deed) {
                    gate |= mails_code;
                    mailbox |= gate && deed == TypedMailedCode { right: true };
                    way = next;
                }
                prop_assert!(way.step != Step::NewPassword || (gate && mailbox));
            }
        }
    }
}
