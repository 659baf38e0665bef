//! `POST /forgot/password/{handle}/new`: the new password, twice. Nobody is signed in by it, a
//! second factor stays, and everything that was open is closed (security 17.9).

use actix_web::{
    HttpResponse,
    http::StatusCode,
    web::{Bytes, Path},
};
use idp_core::{
    audit::{Actor, Kind},
    authentication::{
        lockout::Lockout,
        password_policy::{Objection, Password, own_words},
        recovery::Step,
    },
    community::{account_life::Command, subscriber::Standing},
    mail::Mail,
    secret::SecretDigest,
};

use super::way::{Traveller, Way, busy, go_on, in_mailbox, mailbox, step};
use crate::{
    community::{
        Office,
        accounts::{self, Changed},
    },
    http::{
        console,
        error::PageError,
        visit::{Visit, page, see_other},
    },
    pages::{ForgotNewPage, ForgotProblem, Outcome, OutcomePage},
    passwords::PasswordError,
    store::{
        AnyConn, Cause, Ending, Scope, StoreError, affiliation, audit, end_access, lockout,
        mailed_code, organization, self_help, subscriber,
    },
};

/// Sets the password.
pub(super) async fn set(visit: Visit, handle: Path<String>, body: Bytes) -> HttpResponse {
    let outcome = change(&visit, &handle, &body).await;
    visit.answer(outcome)
}

/// `GET /forgot/done`.
pub(super) async fn done(visit: Visit) -> HttpResponse {
    let (frame, in_mailbox) = (visit.frame(), in_mailbox(&visit));
    page(StatusCode::OK, &OutcomePage { frame, outcome: Outcome::PasswordSet, in_mailbox })
}

async fn change(visit: &Visit, handle: &str, body: &Bytes) -> Result<HttpResponse, PageError> {
    let way = Way::load(visit, handle).await?;
    let again = |status, problem| Ok(step(visit, handle, &way, status, Some(problem)));
    let Some(form) = visit.own_form(body, handle) else {
        return again(StatusCode::FORBIDDEN, ForgotProblem::FormExpired);
    };
    if way.recovery.step != Step::NewPassword {
        return Ok(go_on(handle));
    }
    let (Some(first), Some(second)) = (form.find("password"), form.find("repeated")) else {
        return again(StatusCode::BAD_REQUEST, ForgotProblem::Missing);
    };
    let password = Password::typed(first);
    let own_words = words_of(visit, &way).await?;
    let policy = visit.password_policy;
    let objections = match &password {
        Some(password) => policy.judge(password, &own_words),
        None => vec![Objection::TooLong { max: policy.max }],
    };
    let differ = first != second;
    let password = password.filter(|_| !differ && objections.is_empty());
    let Some(password) = password else {
        let (browser, _) = visit.browser();
        let content = ForgotNewPage {
            frame: visit.frame(),
            handle,
            form_token: &visit.form_token(&browser, handle),
            user_id: &way.name,
            policy,
            objections,
            differ,
            problem: None,
        };
        return Ok(page(StatusCode::UNPROCESSABLE_ENTITY, &content));
    };
    let hash = match visit.passwords.hash(password).await {
        Ok(hash) => hash,
        Err(PasswordError::Busy) => return Ok(busy(visit, handle, &way)),
        Err(error) => return Err(PageError::unexpected(&error)),
    };
    // From here on nobody else goes on with this way.
    let way = Way::take(visit, handle).await?;
    if way.recovery.step != Step::NewPassword {
        return Err(PageError::Interrupted);
    }
    let traveller = Traveller::on(visit, handle, &way, way.recovery.gate);
    let office = console::office_of(visit, None);
    let write =
        move |conn: &mut AnyConn| traveller.set_password(conn, &office, (&hash, way.mailbox));
    let is_set = visit.db.write(write).await?;
    visit.outbox.wake();
    if is_set { Ok(see_other("/forgot/done", [])) } else { Err(PageError::Interrupted) }
}

/// What somebody who knows the person would try first.
async fn words_of(visit: &Visit, way: &Way) -> Result<Vec<String>, PageError> {
    let name = way.name.clone();
    let words = visit.db.read(move |conn| {
        let Some(account) = subscriber::for_sign_in(conn, &name)? else { return Ok(Vec::new()) };
        let mut affiliations = Vec::new();
        for record in affiliation::of_subscriber(conn, &account.subscriber.id)? {
            if let Some(organization) = organization::find(conn, &record.organization)? {
                affiliations.push(record.join(organization, Vec::new()));
            }
        }
        Ok(own_words(&account.subscriber, &affiliations))
    });
    Ok(words.await?)
}

impl Traveller {
    /// One transaction: the password, the end of all access, the notice. `false` if the account may
    /// not be given one any more.
    fn set_password(
        &self,
        conn: &mut AnyConn,
        office: &Office,
        (hash, proved): (&str, Option<SecretDigest>),
    ) -> Result<bool, StoreError> {
        let Some(account) = self.account(conn)? else { return Ok(false) };
        let Some(person) = subscriber::load_for_update(conn, &account.subscriber.id)? else {
            return Ok(false);
        };
        // The code was read in a mailbox that was taken back meanwhile, or given up.
        if proved.is_none() || proved != mailbox(&person) {
            return Ok(false);
        }
        let (id, post) = (&person.id, &office.post);
        if person.standing(&self.rules, self.now) == Standing::Dormant {
            // People have made sure who it is, and the mailbox was proved (domain 4.5).
            let reason = Some("reset".to_owned());
            match accounts::change(conn, office, id, Command::Return, reason)? {
                Some(Ok(Changed::Account(_))) => {}
                Some(Ok(Changed::OwnAffiliation(_)) | Err(_)) | None => return Ok(false),
            }
            subscriber::email_proved(conn, id, self.now)?;
        }
        subscriber::set_password(conn, id, hash, self.now)?;
        let ending = Ending {
            actor: Actor::Subscriber(id.clone()),
            address: Some(self.address),
            cause: Cause::PasswordReset,
            now: self.now,
        };
        let everywhere = Scope::SessionsOfSubscriber { subscriber: id.clone(), except: None };
        end_access(conn, &everywhere, &ending, &office.random)?;
        mailed_code::withdraw_all(conn, id)?;
        self_help::reopen(conn, &self.digest)?;
        self.forgive(conn)?;
        post.notify(conn, id, Mail::PasswordChanged { at: self.now }, self.now)?;
        audit::record(conn, &[self.event(Kind::ResetChanged, Some(id), "forgotten")])?;
        Ok(true)
    }

    /// Wrong passwords of before count no more. A lock stays for its minutes: it may be one of wrong
    /// second factors, which a new password forgives nobody.
    fn forgive(&self, conn: &mut AnyConn) -> Result<(), StoreError> {
        let before = lockout::load_for_update(conn, &self.digest, self.now)?;
        match before {
            Lockout::Open { .. } => {
                lockout::save(conn, &self.digest, before.after_password(), self.now)
            }
            Lockout::Locked { .. } => Ok(()),
        }
    }
}
