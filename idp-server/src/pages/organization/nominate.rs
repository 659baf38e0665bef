//! Nominating somebody: the form, a look at what was typed (R93), and what came of it.

use askama::Template;
use chrono::{DateTime, Utc};
use idp_core::community::letters::TooMany;
use idp_core::community::nomination::VerifiedBy;

use super::{OrganizationNav, RightsFields, Typed};
use crate::pages::{Frame, wording};

/// Posts the fields of a nominee, `step=review` and `form_token` to `/organization/{id}/nominate`.
#[derive(Debug, Template)]
#[template(path = "organization_nominate.html")]
pub struct NominatePage<'a> {
    pub frame: Frame<'a>,
    pub nav: OrganizationNav<'a>,
    pub form_token: &'a str,
    pub typed: &'a Typed,
    pub rights: RightsFields,
    pub problem: Option<NominateProblem<'a>>,
}

/// Why somebody cannot be nominated.
#[derive(Clone, Debug)]
pub enum NominateProblem<'a> {
    AlreadyAsked,
    /// With the address of the colleague's page.
    AlreadyHere(&'a str),
    AlreadyNominated,
    SeeSupport,
    TooMany(TooMany),
}

/// What was typed, to be looked at once more. Posts it again with `step=confirm` or `step=edit`.
#[derive(Debug, Template)]
#[template(path = "organization_nominate_review.html")]
pub struct NominateReviewPage<'a> {
    pub frame: Frame<'a>,
    pub nav: OrganizationNav<'a>,
    pub form_token: &'a str,
    pub typed: &'a Typed,
    pub rights: RightsFields,
    /// The User ID that they get; `None`: they have one, and are asked.
    pub user_id: Option<&'a str>,
    /// Name, User ID and page of colleagues whose name is similar.
    pub similar: &'a [(String, String, String)],
    /// Whether they were to be looked at first.
    pub similar_due: bool,
}

/// The code, once. There is no second look at it.
#[derive(Debug, Template)]
#[template(path = "organization_nominated.html")]
pub struct NominatedPage<'a> {
    pub frame: Frame<'a>,
    pub nav: OrganizationNav<'a>,
    pub name: &'a str,
    pub user_id: &'a str,
    /// As people read it.
    pub code: &'a str,
    pub until: DateTime<Utc>,
}

/// Something was done, or was not: a sentence, and the way on.
#[derive(Debug, Template)]
#[template(path = "organization_outcome.html")]
pub struct OrganizationOutcomePage<'a> {
    pub frame: Frame<'a>,
    pub nav: OrganizationNav<'a>,
    pub outcome: OrganizationOutcome,
    /// The address of the way on.
    pub back: String,
}

/// What came of something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrganizationOutcome {
    /// Somebody who has a User ID was asked. Whether there is such a person is not told.
    Asked,
    CannotHelp,
    Forbidden,
    LastAdministrator,
    NominationOver,
    OutOfOrder,
    StoppedByOthers,
    TooMany(TooMany),
    TooManyCodes,
    Unchanged,
}

impl OrganizationOutcomePage<'_> {
    /// Title, sentence, and what the way on is called.
    fn words(&self) -> (&'static str, &'static str, &'static str) {
        let text = self.frame.text;
        let words = &text.nominate;
        match self.outcome {
            OrganizationOutcome::Asked => (words.asked, words.asked_lead, words.to_nominations),
            OrganizationOutcome::NominationOver => {
                (text.manage.nothing, text.nominations.is_over, words.to_nominations)
            }
            OrganizationOutcome::TooMany(why) => {
                (text.manage.nothing, too_many(&self.frame, why), words.to_nominations)
            }
            OrganizationOutcome::TooManyCodes => {
                (text.manage.nothing, text.nominations.too_many, words.to_nominations)
            }
            OrganizationOutcome::CannotHelp => {
                (text.manage.nothing, text.manage.cannot_help, text.manage.back_to_person)
            }
            OrganizationOutcome::Forbidden => {
                (text.manage.nothing, text.manage.forbidden, text.manage.back_to_person)
            }
            OrganizationOutcome::LastAdministrator => {
                (text.manage.nothing, text.manage.last_administrator, text.manage.back_to_person)
            }
            OrganizationOutcome::OutOfOrder => {
                (text.manage.nothing, text.manage.out_of_order, text.manage.back_to_person)
            }
            OrganizationOutcome::StoppedByOthers => {
                (text.manage.nothing, text.manage.stopped_by_others, text.manage.back_to_person)
            }
            OrganizationOutcome::Unchanged => {
                (text.manage.nothing, text.manage.unchanged, text.manage.back_to_person)
            }
        }
    }

    fn is_bad(&self) -> bool {
        !matches!(self.outcome, OrganizationOutcome::Asked | OrganizationOutcome::Unchanged)
    }
}

