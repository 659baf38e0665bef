//! What was shared, when: written with every grant, and kept when the grant is gone.

use idp_core::{
    ids::SubscriberId,
    oidc::{claims_request::ClaimsRequest, grant::Grant},
    saml::{name_id::NameId, service_provider::NameIdKind},
};

use super::{TestDatabase, samples::*};
use crate::store::{
    AnyConn, StoreError, grant,
    release_log::{self, Place, Release},
};

fn ann() -> SubscriberId {
    "sub_ann".parse().unwrap()
}

/// Ann opens sites one minute after another, the last two in the same moment; Ben opens one.
fn visits(conn: &mut AnyConn) -> Result<(), StoreError> {
    community(conn)?;
    store_session(conn, "one", "ann", 0)?;
    store_session(conn, "two", "ben", 0)?;
    for (name, minute) in [("a", 1), ("b", 2), ("c", 3), ("d", 3)] {
        let new = Grant { issued_at: at(minute), ..a_grant(name, "one", "ann", "credentia") };
        grant::insert(conn, &new, &digest(name))?;
    }
    let saml = Grant {
        issued_at: at(4),
        affiliation: None,
        claims: ClaimsRequest::default(),
        ..a_grant("e", "one", "ann", "payer")
    };
    let name = NameId { kind: NameIdKind::Transient, value: "_n".to_owned() };
    grant::insert_named(conn, &saml, &digest("e"), &name)?;
    grant::insert(conn, &a_grant("f", "two", "ben", "credentia"), &digest("f"))
}

fn names(found: &[Release]) -> Vec<&str> {
    found.iter().map(|release| release.grant.as_str()).collect()
}

#[tokio::test]
async fn what_was_shared_is_read_newest_first_page_by_page_and_never_of_somebody_else() {
    for database in TestDatabase::each() {
        database.write(visits).await;
        let read = |before: Option<Place>, limit| {
            database
                .read(move |conn| release_log::of_subscriber(conn, &ann(), before.as_ref(), limit))
        };
        let all = read(None, 10).await;
        assert_eq!(names(&all), ["grt_e", "grt_d", "grt_c", "grt_b", "grt_a"]);
        let mut pages = Vec::new();
        let mut before = None;
        loop {
            let page = read(before.clone(), 2).await;
            let Some(last) = page.last() else { break };
            before = Some(Place::at(last).to_string().parse().unwrap());
            pages.extend(page);
        }
        assert_eq!(pages, all, "no page leaves out or repeats, in one moment either");
        assert_eq!(all[0].organization, None);
        assert_eq!(all[1].organization.as_deref(), Some("Cedar Falls Clinic"));
        assert_eq!(all[1].site, site_id("credentia"));
        assert!(all[1].claims.id_token.contains("npi"));
    }
}

#[tokio::test]
async fn the_log_outlives_the_grant_and_not_its_own_time() {
    for database in TestDatabase::each() {
        database.write(visits).await;
        let swept = database.write(|conn| grant::sweep(conn, at(100_000))).await;
        assert_eq!(swept.0, 6, "all grants are gone");
        let all = |conn: &mut AnyConn| release_log::of_subscriber(conn, &ann(), None, 10);
        assert_eq!(database.read(all).await.len(), 5);
        assert_eq!(database.write(|conn| release_log::sweep(conn, at(3))).await, 3);
        assert_eq!(names(&database.read(all).await), ["grt_e", "grt_d", "grt_c"]);
    }
}

#[test]
fn a_place_that_nobody_gave_is_none() {
    for wrong in ["", "1", "1-", "-1-grt_a", "x-grt_a", "1-sub_a", "99999999999999999999-grt_a"] {
        assert!(wrong.parse::<Place>().is_err(), "{wrong:?}");
    }
}
