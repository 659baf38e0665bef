//! The sign-on engine: what a person must do next before a site gets its answer.
//!
//! A protocol front turns its message into a [`SignOnRequest`]; the shell gathers [`Progress`];
//! [`next_step`] says the next page, a refusal, or that the sign-on is complete. It knows neither
//! HTTP nor SQL nor which protocol asked. Every question is asked in one place and in one order:
//! who is it, how fresh, how strong, which agreements, for whom they act, do they know what is
//! released.

mod choose;
pub mod needs;
pub mod rehearsal;
mod strength;

pub use choose::fitting;
pub use strength::{may_ask_for_factors, ways};

use chrono::{DateTime, Duration, Utc};
use rehearsal::{End, rehearse};
use serde::{Deserialize, Serialize};

use crate::{
    authentication::{
        assurance::{Assurance, Method},
        gate::{Demand, Level},
        mailed_code::CodePurpose,
        session::Session,
    },
    community::{affiliation::Affiliation, site::ReleasePolicy, subscriber::Standing},
    ids::{AffiliationId, AgreementId, OrganizationId},
    release::Naming,
};

/// What a site asks of a sign-on, in no protocol's words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignOnRequest {
    /// When the request arrived: a forced sign-in must be younger than this.
    pub asked_at: DateTime<Utc>,
    /// No page may be shown (`prompt=none`, `IsPassive`).
    pub passive: bool,
    /// Sign in anew (`prompt=login`, `ForceAuthn`).
    pub force: bool,
    /// How old the sign-in may be at most (`max_age`).
    pub max_age_seconds: Option<u32>,
    /// How strong it should be.
    pub assurance: AssuranceDemand,
    /// For whom the person should act.
    pub affiliation: AffiliationDemand,
    /// The person must be the one whom the site knows by this name (`id_token_hint`, a `sub`
    /// claim value).
    pub subject: Option<String>,
    /// Show what is released even if the person knows it (`prompt=consent`).
    pub show_notice: bool,
}

impl SignOnRequest {
    /// What one of Hilum's own pages asks of a sign-on.
    #[must_use]
    pub fn own_page(demand: Demand, asked_at: DateTime<Utc>) -> Self {
        Self {
            asked_at,
            passive: false,
            force: false,
            max_age_seconds: demand.max_age_seconds,
            assurance: AssuranceDemand::default(),
            affiliation: AffiliationDemand::default(),
            subject: None,
            show_notice: false,
        }
    }
}

/// How strong a sign-in should be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AssuranceDemand {
    /// Acceptable rungs, as the site named them, best liked first; those that we do not know are
    /// left out.
    pub values: Vec<AcrValue>,
    /// Whether a sign-on that meets none of them must fail: always, if no value is left.
    pub essential: bool,
}

/// A rung as a site spelt it, so that the same spelling goes back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AcrValue {
    /// The rung.
    pub rung: Assurance,
    /// The site's spelling: the rung's own or its alias.
    pub spelling: String,
}

/// For whom the person should act.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AffiliationDemand {
    /// The affiliation that the site knows by this name, if the person has it and it fits.
    pub affiliation: Option<String>,
    /// The affiliation with this organization, likewise.
    pub organization: Option<OrganizationId>,
    /// Ask again although the answer is known (`prompt=select_account`).
    pub reopen: bool,
}

/// What the policy of the site and the deployment demand beyond the request.
#[derive(Clone, Copy, Debug)]
pub struct Policy<'a> {
    /// The site's release policy; `None` for Hilum's own pages, which select no affiliation.
    pub release: Option<&'a ReleasePolicy>,
    /// What one of Hilum's own pages demands; [`Level::SignedIn`] for a site, which has its own
    /// words for what it demands.
    pub level: Level,
    /// By which names the site knows people and affiliations.
    pub naming: &'a Naming,
}

