//! `/account/email`: another mail address (domain 4.7). The new mailbox has to be proved, and the
//! old one is told at once and can take it back for three days.
//!
//! Whoever has no second factor shows first that the mailbox on file is theirs: a factor could be
//! set up through the new one, and a password alone must not lead there (security 18.5). While the
//! old mailbox can take a change back there is no further one, which would put another mailbox
//! into its place.

use actix_web::{
    HttpResponse,
    http::StatusCode,
    web::{self, Bytes, Query},
};
use chrono::{DateTime, TimeDelta, Utc};
use idp_core::{
    audit::{Actor, Event, Kind},
    authentication::{
        gate::Demand,
        mailed_code::{CodePurpose, MailedCode, Redemption},
    },
    community::subscriber::{EmailAddress, Subscriber},
    ids::{EmailChangeId, EventId},
    mail::{Mail, shortened},
};
use serde::Deserialize;
use serde_json::json;

use super::{PURPOSE, expired, form_token, nav};
use crate::{
    http::{
        client_address::ClientAddress,
        error::PageError,
        gate::{self, Gate, OwnPage},
        visit::{Visit, page, see_other, set},
    },
    mail::{NewMail, Post, Recipient, Transport},
    pages::{Area, EmailPage, EmailProblem, PendingEmail},
    store::{
        AnyConn, StoreError, Taken, audit,
        email_change::{self, ChangeState, EmailChange},
        mailed_code, person, subscriber,
    },
};

/// How long the old mailbox can take a change back.
const UNDO_WITHIN: TimeDelta = TimeDelta::hours(72);

/// The routes.
pub fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/account/email").get(show).post(request))
        .service(web::resource("/account/email/confirm").post(confirm))
        .service(web::resource("/account/email/give-up").post(give_up));
}

#[derive(Deserialize)]
struct After {
    done: Option<String>,
}

async fn show(visit: Visit, after: Query<After>) -> HttpResponse {
    let outcome = async {
        let person = match gate::pass(&visit, OwnPage::Email, Demand::ENROLMENT).await? {
            Gate::Open(person) => person,
            Gate::Elsewhere(answer) => return Ok(answer),
        };
        form(&visit, &person, Shown { done: after.done.is_some(), ..Shown::default() }).await
    };
    let outcome = outcome.await;
    visit.answer(outcome)
}

/// What the page says beside the address.
#[derive(Default)]
struct Shown<'a> {
    typed: &'a str,
    done: bool,
    problem: Option<EmailProblem>,
}

async fn form(
    visit: &Visit,
    person: &person::LoadedPerson,
    shown: Shown<'_>,
) -> Result<HttpResponse, PageError> {
    let (id, now) = (person.subscriber.id.clone(), visit.clock.now());
    let pending = visit.db.read(move |conn| email_change::pending(conn, &id, now)).await?;
    let (form_token, cookie) = form_token(visit);
    let content = EmailPage {
        frame: visit.frame(),
        nav: nav(visit, Area::Email),
        form_token: &form_token,
        current: person.subscriber.email.as_ref().map(EmailAddress::as_str),
        pending: pending
            .as_ref()
            .map(|change| PendingEmail { address: change.new.as_str(), until: change.expires_at }),
        typed: shown.typed,
        in_mailbox: matches!(visit.transport, Transport::Mailbox),
        done: shown.done,
        problem: shown.problem,
    };
    let status =
        if shown.problem.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let mut answer = page(status, &content);
    set(&mut answer, cookie);
    Ok(answer)
}

/// `POST /account/email`.
async fn request(visit: Visit, body: Bytes) -> HttpResponse {
    let outcome = ask(&visit, &body).await;
    visit.answer(outcome)
}

