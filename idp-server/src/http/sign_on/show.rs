//! `GET /sign-on/{handle}`: the page of the step that the sign-on is at.

use actix_web::{
    HttpResponse,
    http::StatusCode,
    web::{Path, Query},
};
use idp_core::{
    community::{affiliation::Affiliation, site::ReleasePolicy, subscriber::Subscriber},
    ids::AgreementId,
    sign_on::{Refusal, Released, SignInReason, SignOn, Step},
};
use serde::Deserialize;

use super::{
    agreement,
    enrol::{SignOnEnrolment, What},
    factor::Waiting,
    factor_page::Say,
    notice,
    progress::{Advance, conclude},
};
use crate::{
    http::{
        error::PageError,
        front::SiteRequest,
        headers::ContentPolicy,
        oidc::response::form_policy,
        transaction::{Purpose, Transaction},
        visit::{Visit, page_for, see_other, site_view},
    },
    pages::{
        self, AffiliationChoice, AffiliationPage, AgreementDeclinedPage, AgreementPage,
        AgreementView, ChallengeView, NoticePage, Received, RefusalPage, RefusalReason, SignInPage,
        SignInProblem, SwitchPersonPage,
    },
    sites::SiteEntry,
};

#[derive(Deserialize)]
pub struct Search {
    /// What the person looks for among their organizations.
    find: Option<String>,
    /// Whether a code has been mailed.
    sent: Option<String>,
    /// In which way they take the second step, or what they set up.
    way: Option<String>,
}

/// Shows the page, or goes on where there is none to be shown.
pub async fn show(visit: Visit, handle: Path<String>, search: Query<Search>) -> HttpResponse {
    visit.answer(step(&visit, &handle, &search).await)
}

async fn step(visit: &Visit, handle: &str, search: &Search) -> Result<HttpResponse, PageError> {
    let waiting = Waiting::load(visit, handle).await?;
    let Waiting { transaction, advance } = &waiting;
    if let Some(answer) = conclude(visit, transaction, advance, &[]).await? {
        Transaction::finish(visit, handle).await;
        return Ok(answer);
    }
    let stand = Stand::new(visit, handle, transaction);
    let way = search.way.as_deref();
    let say = Say { sent: search.sent.is_some(), problem: None };
    match (&advance.step, &advance.known.person) {
        (Step::AskSecondFactor { .. }, _) => stand.factor(advance, way, say, StatusCode::OK),
        (Step::EnrollSecondFactor(rung), Some(person)) => {
            let enrolment =
                SignOnEnrolment { stand: &stand, waiting: &waiting, handle, person, rung: *rung };
            enrolment.page(visit, way.and_then(What::of), "", None).await
        }
        _ => stand.page(advance, search.find.as_deref()),
    }
}

/// What every page of a sign-on needs.
pub struct Stand<'a> {
    pub(super) visit: &'a Visit,
    pub(super) handle: &'a str,
    form_token: String,
    pub(super) transaction: &'a Transaction,
}

impl<'a> Stand<'a> {
    pub fn new(visit: &'a Visit, handle: &'a str, transaction: &'a Transaction) -> Self {
        // The transaction was found, so the browser has its name.
        let (browser, _) = visit.browser();
        Self { visit, handle, form_token: visit.form_token(&browser, handle), transaction }
    }