/// Why so many letters are not written, and when they are.
pub(super) fn too_many(frame: &Frame<'_>, why: TooMany) -> &'static str {
    let words = &frame.text.nominate;
    match why {
        TooMany::OfOrganization => words.too_many_letters,
        TooMany::ToOne => words.too_many_to_one,
    }
}

/// Name, label, kind, longest value and hint of a field of one line.
type Line = (&'static str, &'static str, &'static str, &'static str, &'static str);

impl NominatePage<'_> {
    fn fields(&self) -> [Line; 5] {
        let words = &self.frame.text.nominate;
        [
            ("given_name", words.given_name, "text", "100", ""),
            ("family_name", words.family_name, "text", "100", ""),
            ("email", words.email, "email", "254", words.email_hint),
            ("npi", words.npi, "text", "20", words.npi_hint),
            ("user_id", words.user_id, "text", "64", words.user_id_hint),
        ]
    }

    fn ways(&self) -> Vec<(&'static str, &'static str)> {
        ways(&self.frame)
    }

    fn sentence(&self) -> Option<&'static str> {
        let words = &self.frame.text.nominate;
        self.problem.as_ref().map(|problem| match problem {
            NominateProblem::AlreadyAsked => words.already_asked,
            NominateProblem::AlreadyHere(_) => words.already_here,
            NominateProblem::AlreadyNominated => words.already_nominated,
            NominateProblem::SeeSupport => words.see_support,
            NominateProblem::TooMany(why) => too_many(&self.frame, *why),
        })
    }

    fn colleague(&self) -> Option<&str> {
        match &self.problem {
            Some(NominateProblem::AlreadyHere(address)) => Some(address),
            Some(
                NominateProblem::AlreadyAsked
                | NominateProblem::AlreadyNominated
                | NominateProblem::SeeSupport
                | NominateProblem::TooMany(_),
            )
            | None => None,
        }
    }
}

impl NominateReviewPage<'_> {
    fn role_names(&self) -> Vec<&str> {
        wording::roles(self.frame.text, &self.typed.codes("role"))
    }

    fn details(&self) -> Vec<String> {
        self.typed.codes("detail").into_iter().map(|code| self.rights.detail(code)).collect()
    }

    fn tax_ids(&self) -> Vec<&str> {
        let chosen = |(id, _): &&(String, String)| self.typed.ticked("tax", id);
        self.rights.tax_ids.iter().filter(chosen).map(|(_, shown)| shown.as_str()).collect()
    }

    fn level(&self) -> &str {
        wording::access_level(self.frame.text, self.typed.value("access_level"))
    }

    fn way(&self) -> &'static str {
        let typed = self.typed.value("verified_by");
        let way = ways(&self.frame).into_iter().find(|(code, _)| *code == typed);
        way.map(|(_, label)| label).unwrap_or_default()
    }
}

/// The ways in which somebody is known, with their words.
fn ways(frame: &Frame<'_>) -> Vec<(&'static str, &'static str)> {
    let words = &frame.text.nominate;
    let label = |way: VerifiedBy| match way {
        VerifiedBy::HrRecord => words.by_hr_record,
        VerifiedBy::KnownInPerson => words.by_acquaintance,
        VerifiedBy::PhotoId => words.by_photo_id,
    };
    VerifiedBy::ALL.into_iter().map(|way| (way.code(), label(way))).collect()
}
