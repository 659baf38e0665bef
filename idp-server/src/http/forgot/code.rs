//! The two codes of a way: the one that was handed over, and the one that was mailed.

use actix_web::{
    HttpResponse,
    http::StatusCode,
    web::{Bytes, Path},
};
use idp_core::{
    audit::Kind,
    authentication::{
        mailed_code::{CodePurpose, MailedCode, Redemption},
        recovery::{Deed, Gate, Next, Step},
        throttle::{Attempt, Verdict},
    },
    community::subscriber::Subscriber,
};

use super::way::{Traveller, Way, go_on, mailbox, step};
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
    let attempt =
        Attempt::SignIn { address: ClientAddress::of(&visit.request).0, user_id: &way.name };
    if visit.throttle.judge(attempt) != Verdict::Go {
        return again(&way, StatusCode::TOO_MANY_REQUESTS, ForgotProblem::Throttled);
    }
    let gate = if is_mailed { way.recovery.gate } else { Gate::HandedOver };
    let traveller = Traveller::on(visit, &way, gate);
    let typed = form.find("code").and_then(MailedCode::typed);
    let post = visit.post.clone();
    let redeemed =
        visit.db.write(move |conn| traveller.redeem(conn, &post, purpose, typed.as_ref())).await?;
    visit.outbox.wake();
    let right = redeemed.is_some();
    if !right {
        visit.throttle.failed(attempt).await;
    }
    let deed = if is_mailed {
        Deed::TypedMailedCode { right }
    } else {
        Deed::TypedHandedOverCode { right }
    };
    match way.recovery.after(deed) {
        Next::Go { way: next, .. } => {
            way.recovery = next;
            way.mailbox = redeemed.as_ref().filter(|_| is_mailed).and_then(mailbox);
            way.keep(visit, handle).await?;
            if right {
                Ok(go_on(handle))
            } else {
                again(&way, StatusCode::FORBIDDEN, ForgotProblem::WrongCode)
            }
        }
        Next::OutOfOrder => Ok(go_on(handle)),
        // Five wrong ones: from the beginning.
        Next::Over => {
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
    let inquiry = match way.recovery.gate {
        Gate::None | Gate::Questions => Inquiry::PasswordReset { name: way.name },
        Gate::HandedOver => Inquiry::PasswordResetHandedOver { name: way.name },
    };
    inquiry::write(visit, inquiry).await?;
    Ok(see_other(&format!("/forgot/password/{handle}?again"), []))
}

impl Traveller {
    /// The person, if it was the code. The one that was handed over is followed by the one in
    /// the mail.
    fn redeem(
        &self,
        conn: &mut AnyConn,
        post: &Post,
        purpose: CodePurpose,
        typed: Option<&MailedCode>,
    ) -> Result<Option<Subscriber>, StoreError> {
        let Some(account) = self.account(conn)? else {
            audit::record(conn, &[self.event(Kind::ResetCodeFailed, None, "no-such-account")])?;
            return Ok(None);
        };
        let id = &account.subscriber.id;
        let presented = typed.map(|code| post.digest(code, purpose, id));
        let answer = mailed_code::redeem(conn, id, purpose, presented.as_ref(), self.now)?;
        let event = match answer {
            Redemption::Accepted if purpose == CodePurpose::ResetHandedOver => {
                let mailed = post.mail_code(conn, id, CodePurpose::PasswordReset, self.now)?;
                let reason = if mailed.is_ok() { "handed-over" } else { "too-many-mails" };
                Some(self.event(Kind::ResetCodeMailed, Some(id), reason))
            }
            Redemption::Accepted => None,
            Redemption::Refused(why) => {
                Some(self.event(Kind::ResetCodeFailed, Some(id), why.as_str()))
            }
        };
        audit::record(conn, event.as_slice())?;
        Ok((answer == Redemption::Accepted).then_some(account.subscriber))
    }
}
