//! The check of somebody who calls the support desk, before anything is said or done (R23, R56;
//! domain section 6).
//!
//! The voice on the telephone could be anybody's. So Support goes through a list of questions whose
//! answers are on file, and calls back at the number on file where more than a name is at stake.
//! What is saved comes first, and what may be said follows from it: [`Verified`] comes of [`judge`],
//! or of what was kept of it, is about one person and one purpose, and lasts half an hour.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    actor::{Actor, Rank},
    news::{News, Recipient},
    outcome::Outcome,
    permission::{Action, Denied, Target, may},
};
use crate::{audit::Kind, ids::SubscriberId};

/// How long a check counts: a call.
pub const LASTS: TimeDelta = TimeDelta::minutes(30);
/// How many questions may be answered wrongly: people forget one, and guess at two.
const WRONG: usize = 1;

/// A question of the list. None asks for a password, a code or a Social Security number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Question {
    /// They answer at the number on file when called back.
    CalledBack,
    /// The name of another colleague with an account.
    Colleague,
    /// The mail address on file.
    Email,
    /// About when they last signed in.
    LastSignIn,
    /// The organization's name and address.
    Organization,
    /// Their User ID.
    UserId,
}

impl Question {
    /// Every question there is.
    pub const ALL: [Self; 6] = [
        Self::CalledBack,
        Self::Colleague,
        Self::Email,
        Self::LastSignIn,
        Self::Organization,
        Self::UserId,
    ];

    /// Its code, in forms and rows.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::CalledBack => "called-back",
            Self::Colleague => "colleague",
            Self::Email => "email",
            Self::LastSignIn => "last-sign-in",
            Self::Organization => "organization",
            Self::UserId => "user-id",
        }
    }
}

/// How a question was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// As it is on file.
    Right,
    /// Otherwise.
    Wrong,
}

impl Answer {
    /// Every answer there is.
    pub const ALL: [Self; 2] = [Self::Right, Self::Wrong];

    /// Its code, in forms and rows.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Right => "right",
            Self::Wrong => "wrong",
        }
    }
}

/// What the caller wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Purpose {
    /// To have a whole account stopped, ended, or let in again: their own, or that of a colleague who
    /// acts for no other organization.
    Account,
    /// To be told who the organization's Administrators are.
    Administrators,
    /// To be given a code that leads on where self-help does not.
    Code,
    /// To have somebody no longer be an Administrator: themselves, or a colleague whose Administrator
    /// they are.
    Demote,
    /// To have mail go to another address.
    Email,
    /// To have somebody no longer act for an organization: themselves, or a colleague whose
    /// Administrator they are.
    EndAffiliation,
    /// To have a lost second factor removed.
    LostFactor,
    /// To have the removal of second factors stopped that they did not ask for.
    StopRemoval,
    /// To have a lock taken off before its time.
    Unlock,
    /// To be told their User ID.
    UserId,
}

impl Purpose {
    /// Every purpose there is, the least first.
    pub const ALL: [Self; 10] = [
        Self::Administrators,
        Self::UserId,
        Self::Unlock,
        Self::StopRemoval,
        Self::Code,
        Self::Demote,
        Self::EndAffiliation,
        Self::Account,
        Self::Email,
        Self::LostFactor,
    ];

    /// Its code, in forms and rows.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Administrators => "administrators",
            Self::Code => "code",
            Self::Demote => "demote",
            Self::Email => "email",
            Self::EndAffiliation => "end-affiliation",
            Self::LostFactor => "lost-factor",
            Self::StopRemoval => "stop-removal",
            Self::Unlock => "unlock",
            Self::UserId => "user-id",
        }
    }

    /// How many right answers it takes.
    #[must_use]
    pub const fn right_answers(self) -> usize {
        match self {
            Self::Administrators => 2,
            Self::Code
            | Self::Demote
            | Self::EndAffiliation
            | Self::StopRemoval
            | Self::Unlock
            | Self::UserId => 3,
            Self::Account | Self::Email | Self::LostFactor => 4,
        }
    }

    /// Whether the call back must be among them. Who only asks whom to ask needs none.
    #[must_use]
    pub const fn takes_call_back(self) -> bool {
        match self {
            Self::Administrators => false,
            Self::Account
            | Self::Code
            | Self::Demote
            | Self::Email
            | Self::EndAffiliation
            | Self::LostFactor
            | Self::StopRemoval
            | Self::Unlock
            | Self::UserId => true,
        }
    }

    /// What gives itself away: who wants to know it is not asked for it, and Support is not shown it
    /// before.
    #[must_use]
    pub const fn asks_for(self) -> Option<Question> {
        match self {
            Self::UserId => Some(Question::UserId),
            Self::Administrators => Some(Question::Colleague),
            Self::Account
            | Self::Code
            | Self::Demote
            | Self::Email
            | Self::EndAffiliation
            | Self::LostFactor
            | Self::StopRemoval
            | Self::Unlock => None,
        }
    }
}