    fn request(&self) -> Option<&'a SiteRequest> {
        match &self.transaction.purpose {
            Purpose::Own { .. } => None,
            Purpose::Site(request) => Some(request),
        }
    }

    /// The token for the forms of the page.
    pub(super) fn form_token(&self) -> &str {
        &self.form_token
    }

    /// The site as the page names it.
    pub(super) fn site_view<'s>(&self, site: Option<&'s SiteEntry>) -> Option<pages::SiteView<'s>> {
        site.map(|entry| site_view(&entry.site))
    }

    pub(super) fn frame(&self) -> pages::Frame<'_> {
        self.visit.frame_for(self.request().and_then(SiteRequest::ui_locales))
    }

    /// Forms of these pages end at the site, and browsers hold redirects to `form-action`.
    pub(super) fn policy(&self, site: Option<&SiteEntry>) -> ContentPolicy {
        let leads_to = self.request().map(SiteRequest::leads_to);
        let policy = leads_to.map_or_else(ContentPolicy::new, form_policy);
        match site.and_then(|entry| entry.site.links.logo_uri.as_ref()) {
            Some(logo) => policy.image_from(logo),
            None => policy,
        }
    }

    fn page(&self, advance: &Advance, find: Option<&str>) -> Result<HttpResponse, PageError> {
        let site = advance.site.as_deref();
        let person = advance.known.person.as_ref().map(|loaded| &loaded.subscriber);
        match (&advance.step, site, person) {
            (Step::AskPassword(SignInReason::OtherPerson), _, Some(person)) => {
                Ok(self.other_person(site, person))
            }
            (Step::AskPassword(reason), ..) => {
                let say = SignIn::asked(self, *reason, person.is_some());
                Ok(self.sign_in(site, StatusCode::OK, say))
            }
            (Step::AcceptAgreement(due), Some(site), Some(person)) => {
                self.agreement(site, person, due)
            }
            (Step::ChooseAffiliation { choices, last }, Some(site), Some(person)) => {
                let last = last.as_ref().map(|id| id.as_str());
                Ok(self.affiliations(
                    site,
                    person,
                    choices,
                    last,
                    Choosing { find, unknown: false },
                ))
            }
            (Step::ShowNotice(sign_on), Some(site), Some(person)) => {
                Ok(self.notice(site, person, sign_on, advance.known.notice_seen))
            }
            (Step::Refuse(refusal), Some(site), Some(person)) => {
                Ok(self.refusal(site, person, *refusal))
            }
            _ => Err(PageError::Interrupted),
        }
    }

    /// The sign-in page, with what is to be said on it.
    pub fn sign_in(
        &self,
        site: Option<&SiteEntry>,
        status: StatusCode,
        say: SignIn<'_>,
    ) -> HttpResponse {
        let content = SignInPage {
            frame: self.frame(),
            handle: self.handle,
            form_token: &self.form_token,
            site: site.map(|entry| site_view(&entry.site)),
            user_id: say.user_id,
            passkeys: self.visit.passkeys.are_available(),
            passkey_first: self.visit.password_policy.passkey_first,
            reason: say.reason,
            problem: say.problem,
            challenge: say.challenge,
        };
        page_for(status, &content, &self.policy(site).calls_home())
    }

    /// The site named somebody else than the person who is signed in (R66).
    fn other_person(&self, site: Option<&SiteEntry>, person: &Subscriber) -> HttpResponse {
        let content = SwitchPersonPage {
            frame: self.frame(),
            handle: self.handle,
            form_token: &self.form_token,
            site: site.map(|entry| site_view(&entry.site)),
            person: person.user_id.as_str(),
            may_stay: false,
        };
        page_for(StatusCode::OK, &content, &self.policy(site))
    }

    /// The text of an agreement. One that was superseded this very moment leads to the next one.
    fn agreement(
        &self,
        site: &SiteEntry,
        person: &Subscriber,
        due: &AgreementId,
    ) -> Result<HttpResponse, PageError> {
        let Some(found) = self.visit.agreements.find(due) else {
            return Ok(see_other(&format!("/sign-on/{}", self.handle), []));
        };
        let (browser, _) = self.visit.browser();
        let purpose = agreement::purpose(self.handle, &person.id, due);
        let content = AgreementPage {
            frame: self.frame(),
            handle: self.handle,
            form_token: &self.form_token,
            answer_token: &self.visit.form_token(&browser, &purpose),
            site: site_view(&site.site),
            person: person.user_id.as_str(),
            agreement: AgreementView::of(&found),
        };
        Ok(page_for(StatusCode::OK, &content, &self.policy(Some(site))))
    }

    /// The person did not accept: what that means, and where they can go.
    pub fn declined(&self, site: &SiteEntry, person: &Subscriber) -> HttpResponse {
        let content = AgreementDeclinedPage {
            frame: self.frame(),
            handle: self.handle,
            form_token: &self.form_token,
            site: site_view(&site.site),
            person: person.user_id.as_str(),
        };
        page_for(StatusCode::OK, &content, &self.policy(Some(site)))
    }

    /// The chooser.
    pub fn affiliations(
        &self,
        site: &SiteEntry,
        person: &Subscriber,
        choices: &[Affiliation],
        last: Option<&str>,
        choosing: Choosing<'_>,
    ) -> HttpResponse {
        let shown: Vec<Vec<String>> = choices
            .iter()
            .map(|a| a.tax_ids.iter().map(|tax_id| tax_id.number.shown()).collect())
            .collect();
        let views = choices.iter().zip(&shown).map(|(affiliation, tax_ids)| AffiliationChoice {
            id: affiliation.id.as_str(),
            organization: &affiliation.organization.name,
            roles: affiliation.roles.iter().map(|role| role.code()).collect(),
            tax_ids: tax_ids.iter().map(String::as_str).collect(),
            administrator: affiliation.administrator,
            last_used: last == Some(affiliation.id.as_str()),
        });
        let content = AffiliationPage {
            frame: self.frame(),
            handle: self.handle,
            form_token: &self.form_token,
            site: site_view(&site.site),
            person: person.user_id.as_str(),
            choices: views.collect(),
            find: choosing.find,
            unknown_choice: choosing.unknown,
        };
        let status = if choosing.unknown { StatusCode::BAD_REQUEST } else { StatusCode::OK };
        page_for(status, &content, &self.policy(Some(site)))
    }

    fn notice(
        &self,
        site: &SiteEntry,
        person: &Subscriber,
        sign_on: &SignOn,
        seen_before: bool,
    ) -> HttpResponse {
        let Some(request) = self.request() else {
            return HttpResponse::InternalServerError().finish();
        };
        let (browser, _) = self.visit.browser();
        let confirm_token =
            self.visit.form_token(&browser, &notice::purpose(self.handle, &person.id));
        let organization = match &sign_on.affiliations {
            Released::One(affiliation) => Some(affiliation.organization.name.as_str()),
            Released::All(_) | Released::None => None,
        };
        let name = person.name();
        let values = |scope: &str| match scope {
            "profile" => Some(name.as_str()),
            "email" => person.email.as_ref().map(|email| email.as_str()),
            "phone" => person.phone_number.as_deref(),
            "npi" => person.npi.as_ref().map(|npi| npi.as_str()),
            "affiliations" => organization,
            _ => None,
        };
        let received = request.scopes(&site.site).iter().map(|scope| scope.as_str());
        let received = received.map(|scope| Received { scope, value: values(scope) }).collect();
        let content = NoticePage {
            frame: self.frame(),
            handle: self.handle,
            form_token: &self.form_token,
            confirm_token: &confirm_token,
            site: site_view(&site.site),
            person: person.user_id.as_str(),
            organization,
            received,
            seen_before,
        };
        page_for(StatusCode::OK, &content, &self.policy(Some(site)))
    }

    fn refusal(&self, site: &SiteEntry, person: &Subscriber, refusal: Refusal) -> HttpResponse {
        let reference = self.visit.random.reference();
        tracing::info!(reference, site = %site.site.id, %refusal, "sign-on refused");
        let content = RefusalPage {
            frame: self.frame(),
            handle: self.handle,
            form_token: &self.form_token,
            site: site_view(&site.site),
            person: person.user_id.as_str(),
            reference: &reference,
            reason: reason_of(refusal, &site.site.release),
        };
        page_for(StatusCode::FORBIDDEN, &content, &self.policy(Some(site)))
    }
}

