//! The questions that somebody is asked who types a number that another organization has
//! (R43–R49; domain 4.1; security 20.7).
//!
//! The answers lead to people first and to the support desk last: ask your Administrator, ask for
//! another Administrator, ask for the number. Whose number it is stays untold, except for the work
//! contact of an Administrator where the person says that it is their own organization; and that
//! only behind a proved mailbox, a challenge and a rate limit, and never for a personal number. The
//! owner hears of every answer.

use serde::{Deserialize, Serialize};

use super::Ground;
use crate::{
    audit::Kind,
    community::{
        news::{News, Recipient},
        outcome::{Effect, Outcome},
        ticket::TicketKind,
    },
    ids::{OrganizationId, SubscriberId},
    secret::SecretDigest,
};

/// How many Administrators are shown to one registration, one after another.
pub const MOST_CONTACTS: usize = 3;

/// Where the questions stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Dialogue {
    /// It is over.
    Ended(End),
    /// "Is this Administrator still there?", of the one shown last.
    StillThere {
        /// How many have been shown; the last of them is asked about.
        shown: usize,
        /// Who that is, as [`contact_key`] says it: whoever becomes an Administrator meanwhile is
        /// not shown in their place, without an event and a notice of their own (security 20.7).
        #[serde(default)]
        contact: Option<SecretDigest>,
    },
    /// "Please type the number again."
    TypeAgain,
    /// "Whose number is it?"
    Whose,
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum End {
    /// They typed another number.
    AnotherNumber,
    /// They dispute that the number is the owner's; with their IRS letter.
    Disputed,
    /// The company that works for them is asked to give the number back or to hand it over.
    HolderAsked,
    /// The Administrators were asked to nominate them.
    NominationAsked,
    /// No Administrator is left; a Subscriber may become one (R46, R47).
    PromotionAsked,
    /// Nobody is left; the number is to be released (R49).
    ReleaseAsked,
}

impl End {
    /// What is asked for the number, if anything is.
    #[must_use]
    pub const fn ground(self) -> Option<Ground> {
        match self {
            Self::Disputed => Some(Ground::Disputed),
            Self::HolderAsked => Some(Ground::WorksForUs),
            Self::ReleaseAsked => Some(Ground::NobodyLeft),
            Self::AnotherNumber | Self::NominationAsked | Self::PromotionAsked => None,
        }
    }

    /// Whether the registration goes on: it waits for the number, or has another.
    #[must_use]
    pub const fn continues(self) -> bool {
        matches!(self, Self::AnotherNumber) || self.ground().is_some()
    }
}

/// What is known of the owner. None of it is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// Which organization.
    pub id: OrganizationId,
    /// Its active Administrators, in the order in which they are asked about.
    pub administrators: Vec<SubscriberId>,
    /// How many other active Subscribers.
    pub others: usize,
    /// Whether the number is a personal one. Who types somebody's Social Security number must not
    /// learn by it where they work.
    pub personal: Personal,
}

/// Whether a number is a personal one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Personal {
    /// A business number.
    No,
    /// A Social Security number.
    Yes,
}

/// What stands before a contact is shown; the mailbox has been proved by then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    /// A challenge is to be solved first.
    ChallengeDue,
    /// It is solved, and the rate allows it.
    Open,
    /// Too many contacts were asked for.
    TooMany,
}

/// An answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// "No, that Administrator has left."
    Left,
    /// "It is our own organization."
    OurOwn,
    /// They typed another number this time.
    TypedAnother,
    /// They typed the same number again, and have the IRS letter.
    TypedTheSame,
    /// "I do not know that organization."
    Unknown,
    /// "Yes, that Administrator is there."
    StillThere,
    /// "It is a company that works for us."
    WorksForUs,
}

/// Why an answer leads nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A challenge is to be solved first.
    #[error("please solve the challenge first")]
    ChallengeDue,
    /// It is not the answer to the question that stands (security 17.2).
    #[error("this is not what was asked")]
    OutOfOrder,
    /// Too many contacts were asked for.
    #[error("too many questions for now: please try again later, or call the support desk")]
    TooMany,
}

impl Dialogue {
    /// The first question. The owner's Administrators are told at the answer, which says more.
    pub fn begin() -> Outcome<Self> {
        Outcome::new(Self::Whose, Kind::TaxidDuplicateFound)
    }

