//! What is stored comes back as it was, and what must be unique is.

use idp_core::{
    authentication::{
        assurance::{Method, Proof},
        lockout::{Limits, Lockout},
    },
    community::site::SiteStatus,
    ids::OrganizationId,
};

use super::{TestDatabase, samples::*};
use crate::store::{
    StoreError, Taken, affiliation, catalog, grant, lease, lockout, meta, organization,
    outbox::{self, Content, MessageState, NewMessage},
    person, session, site, site_visit, subscriber, tax_id,
};

#[tokio::test]
async fn an_organization_comes_back_as_it_was_and_keeps_its_sites() {
    for database in TestDatabase::each() {
        database.write(community).await;
        let clinic: OrganizationId = "org_clinic".parse().unwrap();
        let id = clinic.clone();
        let found = database.read(move |conn| organization::find(conn, &id)).await.unwrap();
        assert_eq!(found, an_organization("org_clinic", "Cedar Falls Clinic"));

        let part = idp_core::community::organization::Organization {
            parent: Some(clinic.clone()),
            npi: None,
            ..an_organization("org_billing", "Ledger")
        };
        let changed = part.clone();
        let written =
            database.write(move |conn| organization::update(conn, &changed, true, at(0))).await;
        assert!(written);
        let read =
            database.read(|conn| organization::find(conn, &"org_billing".parse().unwrap())).await;
        assert_eq!(read, Some(part));

        let enabled = database
            .write(move |conn| {
                let billing = "org_billing".parse().unwrap();
                organization::enable_site(conn, &clinic, &site_id("payer"))?;
                organization::enable_site(conn, &clinic, &site_id("payer"))?;
                organization::enable_site(conn, &clinic, &site_id("quiet"))?;
                organization::disable_site(conn, &clinic, &site_id("quiet"))?;
                let asked = [clinic.clone(), billing];
                let at_payer = organization::enabled_at(conn, &site_id("payer"), &asked)?;
                Ok((at_payer, organization::enabled_sites(conn, &clinic)?))
            })
            .await;
        assert_eq!(enabled, (vec!["org_clinic".parse().unwrap()], vec![site_id("payer")]));
    }
}

#[tokio::test]
async fn a_tax_id_belongs_to_one_organization_whatever_its_spelling() {
    for database in TestDatabase::each() {
        database.write(community).await;
        let again = |conn: &mut _| store_ein(conn, "tin_9", "org_billing", "911234567", false);
        let refused = database.db.write(again).await.unwrap_err();
        assert!(matches!(refused, StoreError::Conflict(Taken::TaxId)), "{refused:?}");

        let fingerprint = *digest("911234567").as_bytes();
        let holder =
            database.read(move |conn| tax_id::registered(conn, &fingerprint)).await.unwrap();
        assert_eq!((holder.organization.as_str(), holder.primary), ("org_clinic", true));

        let shut = |_: &_, _: &[u8]| None;
        let corrupt = database
            .db
            .write(move |conn| {
                store_session(conn, "one", "ann", 0)?;
                person::by_cookie(conn, &digest("one"), &shut)
            })
            .await
            .unwrap_err();
        assert_eq!(corrupt.to_string(), "tax_id.sealed of row tin_3 holds no valid value");
    }
}