/// Why a site is not open to a person, as a page says it.
pub fn reason_of(refusal: Refusal, release: &ReleasePolicy) -> RefusalReason<'_> {
    match refusal {
        Refusal::AffiliationRequired => RefusalReason::AffiliationRequired,
        Refusal::RoleRequired if release.required_administrator => {
            RefusalReason::AdministratorRequired
        }
        Refusal::RoleRequired => {
            let roles = release.required_roles.union(&release.role_filter);
            RefusalReason::RoleRequired(roles.map(|role| role.code()).collect())
        }
        Refusal::SiteNotEnabled => RefusalReason::SiteNotEnabled,
        Refusal::AgreementRequired => RefusalReason::AgreementRequired,
        Refusal::AssuranceUnmet
        | Refusal::ChoiceDue
        | Refusal::InteractionDue
        | Refusal::SignInDue => RefusalReason::AssuranceUnmet,
    }
}

/// How the chooser is shown.
#[derive(Clone, Copy)]
pub struct Choosing<'a> {
    /// What the person looks for.
    pub find: Option<&'a str>,
    /// Whether the last choice was not among these.
    pub unknown: bool,
}

/// What is said on the sign-in page.
#[derive(Clone, Default)]
pub struct SignIn<'a> {
    pub user_id: &'a str,
    pub reason: Option<pages::SignInReason>,
    pub problem: Option<SignInProblem>,
    pub challenge: Option<ChallengeView>,
}

impl<'a> SignIn<'a> {
    /// The first page. `was_known`: the browser came with a session that no longer counts.
    fn asked(stand: &Stand<'a>, reason: SignInReason, was_known: bool) -> Self {
        let request = stand.request();
        let again = request.is_some_and(|request| request.sign_on().force);
        let reason = match reason {
            _ if stand.transaction.switched => Some(pages::SignInReason::Switched),
            SignInReason::NotSignedIn => was_known.then_some(pages::SignInReason::SessionEnded),
            SignInReason::OtherPerson => Some(pages::SignInReason::Switched),
            SignInReason::TooOld if again => Some(pages::SignInReason::AskedAgain),
            SignInReason::TooOld => Some(pages::SignInReason::TooLongAgo),
        };
        let user_id = request.and_then(SiteRequest::login_hint).unwrap_or_default();
        Self { user_id, reason, problem: None, challenge: None }
    }

    /// After a try that signed nobody in. What was typed as User ID is not lost.
    pub fn failed(user_id: &'a str, problem: SignInProblem) -> Self {
        Self { user_id, reason: None, problem: Some(problem), challenge: None }
    }

    /// The same, with the challenge that the next try has to meet.
    pub fn challenged(self, challenge: ChallengeView) -> Self {
        Self { challenge: Some(challenge), ..self }
    }
}
