use idp_core::{community::affiliation::AffiliationStatus, secret::SecretDigest};

use super::*;
use crate::{
    app, config,
    store::{
        AnyConn, audit, catalog, organization, person,
        session::{self, NewSession},
        site,
        tests::TestDatabase,
    },
};

const DEMO: &str = include_str!("../../../../config/demo-community.toml");

fn import(text: &str, dry_run: bool) -> Arc<Import> {
    let random = Random::new();
    let community = import::read(text, || random.bytes());
    let community = community.unwrap_or_else(|mistakes| panic!("{mistakes:#?}"));
    let hashes = community
        .subscribers
        .iter()
        .filter(|entry| entry.password.is_some())
        .map(|entry| (entry.user_id.clone(), format!("$argon2id$of {}", entry.user_id)))
        .collect();
    let keys = SubKeys::for_tests();
    let sealer = Arc::new(Sealer::new(&keys, random.clone()).unwrap());
    Arc::new(Import {
        community,
        hashes,
        numbers: TaxNumbers::new(keys.tax_id_index, Arc::clone(&sealer)),
        sealer,
        random,
        actor: idp_core::audit::Actor::Operator("test".to_owned()),
        now: at(0),
        dry_run,
    })
}

fn at(minute: i64) -> chrono::DateTime<chrono::Utc> {
    chrono::DateTime::from_timestamp_millis(1_795_521_600_000 + minute * 60_000).unwrap()
}

async fn load(database: &TestDatabase, text: &str) -> Result<Summary, Mistake> {
    let import = import(text, false);
    match database.write(move |conn| import.run(conn)).await {
        Outcome::Done(summary) => Ok(summary),
        Outcome::Refused(mistake) => Err(mistake),
    }
}

/// What a session of the person tells.
async fn person_of(database: &TestDatabase, user_id: &'static str) -> person::LoadedPerson {
    use idp_core::authentication::{
        assurance::{Method, Proof},
        session::{Session, SessionRules},
    };

    let open = app::open_ssn(Arc::new(Sealer::new(&SubKeys::for_tests(), Random::new()).unwrap()));
    let found = database.write(move |conn: &mut AnyConn| {
        let account = subscriber::for_sign_in(conn, user_id)?.unwrap();
        let id = idp_core::ids::SessionId::from_random(Random::new().bytes());
        let proof = Proof { method: Method::Password, at: at(0) };
        let session = Session::begin(id, account.subscriber.id, proof, &SessionRules::default());
        let cookie = SecretDigest::of(session.id.as_str());
        let new = NewSession {
            session: &session,
            cookie: &cookie,
            previous_sign_in_at: None,
            address: "192.0.2.1",
            user_agent: "",
        };
        session::insert(conn, &new)?;
        person::by_cookie(conn, &cookie, &*open)
    });
    found.await.unwrap()
}

#[tokio::test]
async fn the_demo_community_is_loaded_and_loading_it_again_changes_nothing() {
    for database in TestDatabase::each() {
        let first = load(&database, DEMO).await.unwrap();
        assert!(first.changed.is_empty(), "{first:?}");
        assert!(first.added.contains(&"subscriber practitioner".to_owned()), "{first:?}");
        let versions = database.read(catalog::read_all).await;
        let events = database.read(audit::waiting).await;

        let second = load(&database, DEMO).await.unwrap();
        assert_eq!((second.added.len(), second.changed.len()), (0, 0), "{second:?}");
        assert_eq!(database.read(catalog::read_all).await, versions);
        assert_eq!(database.read(audit::waiting).await, events, "nothing to tell of");

        let biller = person_of(&database, "biller").await;
        let numbers: Vec<String> = biller
            .affiliations
            .iter()
            .flat_map(|affiliation| &affiliation.tax_ids)
            .map(|tax_id| tax_id.number.shown())
            .collect();
        assert_eq!(numbers.len(), 2);
        assert!(numbers.contains(&"91-1234567".to_owned()));
        assert!(numbers.contains(&"45-1122334".to_owned()), "only the clinics' number");
        assert!(person_of(&database, "unaffiliated").await.affiliations.is_empty());
        let sites = database.read(site::all).await;
        assert!(sites.iter().all(|site| site.demo));
    }
}

#[tokio::test]
async fn a_dry_run_tells_everything_and_changes_nothing() {
    for database in TestDatabase::each() {
        let dry = import(DEMO, true);
        let Outcome::Done(told) = database.write(move |conn| dry.run(conn)).await else {
            panic!("refused");
        };
        assert!(database.read(site::all).await.is_empty());
        assert_eq!(database.read(audit::waiting).await, 0);
        let done = load(&database, DEMO).await.unwrap();
        assert_eq!((told.added, told.changed), (done.added, done.changed));
    }
}