#[tokio::test]
async fn a_subscriber_comes_back_as_it_was_and_nobody_gets_a_taken_name() {
    for database in TestDatabase::each() {
        database.write(community).await;
        let account = database
            .write(|conn| {
                let id = "sub_ann".parse().unwrap();
                subscriber::set_password(conn, &id, "$argon2id$old", at(0))?;
                subscriber::renew_password_hash(conn, &id, "$argon2id$other", "$argon2id$lost")?;
                subscriber::renew_password_hash(conn, &id, "$argon2id$old", "$argon2id$new")?;
                for minute in [1, 2] {
                    let account = subscriber::for_sign_in(conn, "ann")?.unwrap();
                    assert!(subscriber::signed_in(conn, &account, at(minute))?);
                }
                Ok(subscriber::for_sign_in(conn, "ann")?.unwrap())
            })
            .await;
        let expected = idp_core::community::subscriber::Subscriber {
            last_sign_in_at: Some(at(2)),
            ..a_subscriber("ann")
        };
        assert_eq!(account.subscriber, expected);
        assert_eq!(account.password_hash.as_deref(), Some("$argon2id$new"));

        for (taken, change) in
            [(Taken::UserId, "user_id"), (Taken::EmailAddress, "email"), (Taken::Npi, "npi")]
        {
            let refused = database
                .db
                .write(move |conn| {
                    let npi = Some("1234567893".parse().unwrap());
                    let ben = idp_core::community::subscriber::Subscriber {
                        npi: npi.clone(),
                        ..a_subscriber("ben")
                    };
                    subscriber::update(conn, &ben)?;
                    let mut new = a_subscriber("new");
                    match change {
                        "user_id" => new.user_id = "Ann".parse().unwrap(),
                        "email" => new.email = Some("ANN@clinic.EXAMPLE".parse().unwrap()),
                        _ => new.npi = npi,
                    }
                    subscriber::insert(conn, &new)
                })
                .await
                .unwrap_err();
            assert!(
                matches!(refused, StoreError::Conflict(what) if what == taken),
                "{change}: {refused:?}"
            );
        }
        let nobody = database.read(|conn| subscriber::for_sign_in(conn, "nobody")).await;
        assert!(nobody.is_none());
    }
}

#[tokio::test]
async fn a_person_has_one_affiliation_with_an_organization_until_it_ends() {
    for database in TestDatabase::each() {
        database.write(community).await;
        let second =
            |conn: &mut _| affiliation::insert(conn, &an_affiliation("aff_9", "ann", "org_clinic"));
        let refused = database.db.write(second).await.unwrap_err();
        assert!(matches!(refused, StoreError::Conflict(Taken::Affiliation)), "{refused:?}");

        let read = database
            .write(|conn| {
                let changed = affiliation::AffiliationRecord {
                    tax_ids: None,
                    roles: [].into(),
                    ..an_affiliation("aff_1", "ann", "org_clinic")
                };
                assert!(affiliation::update(conn, &changed)?);
                assert!(affiliation::end(conn, &changed.id, at(5))?);
                assert!(!affiliation::end(conn, &changed.id, at(6))?);
                assert!(!affiliation::update(conn, &changed)?);
                affiliation::insert(conn, &an_affiliation("aff_9", "ann", "org_clinic"))?;
                affiliation::of_subscriber(conn, &changed.subscriber)
            })
            .await;
        let ids: Vec<&str> = read.iter().map(|record| record.id.as_str()).collect();
        assert_eq!(ids, ["aff_2", "aff_9"]);
        assert_eq!(read[1], an_affiliation("aff_9", "ann", "org_clinic"));
    }
}

#[tokio::test]
async fn a_session_is_found_by_its_cookie_until_the_cookie_is_renewed() {
    for database in TestDatabase::each() {
        database.write(community).await;
        database.write(|conn| store_session(conn, "one", "ann", 0)).await;
        let found = database.read(|conn| session::by_cookie(conn, &digest("one"))).await.unwrap();
        assert_eq!(found, a_session("one", "ann", 0));

        let (renewed, again, old, new, listed) = database
            .write(|conn| {
                let mut session = a_session("one", "ann", 0);
                session.add_proof(Proof { method: Method::Totp, at: at(3) });
                let renew = |conn: &mut _, from: &str, to: &str| {
                    session::renew(conn, &session, &digest(from), &digest(to), at(3))
                };
                let renewed = renew(conn, "one", "two")?;
                let again = renew(conn, "one", "three")?;
                let old = session::by_cookie(conn, &digest("one"))?;
                let new = session::by_cookie(conn, &digest("two"))?;
                let live = |conn: &mut _, minute| {
                    session::live_of_subscriber(conn, &session.subscriber, at(minute))
                };
                assert!(live(conn, 240)?.is_empty(), "over at its end");
                Ok((renewed, again, old, new, live(conn, 239)?))
            })
            .await;
        assert_eq!((renewed, again, old), (true, false, None));
        assert_eq!(new.unwrap().proofs.len(), 2);
        assert_eq!(listed.len(), 1);
        assert_eq!(listed[0].user_agent.len(), 200);
        assert_eq!(listed[0].last_seen_at, at(3));
    }
}

