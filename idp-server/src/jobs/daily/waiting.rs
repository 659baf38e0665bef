//! What waits for somebody until a day: registrations, nominations, offers, requests, promotions,
//! notaries' forms, systems to be renewed.

use chrono::TimeDelta;
use idp_core::{
    community::{actor::Actor, promotion::Promotion, registration::Registration},
    ids::SystemClientId,
};

use super::Work;
use crate::{
    community::{access, nomination, offer, promotion, registrations, systems},
    store::{
        AnyConn, StoreError,
        promotion::{self as promotions, Waits},
        registration::Sought,
        system_client,
    },
};

/// How many are settled in one transaction.
const AT_ONCE: i64 = 100;
/// How long before its end there is the first mail about a system.
const FIRST_WARNING: TimeDelta = TimeDelta::days(30);

/// Looks at all of it. `false`: it was cut short.
pub(super) async fn look_at_all(work: &Work<'_>) -> Result<bool, StoreError> {
    let now = work.app.clock.now();
    let ending = move |conn: &mut AnyConn, after: Option<&SystemClientId>, most: i64| {
        system_client::ending_before(conn, now + FIRST_WARNING, after, most)
    };
    let office = work.app.office(Actor::Job("daily"));
    let at_notary = move |conn: &mut AnyConn, after: Option<&Registration>, most: i64| {
        let after = after.map(|last| (last.moved_at, last.id.clone()));
        let sought = Sought::Stages(vec!["at-notary"]);
        registrations::list(conn, &office, &sought, after.as_ref(), most)
    };
    let candidates = |conn: &mut AnyConn, after: Option<&Promotion>, most: i64| {
        let after = after.map(|last| (last.moved_at, &last.id));
        promotions::waiting(conn, Waits::ForForm, after, most)
    };
    let finished = work.until_none(registrations::erase_due).await?
        && work.until_none(|conn, office| nomination::expire(conn, office, AT_ONCE)).await?
        && work.until_none(|conn, office| offer::expire(conn, office, AT_ONCE)).await?
        && work.until_none(|conn, office| access::expire(conn, office, AT_ONCE)).await?
        && work.until_none(|conn, office| promotion::expire(conn, office, AT_ONCE)).await?
        && work.each(at_notary, registrations::remind_of_notary).await?
        && work.each(candidates, promotion::remind_of_notary).await?
        && work.each(ending, systems::fall_due).await?;
    Ok(finished)
}
