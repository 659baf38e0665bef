//! `/existing-id`: "do I have an ID already?" (R73). The answer goes by mail to the address that was
//! typed, and nowhere else; the page is the same for all.

use actix_web::{
    HttpResponse,
    http::StatusCode,
    web::{self, Bytes},
};
use idp_core::{
    community::{field::Objections, subscriber::EmailAddress},
    oidc::params::Params,
};

use super::form::{PublicForm, asked};
use crate::{
    http::{error::PageError, inquiry, visit::Visit},
    jobs::Inquiry,
    pages::{Asked, FieldView, Messages},
};

/// The routes.
pub fn routes(config: &mut web::ServiceConfig) {
    config.service(web::resource("/existing-id").get(show).post(send));
}

fn fields(text: &'static Messages) -> Vec<FieldView<'static>> {
    vec![FieldView::email("email", text.ask.email).with_hint(text.ask.existing_hint)]
}

async fn show(visit: Visit) -> HttpResponse {
    PublicForm::of(&visit, Asked::ExistingId, fields).page()
}

async fn send(visit: Visit, body: Bytes) -> HttpResponse {
    let outcome = inquire(&visit, &body).await;
    visit.answer(outcome)
}

async fn inquire(visit: &Visit, body: &Bytes) -> Result<HttpResponse, PageError> {
    let form = PublicForm::of(visit, Asked::ExistingId, fields);
    match form.solved(body, read).await? {
        Ok(address) => {
            inquiry::write(visit, Inquiry::ForgottenUserId { address }).await?;
            Ok(asked(visit, Asked::ExistingId, StatusCode::OK))
        }
        Err(page) => Ok(page),
    }
}

fn read(posted: &Params) -> Result<EmailAddress, Objections> {
    let mut found = Objections::default();
    let email = posted.find("email").unwrap_or_default().parse::<EmailAddress>();
    let email = found.take("email", email);
    found.unless_any(email)
}
