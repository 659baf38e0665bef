//! `/stop`: what a mail told somebody about is stopped, or taken back, from the mailbox that was
//! told. The link names what is meant and opens nothing; what does is the code that stands beside
//! it in the mail, typed and posted (security 17.6).

use actix_web::{
    HttpResponse,
    http::StatusCode,
    web::{self, Bytes, Path},
};
use chrono::{DateTime, Utc};
use idp_core::{
    audit::{Actor, Event, Kind},
    authentication::{
        mailed_code::{CodePurpose, MailedCode, Redemption},
        throttle::{Attempt, Verdict},
    },
    ids::{EmailChangeId, EventId, FactorId, FactorResetId, SubscriberId},
    mail::Mail,
};

use super::{
    client_address::ClientAddress,
    enrolment::mailed,
    error::PageError,
    visit::{Visit, page, set},
};
use crate::{
    mail::{NewMail, Post, Recipient, Transport},
    pages::{ForgotProblem, Outcome, OutcomePage, StopPage, Stoppable},
    random::Random,
    store::{
        AnyConn, Cause, Ending, Scope, StoreError, audit,
        email_change::{self, ChangeState},
        end_access, factor,
        factor_reset::{self, ResetState},
        mailed_code, secret_questions, subscriber,
    },
};

/// What the forms of these pages are for.
const PURPOSE: &str = "stop";

/// The routes.
pub fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/stop/email/{id}").get(show_email).post(stop_email))
        .service(web::resource("/stop/factor/{id}").get(show_factor).post(stop_factor))
        .service(web::resource("/stop/factor-reset/{id}").get(show_reset).post(stop_reset));
}

async fn show_email(visit: Visit, id: Path<String>) -> HttpResponse {
    let outcome = show(&visit, Stoppable::EmailChange, &id);
    visit.answer(outcome)
}

async fn show_reset(visit: Visit, id: Path<String>) -> HttpResponse {
    let outcome = show(&visit, Stoppable::FactorReset, &id);
    visit.answer(outcome)
}

async fn show_factor(visit: Visit, id: Path<String>) -> HttpResponse {
    let outcome = show(&visit, Stoppable::NewFactor, &id);
    visit.answer(outcome)
}

async fn stop_factor(visit: Visit, id: Path<String>, body: Bytes) -> HttpResponse {
    let outcome = stop(&visit, Stoppable::NewFactor, &id, &body).await;
    visit.answer(outcome)
}

async fn stop_email(visit: Visit, id: Path<String>, body: Bytes) -> HttpResponse {
    let outcome = stop(&visit, Stoppable::EmailChange, &id, &body).await;
    visit.answer(outcome)
}

async fn stop_reset(visit: Visit, id: Path<String>, body: Bytes) -> HttpResponse {
    let outcome = stop(&visit, Stoppable::FactorReset, &id, &body).await;
    visit.answer(outcome)
}

/// The same page whether or not there is such a thing: it is no secret, and no news either.
fn show(visit: &Visit, what: Stoppable, id: &str) -> Result<HttpResponse, PageError> {
    let known = match what {
        Stoppable::EmailChange => id.parse::<EmailChangeId>().is_ok(),
        Stoppable::FactorReset => id.parse::<FactorResetId>().is_ok(),
        Stoppable::NewFactor => id.parse::<FactorId>().is_ok(),
    };
    if known { Ok(form(visit, what, id, StatusCode::OK, None)) } else { Err(PageError::NotFound) }
}

fn form(
    visit: &Visit,
    what: Stoppable,
    id: &str,
    status: StatusCode,
    problem: Option<ForgotProblem>,
) -> HttpResponse {
    let (browser, cookie) = visit.browser();
    let form_token = &visit.form_token(&browser, PURPOSE);
    let frame = visit.frame();
    let mut answer = page(status, &StopPage { frame, form_token, what, id, problem });
    set(&mut answer, cookie);
    answer
}

async fn stop(
    visit: &Visit,
    what: Stoppable,
    id: &str,
    body: &Bytes,
) -> Result<HttpResponse, PageError> {
    let again = |status, problem| Ok(form(visit, what, id, status, Some(problem)));
    let Some(posted) = visit.own_form(body, PURPOSE) else {
        return again(StatusCode::FORBIDDEN, ForgotProblem::FormExpired);
    };
    let address = ClientAddress::of(&visit.request).0;
    let attempt = Attempt::SignIn { address, user_id: id };
    if visit.throttle.judge(attempt) != Verdict::Go {
        return again(StatusCode::TOO_MANY_REQUESTS, ForgotProblem::Throttled);
    }
    let work = Work {
        post: visit.post.clone(),
        random: visit.random.clone(),
        event: EventId::from_random(visit.random.bytes()),
        address,
        typed: posted.find("code").and_then(MailedCode::typed),
        now: visit.clock.now(),
    };
    let outcome = match what {
        Stoppable::EmailChange => {
            let id: EmailChangeId = id.parse().map_err(|_| PageError::NotFound)?;
            visit.db.write(move |conn| work.email(conn, &id)).await?
        }
        Stoppable::FactorReset => {
            let id: FactorResetId = id.parse().map_err(|_| PageError::NotFound)?;
            visit.db.write(move |conn| work.reset(conn, &id)).await?
        }
        Stoppable::NewFactor => {
            let id: FactorId = id.parse().map_err(|_| PageError::NotFound)?;
            visit.db.write(move |conn| work.new_factor(conn, &id)).await?
        }
    };
    visit.outbox.wake();
    let Some(outcome) = outcome else {
        visit.throttle.failed(attempt).await;
        return again(StatusCode::FORBIDDEN, ForgotProblem::WrongCode);
    };
    let in_mailbox = matches!(visit.transport, Transport::Mailbox);
    Ok(page(StatusCode::OK, &OutcomePage { frame: visit.frame(), outcome, in_mailbox }))
}

