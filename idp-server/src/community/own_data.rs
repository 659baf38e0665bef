//! What people change about themselves (domain 4.5).

use idp_core::{
    community::{
        permission::Denied,
        personal_data::{self, Language, PersonalData},
        subscriber::Subscriber,
    },
    ids::SubscriberId,
};
use serde_json::json;

use super::{About, Office};
use crate::store::{AnyConn, StoreError, subscriber};

/// Writes down a person's new data.
///
/// # Errors
/// [`StoreError`]. The inner error: they are not theirs, and nothing has happened.
pub fn change(
    conn: &mut AnyConn,
    office: &Office,
    id: &SubscriberId,
    new: PersonalData,
) -> Result<Result<(), Denied>, StoreError> {
    let Some(person) = subscriber::load_for_update(conn, id)? else {
        return Ok(Err(Denied::NotFound));
    };
    let before = person.clone();
    let outcome = match personal_data::change(person, new, &office.actor, office.now) {
        Ok(outcome) => outcome,
        Err(denied) => return Ok(Err(denied)),
    };
    let Some(outcome) = outcome else { return Ok(Ok(())) };
    subscriber::update(conn, &outcome.state)?;
    // The number itself is nobody's business but theirs.
    let language = |person: &Subscriber| json!({ "language": Language::of_locale(person.profile.locale.as_deref()).tag() });
    let number_changed = before.phone_number != outcome.state.phone_number;
    let about = About {
        subject: Some(id.clone()),
        before: Some(language(&before)),
        after: Some(language(&outcome.state)),
        reason: number_changed.then(|| "another telephone number".to_owned()),
        ..About::default()
    };
    office.carry_out(conn, outcome, &about)?;
    Ok(Ok(()))
}
