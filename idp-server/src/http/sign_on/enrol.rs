//! `POST /sign-on/{handle}/enrol/…`: setting up a factor in the course of a sign-on that needs it.

use actix_web::{
    HttpResponse,
    http::StatusCode,
    web::{Bytes, Path},
};
use idp_core::{
    authentication::{assurance::Assurance, factor::FactorName, totp},
    oidc::params::Params,
    sign_on::Step,
};

use super::{
    factor::Waiting,
    passkey::{ask, asked},
    progress::go_on,
    show::Stand,
};
use crate::{
    http::{
        browser,
        enrolment::{Enrolled, NotEnrolled, enrol_app, enrol_passkey, seed},
        error::PageError,
        visit::{Visit, page_for, set},
    },
    pages::{
        EnrolChoice, EnrolPage, EnrolPlace, EnrolProblem, RecoveryCodesPage, app_qr, usual_name,
    },
    store::{factor, person::LoadedPerson},
};

/// What a person sets up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    App,
    Passkey,
}

impl What {
    /// As it stands in addresses.
    pub fn of(slug: &str) -> Option<Self> {
        match slug {
            "app" => Some(Self::App),
            "passkey" => Some(Self::Passkey),
            _ => None,
        }
    }

    /// Whether it reaches the rung that is needed.
    const fn reaches(self, rung: Assurance) -> bool {
        match self {
            Self::App => !matches!(rung, Assurance::PhishingResistant),
            Self::Passkey => true,
        }
    }
}

impl Waiting {
    /// The person and the rung, if a factor is to be set up now.
    fn enrols(&self) -> Option<(&LoadedPerson, Assurance)> {
        match (&self.advance.step, &self.advance.known.person) {
            (Step::EnrollSecondFactor(rung), Some(person)) => Some((person, *rung)),
            _ => None,
        }
    }
}

/// The code of a new authenticator app.
pub async fn app(visit: Visit, handle: Path<String>, body: Bytes) -> HttpResponse {
    visit.answer(take_app(&visit, &handle, &body).await)
}

async fn take_app(visit: &Visit, handle: &str, body: &Bytes) -> Result<HttpResponse, PageError> {
    let waiting = Waiting::load(visit, handle).await?;
    let Some((person, rung)) = waiting.enrols().filter(|(_, rung)| What::App.reaches(*rung)) else {
        return go_on(visit, handle, &waiting.transaction, visit.session(), &[]).await;
    };
    let stand = Stand::new(visit, handle, &waiting.transaction);
    let enrolment = SignOnEnrolment { stand: &stand, waiting: &waiting, handle, person, rung };
    let Some(form) = visit.own_form(body, handle) else {
        let problem = (StatusCode::FORBIDDEN, EnrolProblem::FormExpired);
        return enrolment.page(visit, Some(What::App), "", Some(problem)).await;
    };
    let (name, code) =
        (form.find("name").unwrap_or_default(), form.find("code").unwrap_or_default());
    let outcome = match FactorName::try_from(name.to_owned()) {
        Ok(name) => enrol_app(visit, person, handle, &totp::typed(code), name).await?,
        Err(_) => return enrolment.bad_name(visit, What::App, name).await,
    };
    enrolment.conclude(visit, What::App, name, outcome).await
}

/// A question for a new passkey, in JSON.
pub async fn passkey_options(visit: Visit, handle: Path<String>, body: Bytes) -> HttpResponse {
    visit.answer(question(&visit, &handle, &body).await)
}

async fn question(visit: &Visit, handle: &str, body: &Bytes) -> Result<HttpResponse, PageError> {
    let waiting = Waiting::load(visit, handle).await?;
    if visit.own_form(body, handle).is_none() {
        return Err(PageError::Forbidden);
    }
    let Some((person, _)) = waiting.enrols() else { return Err(PageError::Interrupted) };
    ask_for_new(visit, handle, person).await
}

