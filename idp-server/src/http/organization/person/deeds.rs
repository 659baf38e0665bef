//! What an Administrator does about somebody beside their rights: a page that says what it does, and its
//! form.

use actix_web::{
    HttpResponse,
    http::StatusCode,
    web::{Bytes, Path},
};
use idp_core::{
    community::{
        field::{LONGEST_NOTE, Objections, line, optional_line},
        promotion::{Promotion, Refusal as NotPromoted},
        subscriber::EmailAddress,
    },
    ids::SubscriberId,
};

use super::{super::nav, AtWork, ending_path, enter, refused};
use crate::{
    community::{
        Office,
        help::{Help, Helped},
        promotion::{self, Decided},
        standing::{self, Deed, Refusal},
    },
    http::{
        console::{self, Entry, Posted},
        error::PageError,
        visit::{Visit, page, see_other},
    },
    pages::{DeedPage, OrganizationArea, PersonDeed, ResetCodePage, Typed},
    store::{AnyConn, StoreError},
};

/// Which deed a path names; rights have their own pages.
fn deed(place: &str) -> Result<PersonDeed, PageError> {
    let found = PersonDeed::ALL.into_iter().find(|deed| deed.place() == place);
    found.filter(|deed| *deed != PersonDeed::Rights).ok_or(PageError::NotFound)
}

pub(super) async fn show(visit: Visit, of: Path<(String, String, String)>) -> HttpResponse {
    let outcome = async {
        let work = match enter(&visit, (&of.0, &of.1), None).await? {
            Entry::Open(work) => work,
            Entry::Elsewhere(answer) => return Ok(answer),
        };
        Ok(confirm(&visit, &work, deed(&of.2)?, &Typed::default(), StatusCode::OK))
    };
    let outcome = outcome.await;
    visit.answer(outcome)
}

fn confirm(
    visit: &Visit,
    work: &AtWork,
    deed: PersonDeed,
    typed: &Typed,
    status: StatusCode,
) -> HttpResponse {
    let (form_token, cookie) = console::form_token(visit);
    let content = DeedPage {
        frame: visit.frame(),
        nav: nav(&work.desk, OrganizationArea::People),
        form_token: &form_token,
        id: work.who.as_str(),
        name: &work.loaded.person.name(),
        deed,
        typed,
    };
    console::with_form(page(status, &content), cookie)
}

pub(super) async fn carry_out(
    visit: Visit,
    of: Path<(String, String, String)>,
    body: Bytes,
) -> HttpResponse {
    let outcome = act(&visit, &of, &body).await;
    visit.answer(outcome)
}

async fn act(
    visit: &Visit,
    of: &(String, String, String),
    body: &Bytes,
) -> Result<HttpResponse, PageError> {
    let work = match enter(visit, (&of.0, &of.1), Some(body)).await? {
        Entry::Open(work) => work,
        Entry::Elsewhere(answer) => return Ok(answer),
    };
    let deed = deed(&of.2)?;
    if deed.asks_for_a_late_sign_in()
        && let Some(way_in) = console::lately(visit, body).await?
    {
        return Ok(way_in);
    }
    let fields: &[&str] = match deed {
        PersonDeed::Email => &["email", "reason"],
        PersonDeed::Promote | PersonDeed::WithdrawPromotion => &[],
        PersonDeed::Code
        | PersonDeed::Deactivate
        | PersonDeed::Demote
        | PersonDeed::LostFactor
        | PersonDeed::Remove
        | PersonDeed::Resume
        | PersonDeed::Rights
        | PersonDeed::Suspend
        | PersonDeed::Unlock => &["reason"],
    };
    let posted = match console::posted(visit, &work.desk.at_work.office, body, fields).await? {
        Posted::Form(posted) => posted,
        Posted::Refused(answer) => return Ok(answer),
    };
    let typed = |name| posted.find(name).unwrap_or_default();
    let mut found = Objections::default();
    let read = optional_line(typed("reason"), LONGEST_NOTE);
    let reason = found.take("reason", read).flatten();
    if deed.asks_for_check() {
        found.take("reason", line(typed("reason"), LONGEST_NOTE));
    }
    let address = (deed == PersonDeed::Email)
        .then(|| found.take("email", typed("email").parse::<EmailAddress>()))
        .flatten();
    if !found.is_empty() {
        let typed = Typed::new(posted.pairs(), found);
        return Ok(confirm(visit, &work, deed, &typed, StatusCode::UNPROCESSABLE_ENTITY));
    }
    match (deed, address) {
        (PersonDeed::Code, _) => help(visit, &work, deed, Help::Code, reason).await,
        (PersonDeed::LostFactor, _) => help(visit, &work, deed, Help::LostFactor, reason).await,
        (PersonDeed::Unlock, _) => help(visit, &work, deed, Help::Unlock, reason).await,
        (PersonDeed::Email, Some(new)) => help(visit, &work, deed, Help::Email(new), reason).await,
        (PersonDeed::Deactivate, _) => stand(visit, &work, deed, Deed::Deactivate, reason).await,
        (PersonDeed::Demote, _) => stand(visit, &work, deed, Deed::Demote, reason).await,
        (PersonDeed::Remove, _) => stand(visit, &work, deed, Deed::Remove, reason).await,
        (PersonDeed::Resume, _) => stand(visit, &work, deed, Deed::Resume, reason).await,
        (PersonDeed::Suspend, _) => stand(visit, &work, deed, Deed::Suspend, reason).await,
        (PersonDeed::Promote, _) => promote(visit, &work, deed, promotion::propose).await,
        (PersonDeed::WithdrawPromotion, _) => {
            promote(visit, &work, deed, promotion::withdraw).await
        }
        (PersonDeed::Email, None) | (PersonDeed::Rights, _) => Err(PageError::NotFound),
    }
}