#[tokio::test]
async fn a_site_comes_back_as_it_was_and_every_change_raises_the_version() {
    for database in TestDatabase::each() {
        let before = database.read(catalog::read_all).await;
        database.write(community).await;
        let all = database.read(site::all).await;
        assert_eq!(all.len(), 4);
        assert_eq!(all[0], a_site("credentia", true));

        let refused = database
            .db
            .write(|conn| site::insert(conn, &a_site("payer", false), at(0)))
            .await
            .unwrap_err();
        assert!(matches!(refused, StoreError::Conflict(Taken::Other)), "{refused:?}");

        database
            .write(|conn| {
                let retired = idp_core::community::site::Site {
                    status: SiteStatus::Retired,
                    ..a_site("payer", true)
                };
                site::update(conn, &retired, at(1))
            })
            .await;
        let payer = database.read(|conn| site::find(conn, &site_id("payer"))).await.unwrap();
        assert_eq!(payer.status, SiteStatus::Retired);
        let after = database.read(catalog::read_all).await;
        assert_eq!((after.sites - before.sites, after.keys - before.keys), (5, 0));
    }
}

#[tokio::test]
async fn a_first_visit_is_remembered_and_a_later_one_changes_nothing() {
    for database in TestDatabase::each() {
        database.write(community).await;
        let visits = database
            .write(|conn| {
                let (ann, site) = ("sub_ann".parse().unwrap(), site_id("payer"));
                assert!(!site_visit::has_visited(conn, &ann, &site)?);
                site_visit::record(conn, &ann, &site, at(1))?;
                site_visit::record(conn, &ann, &site, at(2))?;
                assert!(site_visit::has_visited(conn, &ann, &site)?);
                assert!(!site_visit::has_visited(conn, &"sub_ben".parse().unwrap(), &site)?);
                site_visit::of_subscriber(conn, &ann)
            })
            .await;
        assert_eq!(visits, [(site_id("payer"), at(1))]);
    }
}

#[tokio::test]
async fn a_grant_comes_back_as_it_was_and_its_code_makes_no_second_one() {
    for database in TestDatabase::each() {
        database.write(community).await;
        database
            .write(|conn| {
                store_session(conn, "one", "ann", 0)?;
                store_grant(conn, "a", "one", "ann", "payer")
            })
            .await;
        let expected = a_grant("a", "one", "ann", "payer");
        let (id, by_code) = (expected.id.clone(), digest("a"));
        assert_eq!(database.read(move |conn| grant::find(conn, &id)).await, Some(expected.clone()));
        assert_eq!(database.read(move |conn| grant::by_code(conn, &by_code)).await, Some(expected));

        let refused = database
            .db
            .write(|conn| grant::insert(conn, &a_grant("b", "one", "ann", "payer"), &digest("a")))
            .await
            .unwrap_err();
        assert!(matches!(refused, StoreError::Conflict(Taken::Code)), "{refused:?}");

        let (last, elsewhere, participants) = database
            .write(|conn| {
                let mut later = a_grant("c", "one", "ann", "payer");
                later.issued_at = at(2);
                later.affiliation = Some("aff_2".parse().unwrap());
                grant::insert(conn, &later, &digest("c"))?;
                let session = later.session;
                let last = grant::last_affiliation(conn, &session, &site_id("payer"))?;
                let elsewhere = grant::last_affiliation(conn, &session, &site_id("quiet"))?;
                Ok((last, elsewhere, grant::participants(conn, &session)?))
            })
            .await;
        assert_eq!(last, Some("aff_2".parse().unwrap()));
        assert_eq!((elsewhere, participants), (None, vec![site_id("payer")]));

        let swept = database
            .write(|conn| Ok((grant::sweep(conn, at(240))?, grant::sweep(conn, at(241))?)))
            .await;
        assert_eq!(swept, ((0, 0), (2, 1)));
    }
}

#[tokio::test]
async fn the_seventh_failure_locks_a_name_whether_or_not_anybody_has_it() {
    let limits = Limits::default();
    for database in TestDatabase::each() {
        let states = database
            .write(move |conn| {
                let name = digest("nobody has this name");
                let mut states = vec![lockout::load_for_update(conn, &name, at(1))?];
                for _ in 0..8 {
                    states.push(count_failure(conn, &name, limits)?);
                }
                states.push(lockout::load_for_update(conn, &name, at(1))?);
                lockout::save(conn, &name, Lockout::CLEAR, at(1))?;
                states.push(lockout::load_for_update(conn, &name, at(1))?);
                assert_eq!(lockout::sweep(conn, at(1))?, 0);
                assert_eq!(lockout::sweep(conn, at(2))?, 1);
                Ok(states)
            })
            .await;
        let locked = Lockout::Locked { until: at(10) };
        let mut expected: Vec<Lockout> =
            (0..=6).map(|failures| Lockout::Open { failures, of_factors: 0 }).collect();
        expected.extend([locked, locked, locked, Lockout::CLEAR]);
        assert_eq!(states, expected);
    }
}