/// Somebody who showed who they are, for one purpose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    subscriber: SubscriberId,
    purpose: Purpose,
    by: SubscriberId,
    until: DateTime<Utc>,
}

impl Verified {
    /// The check as it was kept, of which [`judge`] said yes.
    #[must_use]
    pub const fn kept(
        subscriber: SubscriberId,
        purpose: Purpose,
        by: SubscriberId,
        until: DateTime<Utc>,
    ) -> Self {
        Self { subscriber, purpose, by, until }
    }

    /// What for.
    #[must_use]
    pub const fn purpose(&self) -> Purpose {
        self.purpose
    }

    /// Until when it counts; at that moment it no longer does.
    #[must_use]
    pub const fn until(&self) -> DateTime<Utc> {
        self.until
    }

    /// Whether it lets `actor` do this for this person at `now`. Whoever checked is who acts.
    #[must_use]
    pub fn allows(
        &self,
        purpose: Purpose,
        subscriber: &SubscriberId,
        actor: &Actor,
        now: DateTime<Utc>,
    ) -> bool {
        self.purpose == purpose
            && self.subscriber == *subscriber
            && actor.person() == Some(&self.by)
            && now < self.until
    }
}

/// Judges the answers of somebody who says to be `subscriber`. The outcome is saved before anything
/// else happens, also when it is a refusal: then its state is `None`, and the person hears of it.
///
/// # Errors
/// [`Denied`].
pub fn judge(
    answers: &BTreeMap<Question, Answer>,
    purpose: Purpose,
    subscriber: &SubscriberId,
    actor: &Actor,
    now: DateTime<Utc>,
) -> Result<Outcome<Option<Verified>>, Denied> {
    // The office on oneself is refused here too, whatever the person acts for.
    let nowhere = std::collections::BTreeSet::new();
    may(actor, Action::VerifyCaller, Target::Person { id: subscriber, acts_for: &nowhere })?;
    let by = actor.person().ok_or(Denied::Forbidden)?;
    let counted = answers.iter().filter(|(question, _)| purpose.asks_for() != Some(**question));
    let (right, wrong): (Vec<_>, Vec<_>) =
        counted.partition(|(_, answer)| **answer == Answer::Right);
    let called_back = answers.get(&Question::CalledBack) == Some(&Answer::Right);
    let enough = right.len() >= purpose.right_answers() && wrong.len() <= WRONG;
    if enough && (called_back || !purpose.takes_call_back()) {
        let verified = Verified {
            subscriber: subscriber.clone(),
            purpose,
            by: by.clone(),
            until: now + LASTS,
        };
        return Ok(Outcome::new(Some(verified), Kind::CallerVerified));
    }
    let person = Recipient::Subscriber(subscriber.clone());
    Ok(Outcome::new(None, Kind::CallerRefused).telling(person, News::CallerRefused))
}

/// Who may call to have something done about the whole account of `who`: the person, and the
/// Administrators of the organization that they act for, as long as it is the only one; none of
/// several speaks for the others. `administrators`: those of each. `None`: nobody has to call, for the
/// lead decides alone, and says why.
#[must_use]
pub fn callers(
    actor: &Actor,
    who: &SubscriberId,
    administrators: &[BTreeSet<SubscriberId>],
) -> Option<BTreeSet<SubscriberId>> {
    if matches!(actor, Actor::Support { rank: Rank::Lead, .. }) {
        return None;
    }
    let mut callers = BTreeSet::from([who.clone()]);
    if let [only] = administrators {
        callers.extend(only.iter().cloned());
    }
    Some(callers)
}

#[cfg(test)]
mod tests {
    use proptest::{prelude::*, sample::subsequence};

    use super::{Answer::*, Question::*, *};
    use crate::community::actor::testing::{administrator, agent, lead, person};

    fn at(minute: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::minutes(minute)
    }

    fn ana() -> SubscriberId {
        "sub_ana".parse().unwrap()
    }

    fn judged(answers: &[(Question, Answer)], purpose: Purpose) -> Outcome<Option<Verified>> {
        judge(&answers.iter().copied().collect(), purpose, &ana(), &agent("sam"), at(0)).unwrap()
    }