#[tokio::test]
async fn what_changed_in_the_file_changes_and_nothing_else() {
    for database in TestDatabase::each() {
        load(&database, DEMO).await.unwrap();
        let changed = DEMO
            .replace("Cedar Falls Family Medicine", "Cedar Falls Medicine")
            .replace("roles = [\"billing-specialist\"]\n", "roles = [\"office-manager\"]\n")
            .replace("client_name = \"Payer\"", "client_name = \"The Payer\"")
            .replace("{ number = \"20-3456789\", primary = true },", "{ number = \"20-3456789\" },")
            .replace("{ number = \"45-1122334\" }", "{ number = \"45-1122334\", primary = true }")
            .replace("[{ number = \"82-7654321\" }]", "[{ number = \"83-7654321\" }]");
        let summary = load(&database, &changed).await.unwrap();
        assert_eq!(summary.added, ["Tax ID 83-7654321 of org_lakeside"]);
        assert_eq!(
            summary.changed,
            [
                "site payer",
                "organization org_cedar-falls",
                "organization org_lakeside",
                "Tax ID 45-1122334 of org_north-sound",
                "subscriber biller",
            ]
        );
        let again = load(&database, &changed).await.unwrap();
        assert_eq!((again.added.len(), again.changed.len()), (0, 0), "{again:?}");
    }
}

#[tokio::test]
async fn a_number_moves_from_one_organization_to_another_in_one_import() {
    for database in TestDatabase::each() {
        load(&database, DEMO).await.unwrap();
        let moved = DEMO
            .replace("{ number = \"45-1122334\" },", "")
            .replace("tax_ids = [\"45-1122334\"]\n", "")
            .replace(
                "[{ number = \"82-7654321\" }]",
                "[{ number = \"82-7654321\" }, { number = \"45-1122334\" }]",
            );
        load(&database, &moved).await.unwrap();
        let profile = person_of(&database, "profile").await;
        assert_eq!(profile.affiliations[0].tax_ids.len(), 2);
    }
}

#[tokio::test]
async fn a_file_that_contradicts_what_is_there_changes_nothing() {
    let other = r#"
[[organization]]
id = "org_other"
name = "Other"
tax_ids = [{ number = "911234567" }]
"#;
    let same_address = r#"
[[organization]]
id = "org_new"
name = "New"
tax_ids = [{ number = "30-1234567" }]

[[subscriber]]
user_id = "somebody"
given_name = "Some"
family_name = "Body"
email = "ANA.RIVERA@cedar-falls.example"
"#;
    for database in TestDatabase::each() {
        load(&database, DEMO).await.unwrap();
        let refused = load(&database, other).await.unwrap_err();
        assert_eq!(
            refused.to_string(),
            "line 5: this Tax ID is registered by another organization"
        );
        let refused = load(&database, same_address).await.unwrap_err();
        assert_eq!(refused.to_string(), "line 7: this e-mail address belongs to another account");
        let new = database.read(|conn| organization::find(conn, &"org_new".parse().unwrap())).await;
        assert!(new.is_none(), "all or nothing");
    }
}

#[tokio::test]
async fn a_password_that_was_chosen_since_stays() {
    for database in TestDatabase::each() {
        load(&database, DEMO).await.unwrap();
        database
            .write(|conn| {
                let account = subscriber::for_sign_in(conn, "biller")?.unwrap();
                subscriber::set_password(conn, &account.subscriber.id, "$argon2id$mine", at(1))
            })
            .await;
        load(&database, DEMO).await.unwrap();
        let account = database.read(|conn| subscriber::for_sign_in(conn, "biller")).await.unwrap();
        assert_eq!(account.password_hash.as_deref(), Some("$argon2id$mine"));
    }
}

#[tokio::test]
async fn who_is_stopped_in_the_file_loses_sessions_and_affiliations_at_once() {
    for database in TestDatabase::each() {
        load(&database, DEMO).await.unwrap();
        let before = person_of(&database, "practitioner").await;
        assert_eq!(before.affiliations[0].status, AffiliationStatus::Active);
        let stopped = DEMO
            .replace(
                "user_id = \"practitioner\"",
                "user_id = \"practitioner\"\nstatus = \"suspended\"",
            )
            .replace("since = 2024-03-11", "since = 2024-03-11\nstatus = \"ended\"");
        let summary = load(&database, &stopped).await.unwrap();
        assert_eq!(summary.changed, ["subscriber practitioner"]);
        let id = before.session.id.clone();
        let session = database.read(move |conn| session::find(conn, &id)).await.unwrap();
        assert_eq!(session.ended_at, Some(at(0)));
        assert!(person_of(&database, "practitioner").await.affiliations.is_empty());
        let again = load(&database, &stopped).await.unwrap();
        assert_eq!(again.changed.len(), 0, "{again:?}");
    }
}

#[tokio::test]
async fn a_personal_number_is_unreadable_in_the_database() {
    let text = r#"
[[organization]]
id = "org_solo"
name = "Solo practice"
tax_ids = [{ number = "123-45-6789", type = "ssn" }]

[[subscriber]]
user_id = "solo"
given_name = "So"
family_name = "Lo"

[[subscriber.affiliation]]
organization = "org_solo"
tax_ids = ["123-45-6789"]
"#;
    for database in TestDatabase::each() {
        load(&database, text).await.unwrap();
        let summary = load(&database, text).await.unwrap();
        assert_eq!((summary.added.len(), summary.changed.len()), (0, 0), "{summary:?}");
        let solo = person_of(&database, "solo").await;
        assert_eq!(solo.affiliations[0].tax_ids[0].number.shown(), "***-**-6789");
        if let config::DatabaseUrl::Sqlite(path) = &database.url {
            let wal = path.with_extension("sqlite-wal");
            let bytes = [fs::read(path).unwrap(), fs::read(wal).unwrap_or_default()].concat();
            assert!(!bytes.windows(9).any(|window| window == b"123456789"));
        }
    }
}
