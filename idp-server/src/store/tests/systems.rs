//! Systems that act for an organization.

use std::sync::Arc;

use idp_core::{
    community::system_client::{Purpose, SetUpCode, Stage, SystemClient, SystemKeys},
    secret::SecretDigest,
};
use serde_json::json;

use super::{TestDatabase, samples::*};
use crate::store::{
    AnyConn, StoreError,
    system_client::{self, After},
};

pub(crate) fn a_system(id: &str, organization: &str, name: &str) -> SystemClient {
    SystemClient {
        id: id.parse().unwrap(),
        organization: organization.parse().unwrap(),
        name: name.to_owned(),
        scopes: ["hie/pmp.query".to_owned()].into(),
        purposes: [Purpose::Treatment].into(),
        stage: Stage::Waiting(SetUpCode {
            digest: SecretDigest::of("code"),
            expires_at: at(7),
            failures: 0,
        }),
    }
}

fn store(conn: &mut AnyConn) -> Result<(), StoreError> {
    community(conn)?;
    for (id, organization, name) in [
        ("sys_c", "org_clinic", "Alpha"),
        ("sys_a", "org_clinic", "Beta"),
        ("sys_b", "org_clinic", "Beta"),
        ("sys_d", "org_billing", "Alpha"),
    ] {
        system_client::insert(conn, &a_system(id, organization, name))?;
    }
    Ok(())
}

#[tokio::test]
async fn a_system_comes_back_as_it_was_with_its_organization_and_business_numbers_only() {
    for database in TestDatabase::each() {
        database.write(store).await;
        let keys = SystemKeys::read(json!({"keys": [{
            "kty": "EC", "crv": "P-256", "kid": "1",
            "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
            "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM",
        }]}));
        let stage = Stage::Active { keys: keys.unwrap(), until: at(100), next: None };
        let active = SystemClient { stage, ..a_system("sys_a", "org_clinic", "Beta") };
        let changed = active.clone();
        database.write(move |conn| system_client::save(conn, &changed)).await;
        database.counted();
        let load = |id: &'static str| {
            database.read(move |conn| system_client::with_organization(conn, &id.parse().unwrap()))
        };
        let found = load("sys_a").await.unwrap();
        assert_eq!(database.counted().0, 1, "one statement");
        assert_eq!(found.system, active);
        assert_eq!(found.organization, an_organization("org_clinic", "Cedar Falls Clinic"));
        let numbers: Vec<_> = found.tax_ids.iter().map(|id| id.id.as_str()).collect();
        assert_eq!(numbers, ["tin_1", "tin_2"]);
        let personal = load("sys_d").await.unwrap();
        assert!(personal.tax_ids.is_empty(), "a personal number is not even read");
        assert_eq!(load("sys_x").await, None);
    }
}

#[tokio::test]
async fn a_list_holds_the_systems_of_one_organization_page_by_page() {
    for database in TestDatabase::each() {
        database.write(store).await;
        let pages = database
            .read(|conn| {
                let clinic = "org_clinic".parse().unwrap();
                let (mut pages, mut after) = (Vec::new(), None);
                loop {
                    let page = system_client::of_organization(conn, &clinic, after.as_ref(), 1)?;
                    let Some(last) = page.last() else { return Ok(pages) };
                    after = Some(After { name: last.name.clone(), id: last.id.clone() });
                    pages.push(last.id.to_string());
                }
            })
            .await;
        assert_eq!(pages, ["sys_c", "sys_a", "sys_b"]);
    }
}

#[tokio::test]
async fn what_is_anothers_is_not_loaded_to_be_changed() {
    for database in TestDatabase::each() {
        database.write(store).await;
        let found = database
            .write(|conn| {
                let load = |conn: &mut AnyConn, organization: &str| {
                    let of = organization.parse().unwrap();
                    system_client::load_for_update_of(conn, &of, &"sys_a".parse().unwrap())
                };
                Ok((load(conn, "org_clinic")?.is_some(), load(conn, "org_billing")?.is_some()))
            })
            .await;
        assert_eq!(found, (true, false));
    }
}

#[tokio::test]
async fn wrong_tries_at_one_moment_all_count() {
    for database in TestDatabase::each() {
        database.write(store).await;
        let database = Arc::new(database);
        let tries = (0..8).map(|_| {
            let database = Arc::clone(&database);
            async move {
                database
                    .write(move |conn| {
                        let id = "sys_b".parse().unwrap();
                        let mut system = system_client::load_for_update(conn, &id)?.unwrap();
                        if let Stage::Waiting(code) = &mut system.stage {
                            code.failures += 1;
                        }
                        system_client::save(conn, &system)
                    })
                    .await;
            }
        });
        futures_util::future::join_all(tries).await;
        let load = |conn: &mut _| system_client::load_for_update(conn, &"sys_b".parse().unwrap());
        let system = database.write(load).await.unwrap();
        assert!(matches!(system.stage, Stage::Waiting(code) if code.failures == 8), "{system:?}");
    }
}
