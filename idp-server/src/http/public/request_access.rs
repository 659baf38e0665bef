//! `/request-access`: asking an organization's Administrators to be nominated (R18, R88, R89). Whether
//! there is such an organization makes no difference to the answer, nor to its time: it is looked for
//! behind the page (security 17.1).

use actix_web::{
    HttpResponse,
    http::StatusCode,
    web::{self, Bytes},
};
use idp_core::{
    community::{
        access_request::{Wish, WishForm},
        affiliation::AccessLevel,
        field::{LONGEST_NAME, LONGEST_NOTE, Objections, line},
    },
    oidc::params::Params,
};

use super::form::{PublicForm, asked, one_line};
use crate::{
    http::{client_address::ClientAddress, error::PageError, inquiry, visit::Visit},
    jobs::Inquiry,
    pages::{Asked, FieldView, Messages, access_level_explained},
};

/// The routes.
pub fn routes(config: &mut web::ServiceConfig) {
    config.service(web::resource("/request-access").get(show).post(send));
}

fn fields(text: &'static Messages) -> Vec<FieldView<'static>> {
    let words = &text.ask;
    let levels = AccessLevel::ALL.map(|level| (level.code(), access_level_explained(text, level)));
    vec![
        FieldView::line("organization", words.access_organization, LONGEST_NAME)
            .with_hint(words.access_organization_hint),
        FieldView::line("given_name", words.given_name, LONGEST_NAME).filled_by("given-name"),
        FieldView::line("family_name", words.family_name, LONGEST_NAME).filled_by("family-name"),
        FieldView::email("email", words.email),
        FieldView::phone("phone", words.phone),
        FieldView::line("address", words.access_address, LONGEST_NOTE).filled_by("street-address"),
        FieldView::line("user_id", words.access_user_id, 64)
            .with_hint(words.access_user_id_hint)
            .optional(),
        FieldView::choice("access_level", words.access_level, levels.to_vec()),
    ]
}

async fn show(visit: Visit) -> HttpResponse {
    PublicForm::of(&visit, Asked::Access, fields).page()
}

async fn send(visit: Visit, body: Bytes) -> HttpResponse {
    let outcome = ask(&visit, &body).await;
    visit.answer(outcome)
}

async fn ask(visit: &Visit, body: &Bytes) -> Result<HttpResponse, PageError> {
    let form = PublicForm::of(visit, Asked::Access, fields);
    let (organization, wish) = match form.passed(body, read).await? {
        Ok(read) => read,
        Err(page) => return Ok(page),
    };
    let from = ClientAddress::of(&visit.request).0;
    let language = Some(visit.frame().text.tag.to_owned());
    let wish = Box::new(Wish { language, ..wish });
    inquiry::put(visit, Inquiry::AccessAsked { organization, wish, from }).await?;
    Ok(asked(visit, Asked::Access, StatusCode::CREATED))
}

/// Reads the form, and says by what it is counted.
fn read(posted: &Params) -> Result<((String, Wish), String), Objections> {
    let field = |name| posted.find(name).unwrap_or_default();
    let mut found = Objections::default();
    let organization = found.take("organization", line(field("organization"), LONGEST_NAME));
    let address = one_line(field("address"));
    let wish = WishForm {
        given_name: field("given_name"),
        family_name: field("family_name"),
        email: field("email"),
        phone: field("phone"),
        address: &address,
        user_id: field("user_id"),
        access_level: field("access_level"),
    };
    let wish = wish.read().map_err(|objections| {
        for (field, why) in objections.iter() {
            found.object(field, why);
        }
    });
    let about = wish.as_ref().map(|wish| wish.email.normalized()).unwrap_or_default();
    found.unless_any(organization.zip(wish.ok()).map(|read| (read, about)))
}