/// Proposes them as an Administrator, or takes that back: `write` does which.
async fn promote(
    visit: &Visit,
    work: &AtWork,
    shown: PersonDeed,
    write: impl Fn(&mut AnyConn, &Office, &SubscriberId) -> Result<Decided<Promotion>, StoreError>
    + Copy
    + Send
    + 'static,
) -> Result<HttpResponse, PageError> {
    let (office, who) = (work.desk.at_work.office.clone(), work.who.clone());
    let changed = visit.db.write(move |conn: &mut AnyConn| write(conn, &office, &who)).await?;
    visit.outbox.wake();
    match changed {
        Ok(_) => Ok(see_other(&format!("{}?done={}", work.path(), shown.place()), [])),
        Err(NotPromoted::Denied(denied)) => refused(visit, work, denied.into()),
        Err(_) => refused(visit, work, Refusal::OutOfOrder),
    }
}

/// Changes how they stand; what ended is shown with what the sites said.
async fn stand(
    visit: &Visit,
    work: &AtWork,
    shown: PersonDeed,
    deed: Deed,
    reason: Option<String>,
) -> Result<HttpResponse, PageError> {
    let (office, who) = (work.desk.at_work.office.clone(), work.who.clone());
    let write =
        move |conn: &mut AnyConn| standing::change(conn, &office, &who, deed, reason.clone());
    let changed = visit.db.write(write).await?;
    visit.outbox.wake();
    match changed {
        Ok(Some(ending)) => Ok(see_other(&ending_path(work, &ending, shown), [])),
        Ok(None) => Ok(see_other(&format!("{}?done={}", work.path(), shown.place()), [])),
        Err(refusal) => refused(visit, work, refusal),
    }
}

async fn help(
    visit: &Visit,
    work: &AtWork,
    shown: PersonDeed,
    help: Help,
    checked: Option<String>,
) -> Result<HttpResponse, PageError> {
    let (office, who) = (work.desk.at_work.office.clone(), work.who.clone());
    let checked = checked.unwrap_or_default();
    let write =
        move |conn: &mut AnyConn| standing::help(conn, &office, &who, &help, checked.as_str());
    let helped = visit.db.write(write).await?;
    visit.outbox.wake();
    match helped {
        Ok(Helped::Code(user_id, code)) => {
            let content = ResetCodePage {
                frame: visit.frame(),
                nav: nav(&work.desk, OrganizationArea::People),
                id: work.who.as_str(),
                user_id: user_id.as_str(),
                code: &code.shown(),
            };
            Ok(page(StatusCode::OK, &content))
        }
        Ok(Helped::Email | Helped::LostFactor | Helped::StopRemoval | Helped::Unlock) => {
            Ok(see_other(&format!("{}?done={}", work.path(), shown.place()), []))
        }
        Err(refusal) => refused(visit, work, refusal),
    }
}
