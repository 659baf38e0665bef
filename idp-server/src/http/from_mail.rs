//! `/stop` and `/confirm`: what a mail told somebody about is stopped, taken back or confirmed from
//! the mailbox that was told. The link names what is meant and opens nothing; what does is the code
//! that stands beside it in the mail, typed and posted (security 17.6).
//!
//! What a change or an account is called, others know as well: the new mailbox, whoever is signed in.
//! So the links that stop something carry a key, and without it no try counts against the code.

use std::str::FromStr;

use actix_web::{
    HttpResponse,
    http::StatusCode,
    web::{self, Bytes, Path},
};
use chrono::{DateTime, Utc};
use idp_core::{
    audit::{Actor, Event, Kind},
    authentication::{
        email_change::ChangeState,
        factor_reset::ResetState,
        mailed_code::{CodePurpose, LinkKey, MailedCode, Redemption, Which},
        recovery::Gate,
        throttle::{Attempt, Verdict},
    },
    community::subscriber::AccountRules,
    ids::{EmailChangeId, EventId, FactorResetId, SubscriberId},
    mail::Mail,
};

use super::{
    client_address::ClientAddress,
    enrolment::mailed,
    error::PageError,
    visit::{Visit, page, set},
};
use crate::{
    email_change::ChangeOfAddress,
    mail::{NewMail, Post, Recipient, Transport},
    pages::{ForgotProblem, FromMailPage, MailDeed, Outcome, OutcomePage},
    random::Random,
    store::{
        AnyConn, Cause, Ending, Scope, StoreError, Taken, audit, email_change, end_access, factor,
        factor_reset, mailed_code, secret_questions, subscriber,
    },
};

/// What the forms of these pages are for.
const PURPOSE: &str = "from-mail";

/// The routes.
pub fn routes(config: &mut web::ServiceConfig) {
    let (get, post) = (web::get, web::post);
    for (path, what) in [
        ("/confirm/email/{id}", MailDeed::ConfirmEmail),
        ("/stop/email/{id}", MailDeed::StopEmailChange),
        ("/stop/factor/{id}", MailDeed::StopNewFactor),
        ("/stop/factor-reset/{id}", MailDeed::StopFactorReset),
    ] {
        let shown = move |visit: Visit, id: Path<String>| async move {
            let outcome = show(&visit, what, &id);
            visit.answer(outcome)
        };
        let done = move |visit: Visit, id: Path<String>, body: Bytes| async move {
            let outcome = carry_out(&visit, what, &id, &body).await;
            visit.answer(outcome)
        };
        config.service(web::resource(path).route(get().to(shown)).route(post().to(done)));
    }
}

/// The same page whether or not there is such a thing: it is no secret, and no news either.
fn show(visit: &Visit, what: MailDeed, id: &str) -> Result<HttpResponse, PageError> {
    let known = match what {
        MailDeed::ConfirmEmail => id.parse::<EmailChangeId>().is_ok(),
        MailDeed::StopEmailChange => keyed::<EmailChangeId>(id).is_ok(),
        MailDeed::StopFactorReset => id.parse::<FactorResetId>().is_ok(),
        MailDeed::StopNewFactor => keyed::<SubscriberId>(id).is_ok(),
    };
    if known { Ok(form(visit, what, id, StatusCode::OK, None)) } else { Err(PageError::NotFound) }
}

/// What a link is about, and its key.
fn keyed<T: FromStr>(link: &str) -> Result<(T, LinkKey), PageError> {
    let (about, key) = link.split_once('.').ok_or(PageError::NotFound)?;
    let about = about.parse().map_err(|_| PageError::NotFound)?;
    Ok((about, LinkKey::received(key)))
}

fn form(
    visit: &Visit,
    what: MailDeed,
    id: &str,
    status: StatusCode,
    problem: Option<ForgotProblem>,
) -> HttpResponse {
    let (browser, cookie) = visit.browser();
    let form_token = &visit.form_token(&browser, PURPOSE);
    let frame = visit.frame();
    let mut answer = page(status, &FromMailPage { frame, form_token, what, id, problem });
    set(&mut answer, cookie);
    answer
}

async fn carry_out(
    visit: &Visit,
    what: MailDeed,
    id: &str,
    body: &Bytes,
) -> Result<HttpResponse, PageError> {
    let again = |status, problem| Ok(form(visit, what, id, status, Some(problem)));
    let Some(posted) = visit.own_form(body, PURPOSE) else {
        return again(StatusCode::FORBIDDEN, ForgotProblem::FormExpired);
    };
    let address = ClientAddress::of(&visit.request).0;
    let attempt = Attempt::WayBack { address, about: id };
    if visit.throttle.judge(attempt) != Verdict::Go {
        return again(StatusCode::TOO_MANY_REQUESTS, ForgotProblem::Throttled);
    }
    let work = Work {
        post: visit.post.clone(),
        random: visit.random.clone(),
        event: EventId::from_random(visit.random.bytes()),
        address,
        rules: visit.account_rules,
        typed: posted.find("code").and_then(MailedCode::typed),
        now: visit.clock.now(),
    };
    let outcome = match what {
        MailDeed::ConfirmEmail => {
            let id: EmailChangeId = id.parse().map_err(|_| PageError::NotFound)?;
            let written = visit.db.write(move |conn| work.new_email(conn, &id)).await;
            match written {
                // Somebody else was given the address between the look and the write.
                Err(StoreError::Conflict(Taken::EmailAddress)) => None,
                other => other?,
            }
        }
        MailDeed::StopEmailChange => {
            let (id, key) = keyed(id)?;
            visit.db.write(move |conn| work.email(conn, &id, &key)).await?
        }
        MailDeed::StopFactorReset => {
            let id: FactorResetId = id.parse().map_err(|_| PageError::NotFound)?;
            visit.db.write(move |conn| work.reset(conn, &id)).await?
        }
        MailDeed::StopNewFactor => {
            let (person, key) = keyed(id)?;
            visit.db.write(move |conn| work.new_factor(conn, &person, &key)).await?
        }
    };
    visit.outbox.wake();
    let Some(outcome) = outcome else {
        visit.throttle.failed(attempt).await;
        return again(StatusCode::FORBIDDEN, ForgotProblem::WrongStopCode);
    };
    let in_mailbox = matches!(visit.transport, Transport::Mailbox);
    Ok(page(StatusCode::OK, &OutcomePage { frame: visit.frame(), outcome, in_mailbox }))
}