async fn ask(visit: &Visit, body: &Bytes) -> Result<HttpResponse, PageError> {
    let person = match gate::pass(visit, OwnPage::Email, Demand::ENROLMENT).await? {
        Gate::Open(person) => person,
        Gate::Elsewhere(answer) => return Ok(answer),
    };
    let Some(posted) = visit.own_form(body, PURPOSE) else {
        return Ok(expired(visit, Area::Email));
    };
    let typed = posted.find("email").map(str::trim).unwrap_or_default();
    let again = |problem| Shown { typed, problem: Some(problem), ..Shown::default() };
    let Ok(new) = typed.parse::<EmailAddress>() else {
        return form(visit, &person, again(EmailProblem::NoAddress)).await;
    };
    let old = person.subscriber.email.as_ref();
    if old.is_some_and(|old| old.normalized() == new.normalized()) {
        return form(visit, &person, again(EmailProblem::Same)).await;
    }
    let work = Work::of(visit, &person.subscriber);
    let id = EmailChangeId::from_random(visit.random.bytes());
    let asked = visit.db.write(move |conn| work.ask(conn, &id, &new)).await?;
    visit.outbox.wake();
    match asked {
        Ok(()) => Ok(see_other("/account/email", [])),
        Err(problem) => form(visit, &person, again(problem)).await,
    }
}

/// `POST /account/email/confirm`.
async fn confirm(visit: Visit, body: Bytes) -> HttpResponse {
    let outcome = change(&visit, &body).await;
    visit.answer(outcome)
}

async fn change(visit: &Visit, body: &Bytes) -> Result<HttpResponse, PageError> {
    let person = match gate::pass(visit, OwnPage::Email, Demand::ENROLMENT).await? {
        Gate::Open(person) => person,
        Gate::Elsewhere(answer) => return Ok(answer),
    };
    let Some(posted) = visit.own_form(body, PURPOSE) else {
        return Ok(expired(visit, Area::Email));
    };
    let typed = posted.find("code").and_then(MailedCode::typed);
    let work = Work::of(visit, &person.subscriber);
    let changed = visit.db.write(move |conn| work.confirm(conn, typed.as_ref())).await;
    visit.outbox.wake();
    let problem = match changed {
        Ok(Ok(())) => return Ok(see_other("/account/email?done=changed", [])),
        Ok(Err(problem)) => problem,
        // Somebody else was given the address between the look and the write.
        Err(StoreError::Conflict(Taken::EmailAddress)) => EmailProblem::Taken,
        Err(error) => return Err(error.into()),
    };
    form(visit, &person, Shown { problem: Some(problem), ..Shown::default() }).await
}

/// `POST /account/email/give-up`.
async fn give_up(visit: Visit, body: Bytes) -> HttpResponse {
    let outcome = async {
        let person = match gate::pass(&visit, OwnPage::Email, Demand::ENROLMENT).await? {
            Gate::Open(person) => person,
            Gate::Elsewhere(answer) => return Ok(answer),
        };
        if visit.own_form(&body, PURPOSE).is_none() {
            return Ok(expired(&visit, Area::Email));
        }
        let id = person.subscriber.id;
        let write = move |conn: &mut AnyConn| {
            mailed_code::withdraw(conn, &id, CodePurpose::EmailChange)?;
            email_change::give_up(conn, &id)
        };
        visit.db.write(write).await?;
        Ok(see_other("/account/email", []))
    };
    let outcome = outcome.await;
    visit.answer(outcome)
}

/// What the two transactions need.
struct Work {
    person: Subscriber,
    post: Post,
    event: EventId,
    address: std::net::IpAddr,
    now: DateTime<Utc>,
}

impl Work {
    fn of(visit: &Visit, person: &Subscriber) -> Self {
        Self {
            person: person.clone(),
            post: visit.post.clone(),
            event: EventId::from_random(visit.random.bytes()),
            address: ClientAddress::of(&visit.request).0,
            now: visit.clock.now(),
        }
    }

