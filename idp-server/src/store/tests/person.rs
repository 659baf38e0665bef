//! The hot read: what it tells, and that it takes one statement.

use idp_core::{
    audit::{Actor, Event, Kind},
    community::affiliation::AffiliationStatus,
    ids::{EventId, TaxIdId},
};

use super::{TestDatabase, samples::*};
use crate::store::{
    StoreError, affiliation, audit, connection::on_either, grant, organization, person,
};

#[tokio::test]
async fn one_statement_tells_a_session_its_person_and_all_they_act_for() {
    for database in TestDatabase::each() {
        database.write(community).await;
        database
            .write(|conn| {
                store_session(conn, "one", "ann", 0)?;
                store_session(conn, "two", "ben", 0)?;
                store_grant(conn, "a", "one", "ann", "payer")
            })
            .await;
        database.counted();

        let ann =
            database.read(|conn| person::by_cookie(conn, &digest("one"), &open)).await.unwrap();
        assert_eq!(database.counted(), (1, 0));
        assert_eq!(ann.session, a_session("one", "ann", 0));
        assert_eq!(ann.subscriber.user_id.as_str(), "ann");
        assert_eq!(ann.previous_sign_in_at, Some(at(-500)));
        let told: Vec<(&str, &str, Vec<String>)> = ann
            .affiliations
            .iter()
            .map(|a| {
                let numbers = a.tax_ids.iter().map(|tax_id| tax_id.number.shown()).collect();
                (a.id.as_str(), a.organization.name.as_str(), numbers)
            })
            .collect();
        // tin_1 is the clinic's main number, but Ann may use only tin_2.
        assert_eq!(
            told,
            [
                ("aff_1", "Cedar Falls Clinic", vec!["91-7654321".to_owned()]),
                ("aff_2", "Ledger & Sons", vec!["***-**-6789".to_owned()]),
            ]
        );

        let (granted, same) = database
            .read(|conn| person::of_grant(conn, &"grt_a".parse().unwrap(), &open))
            .await
            .unwrap();
        assert_eq!(database.counted(), (1, 0));
        assert_eq!(granted, a_grant("a", "one", "ann", "payer"));
        assert_eq!(same.affiliations, ann.affiliations);

        let ben = database
            .read(|conn| person::by_session(conn, &"ses_two".parse().unwrap(), &open))
            .await
            .unwrap();
        assert!(ben.affiliations.is_empty());
    }
}

#[tokio::test]
async fn redeeming_a_code_and_refreshing_take_three_statements_and_one_commit_each() {
    let issued = |id: u8, kind| {
        Event::new(EventId::from_random([id; 16]), at(1), kind, Actor::Site(site_id("payer")))
    };
    for database in TestDatabase::each() {
        database.write(community).await;
        database.write(|conn| store_session(conn, "one", "ann", 0)).await;
        database.counted();
        database
            .write(move |conn| {
                person::by_session(conn, &"ses_one".parse().unwrap(), &open)?;
                store_grant(conn, "a", "one", "ann", "payer")?;
                audit::record(conn, &[issued(1, Kind::GrantIssued)])
            })
            .await;
        assert_eq!(database.counted(), (3, 1), "code");
        database
            .write(move |conn| {
                let id = "grt_a".parse().unwrap();
                let (grant, _) = person::of_grant(conn, &id, &open)?.unwrap();
                assert!(grant::rotate(conn, &id, grant.generation)?);
                audit::record(conn, &[issued(2, Kind::GrantRefreshed)])
            })
            .await;
        assert_eq!(database.counted(), (3, 1), "refresh");
    }
}

#[tokio::test]
async fn nobody_is_found_by_somebody_elses_name() {
    for database in TestDatabase::each() {
        database.write(community).await;
        database.write(|conn| store_session(conn, "one", "ann", 0)).await;
        let found = database
            .read(|conn| {
                Ok((
                    person::by_cookie(conn, &digest("ses_one"), &open)?.is_some(),
                    person::by_session(conn, &"ses_two".parse().unwrap(), &open)?.is_some(),
                    person::of_grant(conn, &"grt_x".parse().unwrap(), &open)?.is_some(),
                ))
            })
            .await;
        assert_eq!(found, (false, false, false));
    }
}