/// What is known so far.
#[derive(Clone, Debug, Default)]
pub struct Progress {
    /// The browser's session and its person, if the cookie leads to one.
    pub person: Option<Person>,
    /// The affiliation that the person chose in this transaction.
    pub chosen: Option<AffiliationId>,
    /// The affiliation chosen for this site earlier in this session.
    pub remembered_choice: Option<AffiliationId>,
    /// Whether the person has seen what this site receives, ever.
    pub notice_seen: bool,
    /// Whether they confirmed it in this transaction.
    pub notice_confirmed: bool,
}

/// A session and what belongs to its person.
#[derive(Clone, Debug)]
pub struct Person {
    /// The session.
    pub session: Session,
    /// Whether the account may be used now.
    pub standing: Standing,
    /// All affiliations of the person, whatever their state.
    pub affiliations: Vec<Affiliation>,
    /// Organizations of the person that switched the site on.
    pub enabled_at: Vec<OrganizationId>,
    /// What the person could prove now beside a password.
    pub factors: Vec<Method>,
    /// Whether the person has a factor of their own, usable here or not.
    pub has_own_factor: bool,
    /// The highest rung that a factor can reach which the person could set up on the way; `None` if
    /// they could set up none.
    pub may_enrol: Option<Assurance>,
    /// The agreement that waits to be accepted.
    pub agreement_due: Option<AgreementId>,
}

/// What happens next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Show the text of this agreement.
    AcceptAgreement(AgreementId),
    /// Ask for User ID and password.
    AskPassword(SignInReason),
    /// Ask for one of these factors.
    AskSecondFactor {
        /// What would do.
        methods: Vec<Method>,
        /// What a code is good for that is mailed on this page: the mail says so, and it opens
        /// nothing else.
        mailed: CodePurpose,
    },
    /// Ask for whom the person acts.
    ChooseAffiliation {
        /// The affiliations that fit the site, by name of their organization.
        choices: Vec<Affiliation>,
        /// The last choice, to be highlighted.
        last: Option<AffiliationId>,
    },
    /// The site gets its answer.
    Complete(SignOn),
    /// Lead the person through setting up a factor of at least this rung.
    EnrollSecondFactor(Assurance),
    /// The site gets a refusal.
    Refuse(Refusal),
    /// Show what the site receives.
    ShowNotice(SignOn),
}

/// Why a sign-in page is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignInReason {
    /// Nobody is signed in.
    NotSignedIn,
    /// The site wants another person than the one signed in.
    OtherPerson,
    /// The site wants a fresh sign-in.
    TooOld,
}

/// A finished sign-on: what the release policy works on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignOn {
    /// The session that it rests on.
    pub session: Session,
    /// The `acr` to return: the requested spelling where one was met, else the true rung.
    pub acr: String,
    /// For whom the person acts.
    pub affiliations: Released,
}

/// The affiliations that a site may see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Released {
    /// All that fit it (mode `all`).
    All(Vec<Affiliation>),
    /// None (mode `none`).
    None,
    /// The one that was chosen (mode `one`).
    One(Box<Affiliation>),
}

/// Why a site gets no sign-on. Each front maps these to its protocol's words, once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The person acts for no active organization, or not for the one asked for.
    #[error("affiliation_required")]
    AffiliationRequired,
    /// An agreement is due and no page may be shown.
    #[error("agreement_required")]
    AgreementRequired,
    /// The demanded strength cannot be reached.
    #[error("assurance_unmet")]
    AssuranceUnmet,
    /// An affiliation must be chosen and no page may be shown.
    #[error("choice_due")]
    ChoiceDue,
    /// A page other than sign-in and choice is due and none may be shown.
    #[error("interaction_due")]
    InteractionDue,
    /// The person lacks a role that the site demands.
    #[error("role_required")]
    RoleRequired,
    /// A sign-in is due and no page may be shown.
    #[error("sign_in_due")]
    SignInDue,
    /// No organization of the person switched the site on.
    #[error("site_not_enabled")]
    SiteNotEnabled,
}