    #[test]
    fn more_is_asked_of_who_wants_more() {
        let back = (CalledBack, Right);
        let (email, last, org) = ((Email, Right), (LastSignIn, Right), (Organization, Right));
        for (answers, purpose, expected) in [
            (vec![email, org], Purpose::Administrators, true),
            (vec![email], Purpose::Administrators, false),
            // who asks for names is not asked for them
            (vec![email, (Colleague, Right)], Purpose::Administrators, false),
            (vec![back, email, org], Purpose::UserId, true),
            (vec![back, email, (Question::UserId, Right)], Purpose::UserId, false),
            // whatever they know, without the call back it could be anybody
            (vec![email, org, last, (Colleague, Right)], Purpose::UserId, false),
            (vec![back, email, org], Purpose::Code, true),
            (vec![(CalledBack, Wrong), email, org, last], Purpose::Code, false),
            (vec![back, email, org, (LastSignIn, Wrong)], Purpose::Code, true),
            (vec![back, email, org, (LastSignIn, Wrong), (Colleague, Wrong)], Purpose::Code, false),
            (vec![back, email, org], Purpose::EndAffiliation, true),
            (vec![back, email, org], Purpose::Demote, true),
            // a whole account is more than one affiliation
            (vec![back, email, org], Purpose::Account, false),
            (vec![back, email, org, last], Purpose::Account, true),
            (vec![email, org, last], Purpose::Unlock, false),
            (vec![back, email], Purpose::StopRemoval, false),
            (vec![back, email, org], Purpose::LostFactor, false),
            (vec![back, email, org, last], Purpose::LostFactor, true),
            // whoever gets the mail gets the account
            (vec![back, email, org], Purpose::Email, false),
            (vec![back, email, org, last], Purpose::Email, true),
            (vec![], Purpose::Administrators, false),
        ] {
            let outcome = judged(&answers, purpose);
            assert_eq!(outcome.state.is_some(), expected, "{answers:?} {purpose:?}");
            let kind = if expected { Kind::CallerVerified } else { Kind::CallerRefused };
            assert_eq!(outcome.audit, [kind]);
            assert_eq!(outcome.letters.is_empty(), expected, "the person hears of a refusal");
        }
    }

    #[test]
    fn a_check_counts_for_one_purpose_one_person_one_helper_and_half_an_hour() {
        let verified =
            judged(&[(CalledBack, Right), (Email, Right), (Organization, Right)], Purpose::Code);
        let verified = verified.state.unwrap();
        let (sam, ben) = (agent("sam"), "sub_ben".parse().unwrap());
        assert!(verified.allows(Purpose::Code, &ana(), &sam, at(29)));
        assert!(!verified.allows(Purpose::Code, &ana(), &sam, at(30)));
        assert!(!verified.allows(Purpose::LostFactor, &ana(), &sam, at(0)));
        assert!(!verified.allows(Purpose::UserId, &ana(), &sam, at(0)));
        assert!(!verified.allows(Purpose::Code, &ben, &sam, at(0)));
        assert!(!verified.allows(Purpose::Code, &ana(), &agent("sue"), at(0)));
    }

    #[test]
    fn nobody_speaks_for_an_organization_that_is_not_theirs() {
        let ids = |names: &[&str]| -> BTreeSet<SubscriberId> {
            names.iter().map(|name| format!("sub_{name}").parse().unwrap()).collect()
        };
        let (one, two) = (ids(&["adam", "bea"]), ids(&["cleo"]));
        for (actor, administrators, expected) in [
            (agent("sam"), vec![], Some(ids(&["ana"]))),
            (agent("sam"), vec![one.clone()], Some(ids(&["adam", "ana", "bea"]))),
            (agent("sam"), vec![one.clone(), two], Some(ids(&["ana"]))),
            (lead("lea"), vec![one], None),
        ] {
            assert_eq!(callers(&actor, &ana(), &administrators), expected, "{actor:?}");
        }
    }

    #[test]
    fn only_support_checks_and_nobody_themselves() {
        for actor in [administrator("adam", "a"), person("ana"), agent("ana")] {
            let found = judge(&BTreeMap::new(), Purpose::Code, &ana(), &actor, at(0));
            assert!(found.is_err(), "{actor:?}");
        }
    }

    proptest! {
        #[test]
        fn nobody_gets_a_user_id_a_code_or_a_factor_removed_without_a_call_back(
            known in subsequence(Question::ALL.to_vec(), 0..6),
            purpose in prop::sample::select(Purpose::ALL.to_vec()),
        ) {
            let answers: Vec<_> = known.into_iter().filter(|q| *q != CalledBack).map(|q| (q, Right)).collect();
            let verified = judged(&answers, purpose).state.is_some();
            prop_assert!(!verified || purpose == Purpose::Administrators);
        }
    }
}
