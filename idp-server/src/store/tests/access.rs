//! Ending access.

use idp_core::{
    audit::{Actor, Kind},
    ids::SessionId,
};

use super::{TestDatabase, samples::*};
use crate::{
    random::Random,
    store::{
        AnyConn, Cause, Ending, Scope, StoreError, affiliation, audit,
        end_access::{EndedAccess, end_access},
        grant, outbox, session,
    },
};

fn ending(cause: Cause) -> Ending {
    let actor = Actor::Subscriber("sub_ann".parse().unwrap());
    Ending { actor, address: Some("192.0.2.1".parse().unwrap()), cause, now: at(10) }
}

fn end(conn: &mut AnyConn, scope: &Scope, cause: Cause) -> Result<EndedAccess, StoreError> {
    end_access(conn, scope, &ending(cause), &Random::new())
}

/// Ann with two sessions, Ben with one; grants in all of them.
fn signed_in(conn: &mut AnyConn) -> Result<(), StoreError> {
    community(conn)?;
    for (session, person) in [("one", "ann"), ("two", "ann"), ("ben", "ben")] {
        store_session(conn, session, person, 0)?;
    }
    for (name, session, person, site) in [
        ("a", "one", "ann", "credentia"),
        ("b", "one", "ann", "payer"),
        ("c", "one", "ann", "payer"),
        ("d", "one", "ann", "playground"),
        ("e", "two", "ann", "payer"),
    ] {
        store_grant(conn, name, session, person, site)?;
    }
    let mut bens = a_grant("f", "ben", "ben", "payer");
    bens.affiliation = None;
    grant::insert(conn, &bens, &digest("f"))
}

/// The names of the grants that have not ended.
fn open_grants(conn: &mut AnyConn) -> Result<String, StoreError> {
    let mut open = String::new();
    for name in ["a", "b", "c", "d", "e", "f"] {
        let id = format!("grt_{name}").parse().unwrap();
        if grant::find(conn, &id)?.unwrap().ended_at.is_none() {
            open.push_str(name);
        }
    }
    Ok(open)
}

#[tokio::test]
async fn a_session_ends_with_its_grants_and_each_listening_site_is_told_once() {
    for database in TestDatabase::each() {
        database.write(signed_in).await;
        let scope = Scope::Session("ses_one".parse().unwrap());
        let (first, second, open, told, events) = database
            .write(move |conn| {
                // The payer's grants ended before, but it may still have a session of its own.
                end(conn, &Scope::Grant("grt_b".parse().unwrap()), Cause::Revoked)?;
                let first = end(conn, &scope, Cause::SignedOut)?;
                let second = end(conn, &scope, Cause::SignedOut)?;
                let told = outbox::receipts(conn, &"ses_one".parse().unwrap())?;
                let events = audit::pending(conn, 100)?;
                Ok((first, second, open_grants(conn)?, told, events))
            })
            .await;
        assert_eq!(first, EndedAccess { sessions: 1, grants: 3, notices: 2 });
        assert_eq!(second, EndedAccess::default());
        assert_eq!(open, "ef");
        let sites: Vec<&str> = told.iter().map(|receipt| receipt.site.as_str()).collect();
        assert_eq!(sites, ["credentia", "payer"]);

        let count = |kind| events.iter().filter(|event| event.kind == kind).count();
        assert_eq!(
            (count(Kind::SessionEnded), count(Kind::GrantEnded), count(Kind::LogoutQueued)),
            (1, 4, 2)
        );
        for event in &events {
            assert_eq!(event.subject, Some("sub_ann".parse().unwrap()));
            assert_eq!(event.session, Some("ses_one".parse().unwrap()));
            assert!(matches!(event.reason.as_deref(), Some("signed-out" | "revoked")));
        }
        let found =
            database.read(|conn| session::find(conn, &"ses_one".parse().unwrap())).await.unwrap();
        assert_eq!(found.ended_at, Some(at(10)));
    }
}

#[tokio::test]
async fn the_other_sessions_of_a_person_end_and_nobody_elses() {
    for database in TestDatabase::each() {
        database.write(signed_in).await;
        let ended = database
            .write(|conn| {
                let scope = |except: Option<&str>| Scope::SessionsOfSubscriber {
                    subscriber: "sub_ann".parse().unwrap(),
                    except: except.map(|id| id.parse::<SessionId>().unwrap()),
                };
                let others = end(conn, &scope(Some("ses_two")), Cause::EndedByPerson)?;
                let open = open_grants(conn)?;
                let all = end(conn, &scope(None), Cause::AccountStopped)?;
                Ok((others, open, all, open_grants(conn)?))
            })
            .await;
        let others = EndedAccess { sessions: 1, grants: 4, notices: 2 };
        let all = EndedAccess { sessions: 1, grants: 1, notices: 1 };
        assert_eq!(ended, (others, "ef".to_owned(), all, "f".to_owned()));
    }
}

#[tokio::test]
async fn an_affiliation_ends_with_the_grants_that_used_it() {
    for database in TestDatabase::each() {
        database.write(signed_in).await;
        let (ended, open, status) = database
            .write(|conn| {
                let id = "aff_1".parse().unwrap();
                let ended = end(conn, &Scope::Affiliation(id), Cause::AffiliationEnded)?;
                let id = "aff_1".parse().unwrap();
                let status = affiliation::find(conn, &id)?.unwrap().status;
                Ok((ended, open_grants(conn)?, status))
            })
            .await;
        // credentia and payer in one session, payer in the other.
        assert_eq!(ended, EndedAccess { sessions: 0, grants: 5, notices: 3 });
        assert_eq!(open, "f");
        assert_eq!(status, idp_core::community::affiliation::AffiliationStatus::Ended);
    }
}

#[tokio::test]
async fn a_removed_site_loses_its_grants_and_one_event_tells_of_them() {
    for database in TestDatabase::each() {
        database.write(signed_in).await;
        let (ended, open, events) = database
            .write(|conn| {
                let ended = end(conn, &Scope::Site(site_id("payer")), Cause::SiteRemoved)?;
                Ok((ended, open_grants(conn)?, audit::pending(conn, 100)?))
            })
            .await;
        assert_eq!(ended, EndedAccess { sessions: 0, grants: 4, notices: 0 });
        assert_eq!((open.as_str(), events.len()), ("ad", 1));
    }
}

#[tokio::test]
async fn what_is_not_there_cannot_be_ended() {
    for database in TestDatabase::each() {
        database.write(signed_in).await;
        for scope in [
            Scope::Affiliation("aff_none".parse().unwrap()),
            Scope::Grant("grt_none".parse().unwrap()),
            Scope::Session("ses_none".parse().unwrap()),
            Scope::Site(site_id("none")),
            Scope::SessionsOfSubscriber { subscriber: "sub_none".parse().unwrap(), except: None },
        ] {
            let ended = database
                .write(move |conn| {
                    Ok((end(conn, &scope, Cause::SignedOut)?, audit::waiting(conn)?))
                })
                .await;
            assert_eq!(ended, (EndedAccess::default(), 0));
        }
    }
}

#[tokio::test]
async fn signing_out_takes_few_statements() {
    for database in TestDatabase::each() {
        database.write(signed_in).await;
        database.counted();
        let scope = Scope::Session("ses_two".parse().unwrap());
        database.write(move |conn| end(conn, &scope, Cause::SignedOut)).await;
        // Session, participants, sites, outbox, grants, and all events together; one commit.
        assert_eq!(database.counted(), (6, 1));
    }
}
