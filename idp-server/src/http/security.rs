//! `/account/security`: a person's second factors, recovery codes and remembered browsers.
//!
//! To look, being signed in is enough. To change, the sign-in must be fresh, and made with the
//! factor that is there (security 18.4, 19.5).

mod change;
mod enrol;

use actix_web::{
    HttpResponse,
    http::StatusCode,
    web::{self, Query},
};
use idp_core::authentication::{
    factor::{Factor, FactorKind},
    gate::Demand,
};
use serde::Deserialize;

use super::{
    error::PageError,
    gate::{self, Gate, OwnPage},
    visit::{Visit, page, see_other, set},
};
use crate::{
    pages::{AccountNav, Area, FactorView, RememberedView, SecurityDone, SecurityPage},
    store::{factor, remembered_browser},
};

/// What the forms of these pages are for.
const PURPOSE: &str = "security";

/// The routes.
pub fn routes(config: &mut web::ServiceConfig) {
    let own = |path: &str| web::resource(format!("/account/security{path}"));
    config
        .service(own("").get(show))
        .service(own("/confirm").get(confirm))
        .service(own("/app").get(enrol::show_app).post(enrol::app))
        .service(own("/passkey").get(enrol::show_passkey).post(enrol::passkey))
        .service(own("/passkey/options").post(enrol::passkey_options))
        .service(own("/factors/{id}/remove").post(change::remove))
        .service(own("/factors/{id}/rename").post(change::rename))
        .service(own("/recovery-codes").post(change::recovery_codes))
        .service(own("/browsers/forget").post(change::forget));
}

#[derive(Deserialize)]
struct After {
    done: Option<String>,
}

async fn show(visit: Visit, after: Query<After>) -> HttpResponse {
    visit.answer(overview(&visit, after.done.as_deref()).await)
}

async fn overview(visit: &Visit, done: Option<&str>) -> Result<HttpResponse, PageError> {
    let person = match gate::pass(visit, OwnPage::Security, Demand::SIGNED_IN).await? {
        Gate::Open(person) => person,
        Gate::Elsewhere(answer) => return Ok(answer),
    };
    let may_change = gate::open(visit, Demand::CHANGE).await?.is_some();
    let (id, now) = (person.subscriber.id.clone(), visit.clock.now());
    let mailbox = person.subscriber.has_mailbox();
    let (holdings, browsers) = visit
        .db
        .read(move |conn| {
            let holdings = factor::holdings(conn, &id, mailbox)?;
            Ok((holdings, remembered_browser::of_subscriber(conn, &id, now)?))
        })
        .await?;
    let (browser, cookie) = visit.browser();
    let content = SecurityPage {
        frame: visit.frame(),
        nav: AccountNav {
            area: Area::Security,
            has_questions: visit.password_policy.secret_questions,
        },
        form_token: &visit.form_token(&browser, PURPOSE),
        may_change,
        may_enrol: holdings.may_enrol().is_some(),
        passkeys: visit.passkeys.are_available(),
        factors: holdings.factors.iter().map(view).collect(),
        recovery_codes: holdings.recovery_codes,
        browsers: browsers
            .iter()
            .map(|browser| RememberedView {
                user_agent: &browser.user_agent,
                since: browser.since,
                until: browser.until,
            })
            .collect(),
        done: done.and_then(|done| match done {
            "added" => Some(SecurityDone::Added),
            "forgotten" => Some(SecurityDone::Forgotten),
            "removed" => Some(SecurityDone::Removed),
            "renamed" => Some(SecurityDone::Renamed),
            _ => None,
        }),
    };
    let mut answer = page(StatusCode::OK, &content);
    set(&mut answer, cookie);
    Ok(answer)
}

fn view(factor: &Factor) -> FactorView<'_> {
    FactorView {
        id: factor.id.as_str(),
        name: factor.name.as_str(),
        passkey: matches!(factor.kind, FactorKind::Passkey { .. }),
        added_at: factor.added_at,
        last_used_at: factor.last_used_at,
    }
}

/// `GET /account/security/confirm`: a fresh sign-in, and back.
async fn confirm(visit: Visit) -> HttpResponse {
    let outcome = gate::pass(&visit, OwnPage::Security, Demand::CHANGE).await;
    visit.answer(outcome.map(|gate| match gate {
        Gate::Open(_) => see_other(OwnPage::Security.path(), []),
        Gate::Elsewhere(answer) => answer,
    }))
}