/// Asks for a new passkey of a person.
///
/// # Errors
/// [`PageError`] if something that we need is out of reach.
pub async fn ask_for_new(
    visit: &Visit,
    context: &str,
    person: &LoadedPerson,
) -> Result<HttpResponse, PageError> {
    let id = person.subscriber.id.clone();
    let known = visit.db.read(move |conn| factor::passkeys(conn, &id)).await?;
    let question = visit.passkeys.ask_for_new(&person.subscriber, &known);
    ask(visit, context, question.map_err(|_| PageError::NotFound)?).await
}

/// Takes in a new passkey of a person, if it answers a question of this course.
///
/// # Errors
/// [`PageError`] if something that we need is out of reach.
pub async fn take_new(
    visit: &Visit,
    context: &str,
    person: &LoadedPerson,
    form: &Params,
    name: FactorName,
) -> Result<Result<Enrolled, NotEnrolled>, PageError> {
    let Some(question) = asked(visit, context, form).await? else {
        return Ok(Err(NotEnrolled::Interrupted));
    };
    let answer = form.find("credential").unwrap_or_default();
    match visit.passkeys.register(&person.subscriber.id, &question, answer) {
        Ok(new) => enrol_passkey(visit, person, new, name).await,
        Err(error) => {
            tracing::info!(%error, "a new passkey was refused");
            Ok(Err(NotEnrolled::Wrong))
        }
    }
}

/// A new passkey.
pub async fn passkey(visit: Visit, handle: Path<String>, body: Bytes) -> HttpResponse {
    visit.answer(take_passkey(&visit, &handle, &body).await)
}

async fn take_passkey(
    visit: &Visit,
    handle: &str,
    body: &Bytes,
) -> Result<HttpResponse, PageError> {
    let waiting = Waiting::load(visit, handle).await?;
    let Some((person, rung)) = waiting.enrols() else {
        return go_on(visit, handle, &waiting.transaction, visit.session(), &[]).await;
    };
    let stand = Stand::new(visit, handle, &waiting.transaction);
    let enrolment = SignOnEnrolment { stand: &stand, waiting: &waiting, handle, person, rung };
    let Some(form) = visit.own_form(body, handle) else {
        let problem = (StatusCode::FORBIDDEN, EnrolProblem::FormExpired);
        return enrolment.page(visit, Some(What::Passkey), "", Some(problem)).await;
    };
    let name = form.find("name").unwrap_or_default();
    let outcome = match FactorName::try_from(name.to_owned()) {
        Ok(name) => take_new(visit, handle, person, &form, name).await?,
        Err(_) => return enrolment.bad_name(visit, What::Passkey, name).await,
    };
    enrolment.conclude(visit, What::Passkey, name, outcome).await
}

/// The step of a sign-on in which a factor is set up.
pub(super) struct SignOnEnrolment<'a> {
    pub(super) stand: &'a Stand<'a>,
    pub(super) waiting: &'a Waiting,
    pub(super) handle: &'a str,
    pub(super) person: &'a LoadedPerson,
    pub(super) rung: Assurance,
}

