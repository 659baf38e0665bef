//! On the page of an organization: its first Administrator, as long as they have not taken their
//! User ID over. Nobody in the organization could help them, so Support does: it calls the number
//! back that was given with the registration, and hands a new code over.

use idp_core::{
    community::{
        field::{LONGEST_NOTE, line},
        nomination::Refusal,
    },
    ids::OrganizationId,
    oidc::params::Params,
};

use super::{Outcome, one_line, problem};
use crate::{
    community::{
        Office,
        desk::organization::First,
        nomination::{self as use_case},
        registrations::first_nomination,
    },
    http::{error::PageError, visit::Visit},
    pages::{DeedView, Fact, FieldView, Messages, Section},
    store::{AnyConn, StoreError, nomination::NominationRecord},
};

/// Who it is, and how far.
pub(super) fn section(first: &First, text: &'static Messages) -> Section<'static> {
    let words = &text.desk;
    let NominationRecord { nomination, email, details, .. } = &first.record;
    let lead = match (first.waits(), first.code_lives) {
        (true, true) => words.first_lead,
        (true, false) => words.first_code_dead,
        (false, _) => words.first_over,
    };
    let mut facts = vec![
        Fact::text(words.name, details.name()),
        Fact::text(words.user_id, nomination.user_id.as_str()),
        Fact::text(words.email, email.as_str()),
    ];
    facts.extend(details.phone.as_ref().map(|phone| Fact::text(words.phone, &**phone)));
    if first.waits() {
        facts.push(Fact::at(words.first_until, nomination.expires_at()));
    }
    Section { id: "first", heading: words.first, lead: Some(lead), facts }
}

/// What Support can do.
pub(super) fn deeds(first: &First, text: &'static Messages) -> Vec<DeedView<'static>> {
    let words = &text.desk;
    let how = FieldView::area("reason", words.first_called, LONGEST_NOTE);
    let why = FieldView::area("reason", words.reason, LONGEST_NOTE);
    let mut deeds = vec![
        DeedView::button("first-code", words.first_code)
            .with(vec![how])
            .with_hint(words.first_code_hint),
    ];
    if first.waits() {
        deeds.push(
            DeedView::button("first-withdraw", words.first_withdraw)
                .with(vec![why])
                .with_hint(words.first_withdraw_hint),
        );
    }
    deeds
}

/// What Support wants with the nomination.
#[derive(Clone, Copy)]
enum Deed {
    Code,
    Withdraw,
}

/// Does what was posted; `None` if it is about something else.
///
/// # Errors
/// [`PageError`].
pub(super) async fn act(
    visit: &Visit,
    office: &Office,
    of: &OrganizationId,
    posted: &Params,
) -> Result<Option<Outcome>, PageError> {
    let deed = match posted.find("deed").unwrap_or_default() {
        "first-code" => Deed::Code,
        "first-withdraw" => Deed::Withdraw,
        _ => return Ok(None),
    };
    let reason = match line(&one_line(posted.find("reason").unwrap_or_default()), LONGEST_NOTE) {
        Ok(reason) => reason,
        Err(why) => return Ok(Some(Outcome::wrong(why.to_string()))),
    };
    let (office, id) = (office.clone(), first_nomination(of));
    let work = move |conn: &mut AnyConn| {
        let reason = Some(reason.clone());
        Ok::<_, StoreError>(match deed {
            Deed::Code => use_case::resend(conn, &office, &id, reason)?.map(Some),
            Deed::Withdraw => use_case::withdraw(conn, &office, &id, reason)?.map(|()| None),
        })
    };
    let done = visit.db.write(work).await?;
    visit.outbox.wake();
    let words = &visit.frame().text.desk;
    Ok(Some(match done {
        Ok(Some(hand_over)) => Outcome {
            done: Some(words.first_code_made),
            code: Some(hand_over.code.shown().to_string()),
            ..Outcome::default()
        },
        Ok(None) => Outcome { done: Some(words.done), ..Outcome::default() },
        Err(Refusal::Denied(denied)) => return Err(problem(denied)),
        Err(Refusal::TooMany(_)) => Outcome::refused(words.first_too_many_letters.to_owned()),
        Err(Refusal::TooManyCodes) => Outcome::refused(words.first_too_many.to_owned()),
        Err(Refusal::Incomplete(_) | Refusal::Invalid | Refusal::OutOfOrder) => {
            Outcome::refused(words.first_gone.to_owned())
        }
    }))
}