#[tokio::test]
async fn a_message_is_delivered_once_and_retried_when_due() {
    let content = Content::BackchannelLogout {
        site: site_id("payer"),
        session: "ses_one".parse().unwrap(),
        subscriber: "sub_ann".parse().unwrap(),
    };
    for database in TestDatabase::each() {
        let content = content.clone();
        database
            .write(move |conn| {
                let message =
                    |id: &str| NewMessage { id: id.parse().unwrap(), content: content.clone() };
                let (first, second) = (message("msg_1"), message("msg_2"));
                outbox::enqueue(conn, &[], at(0))?;
                outbox::enqueue(conn, &[first.clone(), second.clone()], at(0))?;
                assert_eq!(outbox::waiting(conn)?, 2);

                let claimed = outbox::claim(conn, 10, at(1), at(2))?;
                assert_eq!(claimed.len(), 2);
                assert_eq!((&claimed[0].content, claimed[0].created_at), (&content, at(0)));
                assert!(outbox::claim(conn, 10, at(1), at(2))?.is_empty(), "taken on");

                outbox::delivered(conn, &first.id, "200", at(1))?;
                outbox::retry(conn, &second.id, "503", at(5))?;
                outbox::failed(conn, &first.id, "too late: it is settled")?;
                assert!(outbox::claim(conn, 10, at(4), at(6))?.is_empty(), "not due yet");
                let again = outbox::claim(conn, 10, at(5), at(6))?;
                assert_eq!((again.len(), again[0].attempts), (1, 1));
                // This node dies; at the end of its lease another one takes over.
                assert_eq!(outbox::claim(conn, 10, at(6), at(7))?.len(), 1);
                outbox::failed(conn, &second.id, "gone")?;

                let receipts = outbox::receipts(conn, &"ses_one".parse().unwrap())?;
                let told: Vec<_> = receipts
                    .iter()
                    .map(|r| (r.state, r.attempts, r.delivered_at, r.last_status.as_deref()))
                    .collect();
                assert_eq!(told.len(), 2);
                assert!(told.contains(&(MessageState::Delivered, 1, Some(at(1)), Some("200"))));
                assert!(told.contains(&(MessageState::Failed, 2, None, Some("gone"))));
                assert_eq!(outbox::waiting(conn)?, 0);

                let unsettled =
                    NewMessage { id: "msg_3".parse().unwrap(), content: content.clone() };
                outbox::enqueue(conn, &[unsettled], at(0))?;
                assert_eq!(outbox::sweep(conn, at(0))?, 0);
                assert_eq!(outbox::sweep(conn, at(1))?, 2);
                assert_eq!(outbox::waiting(conn)?, 1, "nothing is forgotten undelivered");
                Ok(())
            })
            .await;
    }
}

#[tokio::test]
async fn a_lease_has_one_holder_until_it_runs_out() {
    for database in TestDatabase::each() {
        database
            .write(|conn| {
                let mut take = |holder, now, until| {
                    lease::try_acquire(conn, "seal", holder, at(now), at(until))
                };
                assert!(take("a", 0, 10)?);
                assert!(!take("b", 9, 20)?);
                assert!(take("a", 9, 15)?);
                assert!(take("b", 15, 20)?);
                assert!(!take("a", 16, 30)?);
                Ok(())
            })
            .await;
    }
}

#[tokio::test]
async fn a_value_about_the_database_is_set_once() {
    for database in TestDatabase::each() {
        let values = database
            .write(|conn| {
                let key = meta::MASTER_KEY_CHECK;
                Ok((
                    meta::read(conn, key)?,
                    meta::read_or_insert(conn, key, "first")?,
                    meta::read_or_insert(conn, key, "second")?,
                ))
            })
            .await;
        assert_eq!(values, (None, "first".to_owned(), "first".to_owned()));
    }
}