impl SignOnEnrolment<'_> {
    /// The page: the choice, or what was chosen.
    pub(super) async fn page(
        &self,
        visit: &Visit,
        what: Option<What>,
        name: &str,
        problem: Option<(StatusCode, EnrolProblem)>,
    ) -> Result<HttpResponse, PageError> {
        let site = self.waiting.advance.site.as_deref();
        let place = EnrolPlace::SignOn { handle: self.handle, site: self.stand.site_view(site) };
        let drawn = Drawn::new(visit, self.handle, self.person, what).await?;
        let base = format!("/sign-on/{}/enrol", self.handle);
        let content = EnrolPage {
            frame: self.stand.frame(),
            base: &base,
            form_token: self.stand.form_token(),
            place,
            person: self.person.subscriber.user_id.as_str(),
            choice: drawn.choice(visit, self.rung),
            name: drawn.name(visit, name),
            problem: problem.map(|(_, problem)| problem),
        };
        let status = problem.map_or(StatusCode::OK, |(status, _)| status);
        Ok(page_for(status, &content, &self.stand.policy(site).calls_home()))
    }

    async fn bad_name(
        &self,
        visit: &Visit,
        what: What,
        name: &str,
    ) -> Result<HttpResponse, PageError> {
        let problem = (StatusCode::BAD_REQUEST, EnrolProblem::Name);
        self.page(visit, Some(what), name, Some(problem)).await
    }

    async fn conclude(
        &self,
        visit: &Visit,
        what: What,
        name: &str,
        outcome: Result<Enrolled, NotEnrolled>,
    ) -> Result<HttpResponse, PageError> {
        let enrolled = match outcome {
            Ok(enrolled) => enrolled,
            Err(why) => {
                let (status, problem) = problem_of(why);
                return self.page(visit, Some(what), name, Some((status, problem))).await;
            }
        };
        let cookie = browser::session_cookie(&enrolled.session);
        let transaction = &self.waiting.transaction;
        let Some(codes) = &enrolled.recovery_codes else {
            let session = Some(enrolled.session.digest());
            return go_on(visit, self.handle, transaction, session, &[cookie]).await;
        };
        // The person may take a while to write them down.
        transaction.keep(visit, self.handle).await?;
        let content = RecoveryCodesPage {
            frame: self.stand.frame(),
            codes: codes.iter().map(|code| code.shown()).collect(),
            person: self.person.subscriber.user_id.as_str(),
            after_enrolment: true,
            next: &format!("/sign-on/{}", self.handle),
        };
        let site = self.waiting.advance.site.as_deref();
        let mut answer = page_for(StatusCode::OK, &content, &self.stand.policy(site));
        set(&mut answer, [cookie]);
        Ok(answer)
    }
}

/// What a page of setting up shows, drawn.
pub struct Drawn {
    what: Option<What>,
    qr: String,
    key: zeroize::Zeroizing<String>,
}

impl Drawn {
    /// Draws what the page needs.
    ///
    /// # Errors
    /// [`PageError`] if short-lived state is out of reach.
    pub async fn new(
        visit: &Visit,
        context: &str,
        person: &LoadedPerson,
        what: Option<What>,
    ) -> Result<Self, PageError> {
        if what != Some(What::App) {
            return Ok(Self { what, qr: String::new(), key: String::new().into() });
        }
        let seed = seed(visit, context, &person.subscriber.id).await?;
        let text = visit.frame().text;
        // The app shows it beside the code.
        let uri = seed.uri(text.frame.product, person.subscriber.user_id.as_str());
        Ok(Self { what, qr: app_qr(text, &uri), key: seed.text_key() })
    }

    /// What the page offers.
    pub fn choice(&self, visit: &Visit, rung: Assurance) -> EnrolChoice<'_> {
        match self.what {
            Some(What::App) => EnrolChoice::App { qr: &self.qr, key: &self.key },
            Some(What::Passkey) => EnrolChoice::Passkey,
            None => EnrolChoice::Open {
                app: What::App.reaches(rung),
                passkey: visit.passkeys.are_available(),
            },
        }
    }

    /// What stands in the field for the name.
    pub fn name<'a>(&self, visit: &Visit, typed: &'a str) -> &'a str {
        if !typed.is_empty() {
            return typed;
        }
        usual_name(visit.frame().text, self.what == Some(What::Passkey))
    }
}

/// How the page says why there is no factor, and with which status.
pub const fn problem_of(why: NotEnrolled) -> (StatusCode, EnrolProblem) {
    match why {
        NotEnrolled::Full => (StatusCode::CONFLICT, EnrolProblem::Full),
        NotEnrolled::Interrupted => (StatusCode::BAD_REQUEST, EnrolProblem::Interrupted),
        NotEnrolled::Known => (StatusCode::CONFLICT, EnrolProblem::Known),
        NotEnrolled::Wrong => (StatusCode::UNAUTHORIZED, EnrolProblem::Wrong),
    }
}