    /// Takes the wish down, mails the code to the new mailbox, and tells the old one. An address
    /// that is somebody else's gets a mail of its own and no code: the page is the same (R24).
    fn ask(
        &self,
        conn: &mut AnyConn,
        id: &EmailChangeId,
        new: &EmailAddress,
    ) -> Result<Result<(), EmailProblem>, StoreError> {
        let person = &self.person.id;
        if email_change::may_be_undone(conn, person, self.now)? {
            return Ok(Err(EmailProblem::UndoOpen));
        }
        let (purpose, code) = (CodePurpose::EmailChange, self.post.draw_code());
        let digest = self.post.digest(&code, purpose, person);
        if mailed_code::issue(conn, person, purpose, digest, self.now)?.is_err() {
            return Ok(Err(EmailProblem::TooMany));
        }
        let change = EmailChange {
            id: id.clone(),
            subscriber: person.clone(),
            old: self.person.email.clone(),
            new: new.clone(),
            state: ChangeState::Pending,
            requested_at: self.now,
            expires_at: self.now + purpose.lasts(),
            undo_until: None,
        };
        email_change::request(conn, &change)?;
        let is_free = email_change::is_free(conn, new, person, self.now)?;
        let mail = if is_free { Mail::Code { purpose, code } } else { Mail::EmailTaken };
        self.mail(conn, new, mail)?;
        if let Some(old) = &change.old {
            let stop = |code| Mail::EmailChangeRequested {
                change: change.id.clone(),
                code,
                new: shortened(new),
            };
            self.mail_stop(conn, old, stop)?;
        }
        self.record(conn, Kind::EmailRequested, &change)?;
        Ok(Ok(()))
    }

    /// Puts the new address in the place of the old one.
    fn confirm(
        &self,
        conn: &mut AnyConn,
        typed: Option<&MailedCode>,
    ) -> Result<Result<(), EmailProblem>, StoreError> {
        let person = &self.person.id;
        let purpose = CodePurpose::EmailChange;
        let presented = typed.map(|code| self.post.digest(code, purpose, person));
        let answer = mailed_code::redeem(conn, person, purpose, presented.as_ref(), self.now)?;
        let pending = email_change::pending(conn, person, self.now)?;
        let (Redemption::Accepted, Some(change)) = (answer, pending) else {
            return Ok(Err(EmailProblem::WrongCode));
        };
        let until = self.now + UNDO_WITHIN;
        let settled =
            email_change::settle(conn, &change, ChangeState::Changed, Some(until), self.now)?;
        if !settled || !email_change::is_free(conn, &change.new, person, self.now)? {
            return Ok(Err(EmailProblem::Taken));
        }
        let Some(mut changed) = subscriber::find(conn, person)? else {
            return Ok(Err(EmailProblem::WrongCode));
        };
        changed.email = Some(change.new.clone());
        changed.email_verified = true;
        changed.updated_at = self.now;
        subscriber::update(conn, &changed)?;
        // Those that lie in the old mailbox.
        mailed_code::withdraw_all(conn, person)?;
        if let Some(old) = &change.old {
            let stop = |code| Mail::EmailChanged {
                change: change.id.clone(),
                code,
                new: shortened(&change.new),
                until,
            };
            self.mail_stop(conn, old, stop)?;
        }
        self.record(conn, Kind::EmailChanged, &change)?;
        Ok(Ok(()))
    }

    /// Mails to the old mailbox what it can stop the change with. If there were too many of these
    /// in this hour, the last of them still stands.
    fn mail_stop(
        &self,
        conn: &mut AnyConn,
        old: &EmailAddress,
        mail: impl FnOnce(MailedCode) -> Mail,
    ) -> Result<(), StoreError> {
        let (purpose, code) = (CodePurpose::StopEmailChange, self.post.draw_code());
        let digest = self.post.digest(&code, purpose, &self.person.id);
        if mailed_code::issue(conn, &self.person.id, purpose, digest, self.now)?.is_err() {
            return Ok(());
        }
        self.mail(conn, old, mail(code))
    }

    fn mail(&self, conn: &mut AnyConn, to: &EmailAddress, mail: Mail) -> Result<(), StoreError> {
        let subscriber = Some(self.person.id.clone());
        let to = Recipient::Address { address: to.clone(), subscriber };
        let new = NewMail { id: self.post.message_id(), to, mail };
        self.post.queue(conn, &new, self.now).map(|_| ())
    }

    fn record(
        &self,
        conn: &mut AnyConn,
        kind: Kind,
        change: &EmailChange,
    ) -> Result<(), StoreError> {
        let person = self.person.id.clone();
        let event =
            Event::new(self.event.clone(), self.now, kind, Actor::Subscriber(person.clone()))
                .to(person)
                .from_address(self.address)
                .before(json!({ "email": change.old.as_ref().map(shortened) }))
                .after(json!({ "email": shortened(&change.new), "change": change.id }));
        audit::record(conn, &[event])
    }
}
