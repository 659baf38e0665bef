//! `POST /sign-on/{handle}/password`: User ID and password.
//!
//! Whatever is wrong, the answer is one: the same status, text and work for a name that does not
//! exist, an account that is locked or dormant, and a wrong password (security 15.4).

use std::sync::Arc;

use actix_web::{
    HttpResponse,
    http::StatusCode,
    web::{Bytes, Path},
};
use idp_core::{
    authentication::{
        password_policy::Password,
        sign_in::Reason,
        throttle::{Attempt, Verdict},
    },
    oidc::params::Params,
    secret::Secret,
};

use super::{
    later,
    progress::go_on,
    show::{SignIn, Stand},
};
use crate::{
    app::App,
    http::{
        browser,
        challenge::{self, Passed},
        client_address::ClientAddress,
        error::PageError,
        session::{self, Evidence, NewSignIn, SignedIn},
        transaction::{Purpose, Transaction},
        visit::Visit,
    },
    pages::SignInProblem,
    passwords::{PasswordError, RETRY_AFTER_SECONDS},
    sites::SiteEntry,
    store::{
        Cause,
        subscriber::{self, Account},
    },
};

/// Checks the password and goes on.
pub async fn check(visit: Visit, handle: Path<String>, body: Bytes) -> HttpResponse {
    visit.answer(sign_in(&visit, &handle, &body).await)
}

async fn sign_in(visit: &Visit, handle: &str, body: &Bytes) -> Result<HttpResponse, PageError> {
    let transaction = Transaction::load(visit, &visit.request, handle).await?;
    let site = site_of(visit, &transaction);
    let stand = Stand::new(visit, handle, &transaction);
    let answer = |status, user_id: &str, problem| {
        stand.sign_in(site.as_deref(), status, SignIn::failed(user_id, problem))
    };
    // With the challenge that the next try has to meet, where there have been several failures.
    let answer_again = |status, attempt, user_id: &str, problem| {
        let mut say = SignIn::failed(user_id, problem);
        if visit.throttle.challenges(attempt) {
            let (browser, _) = visit.browser();
            say = say.challenged(challenge::fresh(visit, &browser, handle));
        }
        stand.sign_in(site.as_deref(), status, say)
    };
    let Some(form) = visit.own_form(body, handle) else {
        return Ok(answer(StatusCode::FORBIDDEN, "", SignInProblem::FormExpired));
    };
    let typed = match Typed::read(&form) {
        Ok(typed) => typed,
        Err(problem) => {
            return Ok(answer(
                StatusCode::BAD_REQUEST,
                form.find("username").unwrap_or_default(),
                problem,
            ));
        }
    };
    let attempt = Attempt::SignIn {
        address: ClientAddress::of(&visit.request).0,
        user_id: &typed.normalized,
    };
    if let Verdict::Wait { seconds } = visit.throttle.judge(attempt) {
        visit.metrics.sign_in("throttled");
        return Ok(later(
            answer(StatusCode::TOO_MANY_REQUESTS, &typed.shown, SignInProblem::Throttled),
            seconds,
        ));
    }
    if visit.throttle.challenges(attempt)
        && let Passed::No(challenge) = challenge::judge(visit, &form, handle).await?
    {
        visit.metrics.sign_in("challenged");
        let say = SignIn::failed(&typed.shown, SignInProblem::Challenge).challenged(challenge);
        return Ok(stand.sign_in(site.as_deref(), StatusCode::FORBIDDEN, say));
    }
    let refused = SignInProblem::Refused { lock_minutes: visit.lockout.minutes() };
    match verify(visit, typed.normalized.clone(), typed.password, attempt).await? {
        Outcome::Busy => {
            visit.metrics.sign_in("busy");
            let status = StatusCode::SERVICE_UNAVAILABLE;
            let busy = answer_again(status, attempt, &typed.shown, SignInProblem::Busy);
            Ok(later(busy, RETRY_AFTER_SECONDS.into()))
        }
        Outcome::Refused => {
            visit.metrics.sign_in("refused");
            Ok(answer_again(StatusCode::UNAUTHORIZED, attempt, &typed.shown, refused))
        }
        Outcome::SignedIn(secret) => {
            drop(stand);
            signed_in(visit, handle, transaction, &secret).await
        }
    }
}