struct Work {
    post: Post,
    random: Random,
    event: EventId,
    address: std::net::IpAddr,
    typed: Option<MailedCode>,
    now: DateTime<Utc>,
}

impl Work {
    /// Stops a change of address that waits, or takes one back that has happened. Whoever changed
    /// it may be somebody else, so everybody is signed out, codes on their way open nothing any
    /// more, and what was set up since the change was asked for is gone.
    fn email(&self, conn: &mut AnyConn, id: &EmailChangeId) -> Result<Option<Outcome>, StoreError> {
        let Some(change) = email_change::find(conn, id)? else { return Ok(None) };
        let person = &change.subscriber;
        if !self.redeems(conn, person, CodePurpose::StopEmailChange)? {
            return Ok(None);
        }
        let is_open = match change.state {
            ChangeState::Pending => true,
            ChangeState::Changed => change.undo_until.is_some_and(|until| self.now < until),
            ChangeState::Stopped | ChangeState::Superseded | ChangeState::Undone => false,
        };
        let was_changed = change.state == ChangeState::Changed;
        let state = if was_changed { ChangeState::Undone } else { ChangeState::Stopped };
        if !is_open || !email_change::settle(conn, &change, state, None, self.now)? {
            return Ok(None);
        }
        mailed_code::withdraw_all(conn, person)?;
        factor::remove_since(conn, person, change.requested_at)?;
        secret_questions::remove_since(conn, person, change.requested_at)?;
        let (kind, outcome) = if was_changed {
            let Some(mut restored) = subscriber::find(conn, person)? else { return Ok(None) };
            restored.email.clone_from(&change.old);
            restored.updated_at = self.now;
            subscriber::update(conn, &restored)?;
            (Kind::EmailUndone, Outcome::EmailUndone)
        } else {
            (Kind::EmailStopped, Outcome::EmailStopped)
        };
        let ending = Ending {
            actor: Actor::Subscriber(person.clone()),
            address: Some(self.address),
            cause: Cause::EmailStopped,
            now: self.now,
        };
        let everywhere = Scope::SessionsOfSubscriber { subscriber: person.clone(), except: None };
        end_access(conn, &everywhere, &ending, &self.random)?;
        if let (true, Some(old)) = (was_changed, change.old) {
            let to = Recipient::Address { address: old, subscriber: Some(person.clone()) };
            let mail = Mail::EmailChangeUndone;
            let new = NewMail { id: self.post.message_id(), to, mail };
            self.post.queue(conn, &new, self.now)?;
        }
        audit::record(conn, &[self.event(kind, person)])?;
        Ok(Some(outcome))
    }

    /// Keeps the second factors that somebody wanted to be removed.
    fn reset(&self, conn: &mut AnyConn, id: &FactorResetId) -> Result<Option<Outcome>, StoreError> {
        let Some(reset) = factor_reset::find(conn, id)? else { return Ok(None) };
        let person = &reset.subscriber;
        if !self.redeems(conn, person, CodePurpose::StopFactorReset)?
            || !factor_reset::settle(conn, id, ResetState::Cancelled, self.now)?
        {
            return Ok(None);
        }
        self.post.notify(conn, person, Mail::FactorResetCancelled, self.now)?;
        audit::record(conn, &[self.event(Kind::FactorResetCancelled, person)])?;
        Ok(Some(Outcome::FactorResetStopped))
    }

    /// Removes what somebody set up who had a password and came into the mailbox for a moment: the
    /// factor, others that were set up with its help, and every session (security 18.5).
    fn new_factor(&self, conn: &mut AnyConn, id: &FactorId) -> Result<Option<Outcome>, StoreError> {
        let Some((person, named)) = factor::find(conn, id)? else { return Ok(None) };
        if !self.redeems(conn, &person, CodePurpose::StopNewFactor)? {
            return Ok(None);
        }
        factor::remove_all(conn, &person)?;
        let ending = Ending {
            actor: Actor::Subscriber(person.clone()),
            address: Some(self.address),
            cause: Cause::FactorStopped,
            now: self.now,
        };
        let everywhere = Scope::SessionsOfSubscriber { subscriber: person.clone(), except: None };
        end_access(conn, &everywhere, &ending, &self.random)?;
        let mail = Mail::FactorRemoved { kind: mailed(named.kind), name: named.name.to_string() };
        self.post.notify(conn, &person, mail, self.now)?;
        audit::record(conn, &[self.event(Kind::FactorRemoved, &person)])?;
        Ok(Some(Outcome::NewFactorStopped))
    }

    fn redeems(
        &self,
        conn: &mut AnyConn,
        person: &SubscriberId,
        purpose: CodePurpose,
    ) -> Result<bool, StoreError> {
        let presented = self.typed.as_ref().map(|code| self.post.digest(code, purpose, person));
        let answer = mailed_code::redeem(conn, person, purpose, presented.as_ref(), self.now)?;
        Ok(answer == Redemption::Accepted)
    }

    fn event(&self, kind: Kind, person: &SubscriberId) -> Event {
        let actor = Actor::Subscriber(person.clone());
        Event::new(self.event.clone(), self.now, kind, actor)
            .to(person.clone())
            .from_address(self.address)
            .because("from-mailbox")
    }
}