/// What happens next in a sign-on.
///
/// A passive request yields only [`Step::Complete`] or [`Step::Refuse`]; `Complete` is never
/// reached below a demanded assurance, with a session past its end, or with an account that may
/// not be used.
#[must_use]
pub fn next_step(
    request: &SignOnRequest,
    progress: &Progress,
    policy: Policy<'_>,
    now: DateTime<Utc>,
) -> Step {
    match decide(request, progress, policy, now) {
        Ok(sign_on) => Step::Complete(sign_on),
        Err(step) if request.passive => Step::Refuse(passive_refusal(&step)),
        Err(step) => *step,
    }
}

/// Whether a person who is signed in may open a site of their own accord: how a sign-on would end
/// that asks for nothing beyond the site's record.
///
/// # Errors
/// Why not. That a page comes first, for instance to choose or to prove more, is no reason.
pub fn may_open(person: &Person, policy: Policy<'_>, now: DateTime<Utc>) -> Result<(), Refusal> {
    match rehearse(person.clone(), None, policy, now).end {
        End::Refused(refusal) => Err(refusal),
        End::Choice(_) | End::Complete(_) | End::NoSignIn => Ok(()),
    }
}

/// The finished sign-on, or the first thing that stands in its way.
fn decide(
    request: &SignOnRequest,
    progress: &Progress,
    policy: Policy<'_>,
    now: DateTime<Utc>,
) -> Result<SignOn, Box<Step>> {
    let person = signed_in(request, progress, policy, now)?;
    let acr = strength::strong_enough(request, person, policy, now)?;
    let affiliations = match (policy.release, &person.agreement_due) {
        // The person's own pages stay open: there they can read what they have not accepted, and
        // end their sessions.
        (None, _) => Released::None,
        (Some(_), Some(due)) => return Err(Box::new(Step::AcceptAgreement(due.clone()))),
        (Some(release), None) => choose::choose(request, progress, person, release, policy.naming)?,
    };
    let sign_on = SignOn { session: person.session.clone(), acr, affiliations };
    let notice_due = policy.release.is_some() && !progress.notice_seen || request.show_notice;
    if notice_due && !progress.notice_confirmed {
        return Err(Box::new(Step::ShowNotice(sign_on)));
    }
    Ok(sign_on)
}

/// What a passive request is told in place of a page.
const fn passive_refusal(step: &Step) -> Refusal {
    match step {
        Step::AskPassword(_) => Refusal::SignInDue,
        Step::ChooseAffiliation { .. } => Refusal::ChoiceDue,
        Step::AcceptAgreement(_) => Refusal::AgreementRequired,
        Step::Refuse(refusal) => *refusal,
        Step::AskSecondFactor { .. }
        | Step::Complete(_)
        | Step::EnrollSecondFactor(_)
        | Step::ShowNotice(_) => Refusal::InteractionDue,
    }
}

/// Who it is, and whether the sign-in is fresh enough.
fn signed_in<'a>(
    request: &SignOnRequest,
    progress: &'a Progress,
    policy: Policy<'_>,
    now: DateTime<Utc>,
) -> Result<&'a Person, Box<Step>> {
    let person = progress
        .person
        .as_ref()
        .filter(|person| person.session.is_live(now) && person.standing == Standing::Active)
        .ok_or_else(|| Box::new(Step::AskPassword(SignInReason::NotSignedIn)))?;
    let known_as = || policy.naming.subject(&person.session.subscriber);
    if request.subject.as_ref().is_some_and(|wanted| *wanted != known_as()) {
        return Err(Box::new(Step::AskPassword(SignInReason::OtherPerson)));
    }
    let auth_time = person.session.auth_time();
    let forced = request.force && auth_time < request.asked_at;
    // A sign-in made for this very request is fresh, however small `max_age` is: `max_age=0`
    // must ask once and not for ever (OIDC Core §3.1.2.1).
    let limit = request.max_age_seconds.map(|seconds| Duration::seconds(i64::from(seconds)));
    let too_old =
        limit.is_some_and(|limit| now - auth_time > limit && auth_time < request.asked_at);
    if forced || too_old {
        Err(Box::new(Step::AskPassword(SignInReason::TooOld)))
    } else {
        Ok(person)
    }
}

#[cfg(test)]
mod tests;