/// Goes on with the person who has just signed in.
///
/// # Errors
/// [`PageError`] if something that we need is out of reach.
pub(super) async fn signed_in(
    visit: &Visit,
    handle: &str,
    mut transaction: Transaction,
    secret: &Secret,
) -> Result<HttpResponse, PageError> {
    visit.metrics.sign_in("accepted");
    transaction.switched = false;
    // Whoever signs in now has neither chosen nor confirmed anything yet.
    transaction.chosen = None;
    transaction.notice_confirmed = false;
    let cookie = browser::session_cookie(secret);
    go_on(visit, handle, &transaction, Some(secret.digest()), &[cookie]).await
}

fn site_of(app: &App, transaction: &Transaction) -> Option<Arc<SiteEntry>> {
    match &transaction.purpose {
        Purpose::Own { .. } => None,
        Purpose::Site(request) => app.sites.find(request.site()),
    }
}

/// What a person typed.
struct Typed {
    /// As they typed it, to be shown again.
    shown: String,
    /// As User IDs are compared, whether or not anybody could have it.
    normalized: String,
    password: Password,
}

impl Typed {
    fn read(form: &Params) -> Result<Self, SignInProblem> {
        let shown = form.find("username").map(str::trim).filter(|name| !name.is_empty());
        let (Some(shown), Some(password)) = (shown, form.find("password")) else {
            return Err(SignInProblem::Missing {
                user_id: shown.is_none(),
                password: form.find("password").is_none(),
            });
        };
        // Too long for anybody's: looked up and hashed like any other wrong one.
        let password = Password::typed(password).or_else(|| Password::typed(""));
        let normalized: String = shown.chars().take(64).collect::<String>().to_ascii_lowercase();
        let password = password.ok_or(SignInProblem::Missing { user_id: false, password: true })?;
        Ok(Self { shown: shown.chars().take(254).collect(), normalized, password })
    }
}

enum Outcome {
    Busy,
    Refused,
    SignedIn(Secret),
}

/// Reads, hashes outside any transaction, and writes down what follows in one.
async fn verify(
    visit: &Visit,
    user_id: String,
    password: Password,
    attempt: Attempt<'_>,
) -> Result<Outcome, PageError> {
    let name = user_id.clone();
    let candidate = visit.db.read(move |conn| subscriber::for_sign_in(conn, &name)).await?;
    let stored = candidate.as_ref().and_then(|account| account.password_hash.as_deref());
    let renewed = password.clone();
    let verified = match visit.passwords.verify(stored, password).await {
        Ok(verified) => verified,
        Err(PasswordError::Busy) => return Ok(Outcome::Busy),
        Err(error) => return Err(PageError::unexpected(&error)),
    };
    let outdated = verified.needs_renewal.then(|| candidate.clone()).flatten();
    let secret = visit.random.secret();
    let signed_in = session::sign_in(
        visit,
        NewSignIn {
            user_id,
            candidate,
            evidence: Evidence::Password(verified),
            cookie: secret.digest(),
        },
    )
    .await?;
    match signed_in {
        // The second question is for a burst: see `Throttle`.
        SignedIn::Accepted if visit.throttle.judge(attempt) == Verdict::Go => {
            if let Some(account) = outdated {
                actix_web::rt::spawn(renew(visit.shared(), account, renewed));
            }
            Ok(Outcome::SignedIn(secret))
        }
        SignedIn::Accepted => {
            session::end(visit, secret.digest(), Cause::SignInThrottled, session::Via::Server)
                .await?;
            Ok(Outcome::Refused)
        }
        SignedIn::Refused(reason) => {
            log_refusal(reason);
            visit.throttle.failed(attempt).await;
            Ok(Outcome::Refused)
        }
    }
}

/// Hashes the password anew under today's parameters (security 16.3). Nobody waits for it; if it
/// does not come off, the next sign-in tries again.
async fn renew(app: Arc<App>, account: Account, password: Password) {
    let Some(old) = account.password_hash else { return };
    let new = match app.passwords.hash(password).await {
        Ok(new) => new,
        Err(error) => return tracing::info!(%error, "an old password hash stays for now"),
    };
    let id = account.subscriber.id;
    let written =
        app.db.write(move |conn| subscriber::renew_password_hash(conn, &id, &old, &new)).await;
    if let Err(error) = written {
        tracing::warn!(%error, "a renewed password hash could not be kept");
    }
}

fn log_refusal(reason: Reason) {
    tracing::info!(reason = reason.as_str(), "sign-in refused");
}