#[tokio::test]
async fn a_person_with_forty_affiliations_still_takes_one_statement() {
    for database in TestDatabase::each() {
        database.write(community).await;
        database
            .write(|conn| {
                for n in 0..40 {
                    let organization = format!("org_{n}");
                    let new = an_organization(&organization, "One of many");
                    organization::insert(conn, &new, false, at(0))?;
                    for k in 0..3 {
                        let number = format!("{}-{n:03}{k:04}", 20 + k);
                        let id = format!("tin_{n}_{k}");
                        store_ein(conn, &id, &organization, &number, k == 2)?;
                    }
                    let id = format!("aff_many_{n}");
                    affiliation::insert(conn, &an_affiliation(&id, "ben", &organization))?;
                }
                store_session(conn, "two", "ben", 0)
            })
            .await;
        database.counted();
        let ben =
            database.read(|conn| person::by_cookie(conn, &digest("two"), &open)).await.unwrap();
        assert_eq!(database.counted(), (1, 0));
        assert_eq!(ben.affiliations.len(), 40);
        for affiliation in &ben.affiliations {
            assert_eq!(affiliation.tax_ids.len(), 3);
            assert!(affiliation.tax_ids[0].primary, "the main number comes first");
        }
    }
}

#[tokio::test]
async fn an_ended_affiliation_is_gone_and_a_suspended_one_is_told() {
    for database in TestDatabase::each() {
        database.write(community).await;
        database
            .write(|conn| {
                store_session(conn, "one", "ann", 0)?;
                affiliation::end(conn, &"aff_1".parse().unwrap(), at(1))?;
                let suspended = affiliation::AffiliationRecord {
                    status: AffiliationStatus::Suspended,
                    ..an_affiliation("aff_2", "ann", "org_billing")
                };
                affiliation::update(conn, &suspended)
            })
            .await;
        let ann =
            database.read(|conn| person::by_cookie(conn, &digest("one"), &open)).await.unwrap();
        let told: Vec<_> = ann.affiliations.iter().map(|a| (a.id.as_str(), a.status)).collect();
        assert_eq!(told, [("aff_2", AffiliationStatus::Suspended)]);
    }
}

#[tokio::test]
async fn a_row_that_breaks_a_rule_is_named_and_its_value_is_not() {
    use diesel::connection::SimpleConnection as _;

    for database in TestDatabase::each() {
        database.write(community).await;
        let refused = database
            .db
            .write(|conn| {
                store_session(conn, "one", "ann", 0)?;
                let sql = "UPDATE affiliation SET roles = '[\"janitor\"]' WHERE id = 'aff_2'";
                on_either!(conn, c => c.batch_execute(sql))?;
                person::by_cookie(conn, &digest("one"), &open)
            })
            .await
            .unwrap_err();
        let StoreError::CorruptRow { table, column, row } = refused else {
            panic!("{refused:?}");
        };
        assert_eq!((table, column, row.as_str()), ("affiliation", "roles", "aff_2"));
    }
}

#[tokio::test]
async fn a_number_that_the_person_may_not_use_is_not_even_opened() {
    for database in TestDatabase::each() {
        database.write(community).await;
        database
            .write(|conn| {
                store_session(conn, "one", "ann", 0)?;
                let none = affiliation::AffiliationRecord {
                    tax_ids: Some([].into()),
                    ..an_affiliation("aff_2", "ann", "org_billing")
                };
                affiliation::update(conn, &none)?;
                grant::find(conn, &"grt_none".parse().unwrap())
            })
            .await;
        let unopened = |id: &TaxIdId, _: &[u8]| panic!("{id} was opened");
        let ann = database
            .read(move |conn| person::by_cookie(conn, &digest("one"), &unopened))
            .await
            .unwrap();
        assert!(ann.affiliations[1].tax_ids.is_empty());
    }
}
