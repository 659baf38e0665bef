//! The two codes of a way: the one that was handed over, and the one that was mailed.

use actix_web::{
    HttpResponse,
    http::StatusCode,
    web::{Bytes, Path},
};
use idp_core::{
    audit::Kind,
    authentication::{
        mailed_code::{CodePurpose, MailedCode, Redemption, Which},
        recovery::{Deed, Gate, Next, Step},
        throttle::{Attempt, Verdict},
    },
    community::subscriber::Subscriber,
};

use super::way::{Traveller, Way, go_on, known_by, mailbox, step};
use crate::{
    http::{
        client_address::ClientAddress,
        error::PageError,
        inquiry,
        visit::{Visit, see_other},
    },
    jobs::Inquiry,
    mail::Post,
    pages::ForgotProblem,
    store::{AnyConn, StoreError, audit, mailed_code},
};

/// `POST /forgot/password/{handle}/handed-over`: the code of an Administrator or of Support. It
/// opens the mailbox step and nothing more (security 17.7).
pub(super) async fn check_handed_over(
    visit: Visit,
    handle: Path<String>,
    body: Bytes,
) -> HttpResponse {
    let outcome = check(&visit, &handle, &body, CodePurpose::ResetHandedOver).await;
    visit.answer(outcome)
}

/// `POST /forgot/password/{handle}/code`: the code from the mail.
pub(super) async fn check_mailed(visit: Visit, handle: Path<String>, body: Bytes) -> HttpResponse {
    let outcome = check(&visit, &handle, &body, CodePurpose::PasswordReset).await;
    visit.answer(outcome)
}

async fn check(
    visit: &Visit,
    handle: &str,
    body: &Bytes,
    purpose: CodePurpose,
) -> Result<HttpResponse, PageError> {
    let mut way = Way::load(visit, handle).await?;
    let again = |way: &Way, status, problem| Ok(step(visit, handle, way, status, Some(problem)));
    let Some(form) = visit.own_form(body, handle) else {
        return again(&way, StatusCode::FORBIDDEN, ForgotProblem::FormExpired);
    };
    let is_mailed = purpose == CodePurpose::PasswordReset;
    let belongs = match way.recovery.step {
        Step::MailedCode => true,
        Step::Questions | Step::SeeAdministrator => !is_mailed,
        Step::NewPassword => false,
    };
    if !belongs {
        return Ok(go_on(handle));
    }
    let address = ClientAddress::of(&visit.request).0;
    let attempt = Attempt::WayBack { address, about: &way.name };
    if visit.throttle.judge(attempt) != Verdict::Go {
        return again(&way, StatusCode::TOO_MANY_REQUESTS, ForgotProblem::Throttled);
    }
    let gate = if is_mailed { way.recovery.gate } else { Gate::HandedOver };
    let traveller = Traveller::on(visit, handle, &way, gate);
    let typed = form.find("code").and_then(MailedCode::typed);
    let post = visit.post.clone();
    let redeem = move |conn: &mut AnyConn| traveller.redeem(conn, &post, purpose, typed.as_ref());
    let (redeemed, next) = visit.db.write(redeem).await?;
    visit.outbox.wake();
    if redeemed.is_none() {
        visit.throttle.failed(attempt).await;
    }
    match (next, redeemed) {
        (Next::Go { way: next, .. }, Some(person)) => {
            way.recovery = next;
            way.mailbox = if is_mailed { mailbox(&person) } else { None };
            way.keep(visit, handle).await?;
            Ok(go_on(handle))
        }
        (Next::Go { way: next, .. }, None) => {
            way.recovery = next;
            if !way.keep_unless_moved(visit, handle).await? {
                return Ok(go_on(handle));
            }
            let problem =
                if is_mailed { ForgotProblem::WrongCode } else { ForgotProblem::WrongHandedOver };
            again(&way, StatusCode::FORBIDDEN, problem)
        }
        (Next::OutOfOrder, _) => Ok(go_on(handle)),
        // Five wrong ones: from the beginning.
        (Next::Over, _) => {
            Way::take(visit, handle).await?;
            Ok(see_other("/forgot/password", []))
        }
    }
}

/// `POST /forgot/password/{handle}/mail-again`: another code. Behind the answer, for everybody.
pub(super) async fn mail_again(visit: Visit, handle: Path<String>, body: Bytes) -> HttpResponse {
    let outcome = again(&visit, &handle, &body).await;
    visit.answer(outcome)
}

async fn again(visit: &Visit, handle: &str, body: &Bytes) -> Result<HttpResponse, PageError> {
    let way = Way::load(visit, handle).await?;
    if visit.own_form(body, handle).is_none() {
        let problem = Some(ForgotProblem::FormExpired);
        return Ok(step(visit, handle, &way, StatusCode::FORBIDDEN, problem));
    }
    if way.recovery.step != Step::MailedCode {
        return Ok(go_on(handle));
    }
    let (name, gate) = (way.name, way.recovery.gate);
    let inquiry = Inquiry::PasswordReset { name, way: known_by(handle), gate };
    inquiry::write(visit, inquiry).await?;
    Ok(see_other(&format!("/forgot/password/{handle}?again"), []))
}

impl Traveller {
    /// The person, if it was the code, and what follows. The one that was handed over is followed by
    /// the one in the mail.
    fn redeem(
        &self,
        conn: &mut AnyConn,
        post: &Post,
        purpose: CodePurpose,
        typed: Option<&MailedCode>,
    ) -> Result<(Option<Subscriber>, Next), StoreError> {
        let is_mailed = purpose == CodePurpose::PasswordReset;
        let deed = |right| {
            let deed = if is_mailed {
                Deed::TypedMailedCode { right }
            } else {
                Deed::TypedHandedOverCode { right }
            };
            (deed, "handed-over")
        };
        let account = self.account(conn)?;
        let subject = account.as_ref().map(|account| &account.subscriber.id);
        let id = subject.cloned().unwrap_or_else(|| post.nobody(&self.name));
        // What can be no code names none.
        let handed_over = || typed.map_or_else(|| purpose.into(), Which::handed_over);
        let which = if is_mailed { self.which.clone() } else { handed_over() };
        let presented = typed.map(|code| post.digest(code, purpose, &id));
        let answer = mailed_code::redeem(conn, &id, which, presented.as_ref(), self.now)?;
        match (answer, account) {
            (Redemption::Accepted, Some(account)) => {
                let next = self.go_on(conn, post, deed(true), Some(&id))?;
                Ok((Some(account.subscriber), next))
            }
            (Redemption::Accepted, None) => Ok((None, self.recovery.after(deed(false).0))),
            (Redemption::Refused(why), account) => {
                let subject = account.as_ref().map(|account| &account.subscriber.id);
                let event = self.event(Kind::ResetCodeFailed, subject, why.as_str());
                audit::record(conn, &[event])?;
                Ok((None, self.recovery.after(deed(false).0)))
            }
        }
    }
}