    /// Where an answer leads.
    ///
    /// # Errors
    /// [`Refusal`]: nothing has happened.
    pub fn after(
        self,
        answer: Answer,
        owner: &Owner,
        gate: Gate,
    ) -> Result<Outcome<Self>, Refusal> {
        let branch = |state| Outcome::new(state, Kind::TaxidBranch);
        let administrators = Recipient::AdministratorsOf(owner.id.clone());
        let told =
            |state| branch(state).telling(administrators.clone(), News::TaxIdAskedAbout { answer });
        match (self, answer) {
            (Self::Whose, Answer::OurOwn) => next_contact(0, owner, gate, answer),
            (Self::Whose, Answer::WorksForUs) => Ok(told(Self::Ended(End::HolderAsked))),
            (Self::Whose, Answer::Unknown) => Ok(told(Self::TypeAgain)),
            (Self::StillThere { .. }, Answer::StillThere) => {
                let asked = branch(Self::Ended(End::NominationAsked));
                Ok(asked.telling(administrators, News::NominationWanted))
            }
            (Self::StillThere { shown, .. }, Answer::Left) => {
                next_contact(shown, owner, gate, answer)
            }
            (Self::TypeAgain, Answer::TypedAnother) => Ok(branch(Self::Ended(End::AnotherNumber))),
            (Self::TypeAgain, Answer::TypedTheSame) => Ok(told(Self::Ended(End::Disputed))),
            (
                Self::Ended(_) | Self::StillThere { .. } | Self::TypeAgain | Self::Whose,
                Answer::Left
                | Answer::OurOwn
                | Answer::StillThere
                | Answer::TypedAnother
                | Answer::TypedTheSame
                | Answer::Unknown
                | Answer::WorksForUs,
            ) => Err(Refusal::OutOfOrder),
        }
    }
}

/// What a contact is kept by while they are asked about.
#[must_use]
pub fn contact_key(id: &SubscriberId) -> SecretDigest {
    SecretDigest::of(id.as_str())
}

