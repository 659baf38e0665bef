//! The agreement of the organization, and taking the registration back.

use actix_web::{HttpResponse, http::StatusCode};
use idp_core::{
    community::registration::{Refusal as Step, SignatoryForm},
    ids::AgreementId,
    oidc::params::Params,
};

use super::{
    show::step,
    way::{Way, go_on},
};
use crate::{
    community::registrations::{self, Refusal},
    http::{error::PageError, visit::Visit},
    pages::{RegisterProblem, RegisterTyped},
};

/// `POST …/agreement`: signs the version that was on the page (R20, R21).
pub(super) async fn sign(
    visit: &Visit,
    way: &Way,
    form: &Params,
) -> Result<HttpResponse, PageError> {
    let typed = RegisterTyped::of(form, &["name", "title", "authority", "accepts", "takes_duties"]);
    let signatory = SignatoryForm {
        name: form.find("name").unwrap_or_default(),
        title: form.find("title").unwrap_or_default(),
        authority: form.find("authority") == Some("yes"),
        accepts: form.find("accepts") == Some("yes"),
        takes_duties: form.find("takes_duties") == Some("yes"),
    };
    let signatory = match signatory.read() {
        Ok(signatory) => signatory,
        Err(wrong) => {
            let typed = typed.with(&wrong);
            return step(visit, way, StatusCode::UNPROCESSABLE_ENTITY, &typed, None).await;
        }
    };
    let shown: Option<AgreementId> = form.find("agreement").and_then(|id| id.parse().ok());
    let Some(shown) = shown else { return Err(PageError::NotUnderstood) };
    let (office, id) = (way.office.clone(), way.registration.id.clone());
    let sign = move |conn: &mut _| {
        registrations::sign(conn, &office, &id, shown.clone(), signatory.clone())
    };
    match visit.db.write(sign).await? {
        Err(Refusal::Registration(Step::AgreementChanged)) => {
            visit.reload_agreements().await?;
            let problem = Some(RegisterProblem::AgreementChanged);
            step(visit, way, StatusCode::CONFLICT, &typed, problem).await
        }
        Ok(_) | Err(_) => Ok(go_on(&way.handle)),
    }
}

/// `POST …/withdraw`.
pub(super) async fn withdraw(visit: &Visit, way: &Way) -> Result<HttpResponse, PageError> {
    let (office, id) = (way.office.clone(), way.registration.id.clone());
    let _ = visit.db.write(move |conn| registrations::withdraw(conn, &office, &id)).await?;
    visit.outbox.wake();
    Ok(go_on(&way.handle))
}
