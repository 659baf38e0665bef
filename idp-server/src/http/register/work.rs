//! What the registrant does at the organization: the roles with which its first Administrator begins
//! (R38–R42, R78).

use actix_web::{HttpResponse, http::StatusCode};
use idp_core::{
    community::registration::{Stage, Work, WorkForm},
    oidc::params::Params,
};

use super::{
    show::send,
    way::{Way, go_on},
};
use crate::{
    community::registrations,
    http::{error::PageError, visit::Visit},
    pages::{RegisterStep, RegisterTyped},
};

/// The groups of boxes.
const BOXES: [&str; 2] = ["role", "detail"];

/// `POST …/work`.
pub(super) async fn tell(
    visit: &Visit,
    way: &Way,
    form: &Params,
) -> Result<HttpResponse, PageError> {
    if !matches!(way.registration.stage, Stage::Agreement(_)) {
        return Ok(go_on(&way.handle));
    }
    let again = |status, typed: &RegisterTyped| {
        Ok(send(visit, way, status, RegisterStep::Work, typed, None))
    };
    if form.find("change").is_some() {
        return again(StatusCode::OK, &told(way.registration.work.as_ref()));
    }
    let typed = RegisterTyped::of(form, &["reason", "npi"]).and_ticked(form, &BOXES);
    let begun = way.registration.clone();
    let on_file = visit.db.read(move |conn| registrations::npi_on_file(conn, &begun)).await?;
    let wanted = WorkForm {
        roles: &typed.codes("role"),
        role_details: &typed.codes("detail"),
        reason: typed.value("reason"),
        npi: typed.value("npi"),
    };
    let work = match wanted.read(on_file.as_ref()) {
        Ok(work) => work,
        Err(wrong) => return again(StatusCode::UNPROCESSABLE_ENTITY, &typed.clone().with(&wrong)),
    };
    let (office, id) = (way.office.clone(), way.registration.id.clone());
    let tell = move |conn: &mut _| registrations::tell_work(conn, &office, &id, work.clone());
    // A step that is over leads to the one that is due.
    let _ = visit.db.write(tell).await?;
    Ok(go_on(&way.handle))
}

/// The form as it was sent before.
fn told(work: Option<&Work>) -> RegisterTyped {
    let Some(work) = work else { return RegisterTyped::default() };
    let roles = work.roles().iter().map(|role| format!("role.{}", role.code()));
    let details = work.role_details().iter().map(|detail| format!("detail.{detail}"));
    let boxes: Vec<String> = roles.chain(details).collect();
    let npi = work.npi().map(|npi| ("npi", npi.as_str()));
    let reason = work.reason().map(|reason| ("reason", reason));
    let ticked = boxes.iter().map(|name| (name.as_str(), "yes"));
    RegisterTyped::filled(ticked.chain(npi).chain(reason))
}