/// The next Administrator to ask about, or who else there is when none is left.
fn next_contact(
    shown: usize,
    owner: &Owner,
    gate: Gate,
    answer: Answer,
) -> Result<Outcome<Dialogue>, Refusal> {
    let administrators = Recipient::AdministratorsOf(owner.id.clone());
    let ended = |end| {
        let news = News::TaxIdAskedAbout { answer };
        let outcome = Outcome::new(Dialogue::Ended(end), Kind::TaxidBranch);
        outcome.telling(administrators.clone(), news)
    };
    let nobody = owner.administrators.is_empty();
    if nobody && owner.others == 0 {
        return Ok(ended(End::ReleaseAsked));
    }
    let promotion = ended(End::PromotionAsked).with(Effect::OpenTicket(TicketKind::PromoteAdmin));
    if nobody {
        return Ok(promotion);
    }
    if owner.personal == Personal::Yes {
        // They are asked without being named.
        let asked = Outcome::new(Dialogue::Ended(End::NominationAsked), Kind::TaxidBranch);
        return Ok(asked.telling(administrators, News::NominationWanted));
    }
    let Some(next) = owner.administrators.iter().take(MOST_CONTACTS).nth(shown) else {
        // Those who are said to have left hear of it, and one who is there can answer.
        return Ok(if owner.others > 0 { promotion } else { ended(End::ReleaseAsked) });
    };
    match gate {
        Gate::ChallengeDue => Err(Refusal::ChallengeDue),
        Gate::TooMany => Err(Refusal::TooMany),
        Gate::Open => {
            let contact = Some(contact_key(next));
            let state = Dialogue::StillThere { shown: shown + 1, contact };
            Ok(Outcome::new(state, Kind::TaxidBranch)
                .noted(Kind::TaxidContactDisclosed)
                .telling(administrators, News::ContactShown))
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::{prelude::*, sample::select};

    use super::{Answer::*, *};

    fn owner(administrators: usize, others: usize) -> Owner {
        let administrators = (0..administrators).map(nth).collect();
        Owner { id: "org_b".parse().unwrap(), administrators, others, personal: Personal::No }
    }

    fn nth(number: usize) -> SubscriberId {
        format!("sub_{number}").parse().unwrap()
    }

    /// Asked about the Administrator of this number, as the one after so many.
    fn asked(shown: usize) -> Dialogue {
        Dialogue::StillThere { shown, contact: Some(contact_key(&nth(shown - 1))) }
    }

    fn walk(answers: &[Answer], owner: &Owner) -> Result<Dialogue, Refusal> {
        let begin = Dialogue::begin().state;
        answers.iter().try_fold(begin, |state, answer| {
            state.after(*answer, owner, Gate::Open).map(|outcome| outcome.state)
        })
    }

    #[test]
    fn every_branch_leads_to_its_end() {
        let ended = |end| Ok(Dialogue::Ended(end));
        for (answers, owner, expected) in [
            (vec![OurOwn], owner(2, 5), Ok(asked(1))),
            (vec![OurOwn, StillThere], owner(2, 5), ended(End::NominationAsked)),
            (vec![OurOwn, Left], owner(2, 5), Ok(asked(2))),
            (vec![OurOwn, Left, StillThere], owner(2, 5), ended(End::NominationAsked)),
            (vec![OurOwn, Left, Left], owner(2, 5), ended(End::PromotionAsked)),
            (vec![OurOwn, Left], owner(1, 0), ended(End::ReleaseAsked)),
            (vec![OurOwn, Left, Left, Left], owner(9, 0), ended(End::ReleaseAsked)),
            (vec![OurOwn], owner(0, 5), ended(End::PromotionAsked)),
            (vec![OurOwn], owner(0, 0), ended(End::ReleaseAsked)),
            (vec![WorksForUs], owner(0, 0), ended(End::HolderAsked)),
            (vec![Unknown], owner(1, 0), Ok(Dialogue::TypeAgain)),
            (vec![Unknown, TypedAnother], owner(1, 0), ended(End::AnotherNumber)),
            (vec![Unknown, TypedTheSame], owner(1, 0), ended(End::Disputed)),
            // a later step called directly
            (vec![StillThere], owner(1, 0), Err(Refusal::OutOfOrder)),
            (vec![TypedTheSame], owner(1, 0), Err(Refusal::OutOfOrder)),
            (vec![OurOwn, OurOwn], owner(1, 0), Err(Refusal::OutOfOrder)),
            (vec![WorksForUs, OurOwn], owner(1, 0), Err(Refusal::OutOfOrder)),
        ] {
            assert_eq!(walk(&answers, &owner), expected, "{answers:?} {owner:?}");
        }
    }

    #[test]
    fn a_contact_is_shown_behind_a_challenge_and_a_rate_limit_only() {
        let shown = |gate| Dialogue::Whose.after(OurOwn, &owner(1, 0), gate).map(|o| o.audit);
        assert_eq!(shown(Gate::ChallengeDue), Err(Refusal::ChallengeDue));
        assert_eq!(shown(Gate::TooMany), Err(Refusal::TooMany));
        assert_eq!(shown(Gate::Open), Ok(vec![Kind::TaxidBranch, Kind::TaxidContactDisclosed]),);
    }

    #[test]
    fn who_types_a_personal_number_learns_nobodys_name() {
        let person = Owner { personal: Personal::Yes, ..owner(2, 0) };
        let outcome = Dialogue::Whose.after(OurOwn, &person, Gate::Open).unwrap();
        assert_eq!(outcome.state, Dialogue::Ended(End::NominationAsked));
        assert_eq!(outcome.audit, [Kind::TaxidBranch]);
        assert_eq!(outcome.letters.len(), 1);
    }

    fn answer() -> impl Strategy<Value = Answer> {
        select(vec![Left, OurOwn, TypedAnother, TypedTheSame, Unknown, StillThere, WorksForUs])
    }

    proptest! {
        /// Security 20.7: each disclosure is audited and told, and there are few of them.
        #[test]
        fn the_owner_hears_of_every_answer_and_few_contacts_are_shown(
            answers in prop::collection::vec(answer(), 0..30),
            administrators in 0_usize..6, others in 0_usize..3, challenged: bool,
        ) {
            let owner = owner(administrators, others);
            let gate = if challenged { Gate::ChallengeDue } else { Gate::Open };
            let mut dialogue = Dialogue::begin().state;
            let mut shown = 0;
            for answer in answers {
                let Ok(outcome) = dialogue.after(answer, &owner, gate) else { continue };
                let disclosed = outcome.audit.contains(&Kind::TaxidContactDisclosed);
                let told = outcome.letters.iter().any(|letter| letter.news == News::ContactShown);
                prop_assert_eq!(disclosed, told);
                prop_assert!(!(disclosed && challenged));
                // another number is nothing to the owner
                prop_assert!(!outcome.letters.is_empty() || answer == TypedAnother);
                shown += usize::from(disclosed);
                dialogue = outcome.state;
            }
            prop_assert!(shown <= MOST_CONTACTS.min(administrators));
        }
    }
}