struct Work {
    post: Post,
    random: Random,
    event: EventId,
    address: std::net::IpAddr,
    rules: AccountRules,
    typed: Option<MailedCode>,
    now: DateTime<Utc>,
}

impl Work {
    /// Puts an address into its place that the help desk was asked for.
    fn new_email(
        &self,
        conn: &mut AnyConn,
        id: &EmailChangeId,
    ) -> Result<Option<Outcome>, StoreError> {
        let Some(change) = email_change::find(conn, id)? else { return Ok(None) };
        let Some(person) = subscriber::find(conn, &change.subscriber)? else { return Ok(None) };
        // As the help desk was asked: not for whoever was suspended or terminated meanwhile.
        if !Gate::HandedOver.opens(person.standing(&self.rules, self.now)) {
            return Ok(None);
        }
        let (post, random) = (&self.post, &self.random);
        let work = ChangeOfAddress::from_new_mailbox(person, self.address, post, random, self.now);
        let purpose = CodePurpose::EmailChangeByDesk;
        let confirmed = work.confirm(conn, (purpose, id), self.typed.as_ref())?;
        Ok(confirmed.is_ok().then_some(Outcome::EmailConfirmed))
    }

    /// Stops a change of address that waits, or takes one back that has happened. Whoever changed
    /// it may be somebody else, so everybody is signed out, codes on their way open nothing any
    /// more, and what was set up since the change was asked for is gone: factors, secret questions, a
    /// password, and a removal of factors that waits.
    fn email(
        &self,
        conn: &mut AnyConn,
        id: &EmailChangeId,
        key: &LinkKey,
    ) -> Result<Option<Outcome>, StoreError> {
        let Some(change) = email_change::find(conn, id)? else { return Ok(None) };
        let person = &change.subscriber;
        if !self.redeems(conn, person, Which::stop_of_change(id, key))? {
            return Ok(None);
        }
        let Some(next) = change.stopped(self.now) else { return Ok(None) };
        if !email_change::settle(conn, &change, &next, self.now)? {
            return Ok(None);
        }
        let was_changed = next.state == ChangeState::Undone;
        mailed_code::withdraw_all(conn, person)?;
        factor::remove_since(conn, person, change.requested_at)?;
        secret_questions::remove_since(conn, person, change.requested_at)?;
        subscriber::forget_password_since(conn, person, change.requested_at)?;
        let waiting = factor_reset::waiting(conn, person)?;
        if let Some(reset) = waiting.filter(|reset| reset.requested_at >= change.requested_at) {
            factor_reset::settle(conn, &reset.id, ResetState::Cancelled, self.now)?;
        }
        let (kind, outcome) = if was_changed {
            let Some(mut restored) = subscriber::load_for_update(conn, person)? else {
                return Ok(None);
            };
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
        if !self.redeems(conn, person, CodePurpose::StopFactorReset.into())?
            || !factor_reset::settle(conn, id, ResetState::Cancelled, self.now)?
        {
            return Ok(None);
        }
        self.post.notify(conn, person, Mail::FactorResetCancelled, self.now)?;
        audit::record(conn, &[self.event(Kind::FactorResetCancelled, person)])?;
        Ok(Some(Outcome::FactorResetStopped))
    }

    /// Removes what somebody set up who had a password and came into the mailbox for a moment: the
    /// factor, others that were set up with its help or in its place, and every session (security
    /// 18.5).
    fn new_factor(
        &self,
        conn: &mut AnyConn,
        person: &SubscriberId,
        key: &LinkKey,
    ) -> Result<Option<Outcome>, StoreError> {
        if !self.redeems(conn, person, Which::stop_of_factor(person, key))? {
            return Ok(None);
        }
        let factors = factor::of_subscriber(conn, person)?;
        factor::remove_all(conn, person)?;
        let ending = Ending {
            actor: Actor::Subscriber(person.clone()),
            address: Some(self.address),
            cause: Cause::FactorStopped,
            now: self.now,
        };
        let everywhere = Scope::SessionsOfSubscriber { subscriber: person.clone(), except: None };
        end_access(conn, &everywhere, &ending, &self.random)?;
        for gone in factors {
            let mail = Mail::FactorRemoved { kind: mailed(gone.kind), name: gone.name.to_string() };
            self.post.notify(conn, person, mail, self.now)?;
        }
        audit::record(conn, &[self.event(Kind::FactorRemoved, person)])?;
        Ok(Some(Outcome::NewFactorStopped))
    }

    fn redeems(
        &self,
        conn: &mut AnyConn,
        person: &SubscriberId,
        which: Which,
    ) -> Result<bool, StoreError> {
        let digest = |code| self.post.digest(code, which.purpose, person);
        let presented = self.typed.as_ref().map(digest);
        let answer = mailed_code::redeem(conn, person, which, presented.as_ref(), self.now)?;
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
