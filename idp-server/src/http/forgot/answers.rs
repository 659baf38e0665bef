//! `POST /forgot/password/{handle}/answers`: the secret questions. All answers must be right, and
//! whoever was asked, the same work is done for them.

use actix_web::{
    HttpResponse,
    http::StatusCode,
    web::{Bytes, Path},
};
use idp_core::{
    audit::Kind,
    authentication::{
        recovery::{Deed, Gate, Next, Step},
        secret_questions::{TRIES, together},
        throttle::{Attempt, Verdict},
    },
    secret::Secret,
};

use super::way::{Traveller, Way, busy, go_on, step};
use crate::{
    http::{client_address::ClientAddress, error::PageError, inquiry, visit::Visit},
    jobs::Inquiry,
    mail::Post,
    pages::ForgotProblem,
    passwords::PasswordError,
    store::{AnyConn, StoreError, audit, secret_questions, self_help},
};

/// Judges the answers and goes on.
pub(super) async fn check(visit: Visit, handle: Path<String>, body: Bytes) -> HttpResponse {
    let outcome = answer(&visit, &handle, &body).await;
    visit.answer(outcome)
}

async fn answer(visit: &Visit, handle: &str, body: &Bytes) -> Result<HttpResponse, PageError> {
    let mut way = Way::load(visit, handle).await?;
    let again = |way: &Way, status, problem| Ok(step(visit, handle, way, status, Some(problem)));
    let Some(form) = visit.own_form(body, handle) else {
        return again(&way, StatusCode::FORBIDDEN, ForgotProblem::FormExpired);
    };
    if way.recovery.step != Step::Questions {
        return Ok(go_on(handle));
    }
    let names = (1..=way.questions.len()).map(|number| format!("answer{number}"));
    let typed: Vec<Secret> =
        names.map(|name| Secret::received(form.find(&name).unwrap_or_default())).collect();
    if typed.iter().any(|answer| answer.expose().trim().is_empty()) {
        return again(&way, StatusCode::BAD_REQUEST, ForgotProblem::Missing);
    }
    let address = ClientAddress::of(&visit.request).0;
    let attempt = Attempt::WayBack { address, about: &way.name };
    if visit.throttle.judge(attempt) != Verdict::Go {
        return again(&way, StatusCode::TOO_MANY_REQUESTS, ForgotProblem::Throttled);
    }
    let Some(matches) = compare(visit, handle, &way, &typed).await? else {
        return Ok(busy(visit, handle, &way));
    };
    let traveller = Traveller::on(visit, handle, &way, Gate::Questions);
    let post = visit.post.clone();
    let (wrong, next) = visit.db.write(move |conn| traveller.judge(conn, &post, matches)).await?;
    visit.outbox.wake();
    if wrong > 0 {
        visit.throttle.failed(attempt).await;
    }
    if wrong == TRIES {
        inquiry::write(visit, Inquiry::SelfHelpClosed { name: way.name.clone() }).await?;
    }
    let Next::Go { way: next, .. } = next else { return Err(PageError::Interrupted) };
    way.recovery = next;
    if wrong == 0 {
        way.keep(visit, handle).await?;
    } else if way.keep_unless_moved(visit, handle).await? && next.step == Step::Questions {
        let problem = ForgotProblem::WrongAnswers { left: TRIES.saturating_sub(wrong) };
        return again(&way, StatusCode::FORBIDDEN, problem);
    }
    Ok(go_on(handle))
}

/// Whether the answers are those of the account; one hash for everybody. `None`: too many wait.
async fn compare(
    visit: &Visit,
    handle: &str,
    way: &Way,
    typed: &[Secret],
) -> Result<Option<bool>, PageError> {
    let reader = Traveller::on(visit, handle, way, Gate::Questions);
    let asked = way.questions.clone();
    let stored = visit
        .db
        .read(move |conn| {
            let account = reader.account(conn)?;
            let nobody = || idp_core::ids::SubscriberId::from_random([0; 16]);
            let id = account.map_or_else(nobody, |account| account.subscriber.id);
            // Those that were set up meanwhile were not asked here.
            Ok(secret_questions::find(conn, &id)?.filter(|own| own.questions == asked))
        })
        .await?;
    let answers: Vec<&str> = typed.iter().map(Secret::expose).collect();
    let Some(password) = together(&answers) else { return Ok(Some(false)) };
    let stored = stored.as_ref().map(|own| own.answers_hash.as_str());
    match visit.passwords.verify(stored, password).await {
        Ok(verified) => Ok(Some(verified.matches)),
        Err(PasswordError::Busy) => Ok(None),
        Err(error) => Err(PageError::unexpected(&error)),
    }
}

impl Traveller {
    /// Counts, and mails the code if the answers are right. Says how often in a row they were wrong,
    /// and what follows.
    fn judge(
        &self,
        conn: &mut AnyConn,
        post: &Post,
        matches: bool,
    ) -> Result<(u32, Next), StoreError> {
        let before = self_help::load_for_update(conn, &self.digest, self.now)?;
        if before >= TRIES {
            // Closed meanwhile, by another way of this name.
            return Ok((before, self.recovery.after(Deed::Answered { wrong: before })));
        }
        let account = self.account(conn)?;
        let subject = account.as_ref().map(|account| &account.subscriber.id);
        let is_right = matches && subject.is_some();
        let wrong = if is_right { 0 } else { before.saturating_add(1) };
        self_help::save(conn, &self.digest, wrong, self.now)?;
        let next = self.go_on(conn, post, (Deed::Answered { wrong }, "questions"), subject)?;
        if !is_right {
            let closes = wrong >= TRIES;
            let kind = if closes { Kind::ResetClosed } else { Kind::ResetQuestionsFailed };
            audit::record(conn, &[self.event(kind, subject, "wrong-answers")])?;
        }
        Ok((wrong, next))
    }
}
