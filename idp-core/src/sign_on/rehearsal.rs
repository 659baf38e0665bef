//! What a sign-on would come to, for somebody who looks at it beforehand: the engine's own steps,
//! with each page answered as the person could.

use chrono::{DateTime, Utc};

use super::{
    AffiliationDemand, Person, Policy, Progress, Refusal, SignOn, SignOnRequest, Step, next_step,
};
use crate::{
    authentication::{
        assurance::{Assurance, Method, Proof},
        gate::Demand,
    },
    community::affiliation::Affiliation,
    ids::{AffiliationId, AgreementId},
};

/// More pages than any sign-on has: a rehearsal ends.
const MOST_PAGES: usize = 8;

/// A page that the person would meet on the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Page {
    /// They accept an agreement.
    Agreement(AgreementId),
    /// They set up a factor of at least this rung.
    Enrolment(Assurance),
    /// They prove a factor.
    Factor(Method),
}

/// How a sign-on ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// The person would choose one of these affiliations, and none was named.
    Choice(Vec<Affiliation>),
    /// The site is told this.
    Complete(Box<SignOn>),
    /// The account cannot sign in.
    NoSignIn,
    /// The site is refused.
    Refused(Refusal),
}

/// The pages on the way, and the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rehearsal {
    /// In their order.
    pub pages: Vec<Page>,
    /// What comes after them.
    pub end: End,
}

/// Goes through the sign-on that a site would begin at `now` for `person`, whose session holds a
/// password and nothing else. A request that names no affiliation leaves the choice to `chosen`.
#[must_use]
pub fn rehearse(
    mut person: Person,
    chosen: Option<&AffiliationId>,
    policy: Policy<'_>,
    now: DateTime<Utc>,
) -> Rehearsal {
    let request = SignOnRequest {
        affiliation: AffiliationDemand::default(),
        ..SignOnRequest::own_page(Demand::SIGNED_IN, now)
    };
    let mut pages = Vec::new();
    let prove = |person: &mut Person, method| {
        person.session.add_proof(Proof { method, at: now });
    };
    while pages.len() < MOST_PAGES {
        let progress = Progress {
            person: Some(person.clone()),
            chosen: chosen.cloned(),
            notice_seen: true,
            ..Progress::default()
        };
        let end = match next_step(&request, &progress, policy, now) {
            Step::AcceptAgreement(id) => {
                person.agreement_due = None;
                pages.push(Page::Agreement(id));
                continue;
            }
            Step::AskSecondFactor { methods, .. } => {
                let Some(method) = methods.first() else { break };
                prove(&mut person, *method);
                pages.push(Page::Factor(*method));
                continue;
            }
            Step::EnrollSecondFactor(rung) => {
                prove(&mut person, method_of(rung));
                pages.push(Page::Enrolment(rung));
                continue;
            }
            Step::AskPassword(_) => End::NoSignIn,
            Step::ChooseAffiliation { choices, .. } => End::Choice(choices),
            Step::Complete(sign_on) | Step::ShowNotice(sign_on) => End::Complete(Box::new(sign_on)),
            Step::Refuse(refusal) => End::Refused(refusal),
        };
        return Rehearsal { pages, end };
    }
    Rehearsal { pages, end: End::Refused(Refusal::AssuranceUnmet) }
}

/// A factor that reaches a rung.
const fn method_of(rung: Assurance) -> Method {
    match rung {
        Assurance::Password => Method::Password,
        Assurance::EmailCode => Method::EmailCode,
        Assurance::BrowserSecondFactor => Method::Totp,
        Assurance::PhishingResistant => Method::PasskeyWithUserVerification,
    }
}
