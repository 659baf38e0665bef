//! The register on a real database: first keys, rotation, and several nodes at once.

use std::{env, fs, process};

use idp_core::oidc::jose::TokenType;
use serde_json::{Value, json};

use super::*;
use crate::{
    config::{Keys, MasterKey},
    keys::{
        ring::{Expiry, KeyRing},
        sub_keys::SubKeys,
    },
    store::{catalog, tests::TestDatabase},
};

const ISSUER: &str = "https://id.hilum.example";
const ES: SigningAlgorithm = SigningAlgorithm::Es256;

fn day(day: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_790_000_000, 0).unwrap() + TimeDelta::days(day)
}

/// A node on this database: 90 days of signing, one day of being published before.
fn node(database: &TestDatabase) -> Register {
    let sealer = Sealer::new(&SubKeys::for_tests(), Random::new()).unwrap();
    let settings = Keys {
        rotation: TimeDelta::days(90),
        publish_lead: TimeDelta::days(1),
        rsa_size: RsaSize::Bits2048,
    };
    Register::new(database.db.clone(), Arc::new(sealer), settings)
}

/// The states of the ES256 keys, in the order of their names.
async fn states(register: &Register) -> Vec<&'static str> {
    let keys = register.list(KeyUse::Tokens).await.unwrap();
    let mut states: Vec<_> =
        keys.iter().filter(|key| key.algorithm == ES).map(|key| key.state.name()).collect();
    states.sort_unstable();
    states
}

async fn version(register: &Register) -> i64 {
    register.db.read(catalog::read_all).await.unwrap().keys
}

fn operator() -> Actor {
    Actor::Operator("root".to_owned())
}

#[tokio::test]
async fn the_first_start_makes_a_key_for_everything_that_is_signed() {
    for database in TestDatabase::each() {
        let register = node(&database);
        assert!(matches!(register.audit_keys().await, Err(RegisterError::NoAuditKey)));
        assert!(register.keep(day(0)).await.unwrap());
        assert!(!register.keep(day(0)).await.unwrap(), "nothing more is due");

        let ring = KeyRing::new(ISSUER, register.load(KeyUse::Tokens).await.unwrap()).unwrap();
        assert_eq!(ring.algorithms(), SigningAlgorithm::ALL);
        let audit = register.audit_keys().await.unwrap();
        let (kid, signature) = audit.sign(b"head").unwrap();
        assert!(audit.has_signed(kid.as_str(), b"head", &signature));
        let set = String::from_utf8(ring.jwks().body.to_vec()).unwrap();
        assert!(!set.contains(kid.as_str()), "an audit key is no key of tokens");
    }
}

#[tokio::test]
async fn a_token_of_one_node_is_good_at_another_and_after_a_restart() {
    for database in TestDatabase::each() {
        node(&database).keep(day(0)).await.unwrap();
        let load = || async {
            KeyRing::new(ISSUER, node(&database).load(KeyUse::Tokens).await.unwrap()).unwrap()
        };
        let claims = json!({ "iss": ISSUER, "exp": day(1).timestamp() });
        let token = load().await.sign(ES, TokenType::AccessToken, &claims).unwrap();
        let verified =
            load().await.verify_own::<Value>(&token, TokenType::AccessToken, Expiry::At(day(0)));
        assert_eq!(verified, Ok(claims));
    }
}

#[tokio::test]
async fn keys_go_through_their_life_by_schedule() {
    for database in TestDatabase::each() {
        let register = node(&database);
        for (today, expected) in [
            (0, vec!["active"]),
            (88, vec!["active"]),
            (89, vec!["active", "upcoming"]),
            (90, vec!["active", "retiring"]),
            (91, vec!["active", "retired"]),
        ] {
            register.keep(day(today)).await.unwrap();
            assert_eq!(states(&register).await, expected, "day {today}");
        }
        // What does not sign any more cannot be stolen.
        let stored = register.stored(KeyUse::Tokens).await.unwrap();
        assert!(stored.iter().all(|key| key.sealed.is_some() == key.record.state.may_sign()));
    }
}

#[tokio::test]
async fn the_audit_record_tells_the_life_of_a_key() {
    for database in TestDatabase::each() {
        let register = node(&database);
        for today in [0, 89, 90, 91] {
            register.keep(day(today)).await.unwrap();
        }
        let (audit_key, routine) = (KeyUse::Audit, Urgency::Routine);
        let rotated = register.rotate(audit_key, AUDIT_ALGORITHM, routine, operator(), day(92));
        assert!(rotated.await.unwrap());
        let events = register.db.read(|conn| audit::pending(conn, 100)).await.unwrap();
        let keys = register.list(KeyUse::Tokens).await.unwrap();
        let first = &keys.iter().find(|key| !key.state.is_published()).unwrap().kid;
        let of_first = |event: &&Event| event.after.as_ref().unwrap()["kid"] == first.as_str();
        let told: Vec<_> = events.iter().filter(of_first).map(|event| event.kind).collect();
        assert_eq!(told, [Kind::KeyActivated, Kind::KeyReplaced, Kind::KeyRetired]);
        let by_hand: Vec<_> = events.iter().filter(|event| event.actor == operator()).collect();
        assert_eq!(by_hand.len(), 2, "{by_hand:?}");
    }
}

#[tokio::test]
async fn an_operator_rotates_at_once_and_every_node_hears_of_it() {
    for database in TestDatabase::each() {
        let (register, other) = (node(&database), node(&database));
        register.keep(day(0)).await.unwrap();
        let ring = KeyRing::new(ISSUER, other.load(KeyUse::Tokens).await.unwrap()).unwrap();
        let claims = json!({ "iss": ISSUER, "exp": day(9).timestamp() });
        let sign = || ring.sign(ES, TokenType::AccessToken, &claims).unwrap();
        let is_valid = |token: &str| {
            let expiry = Expiry::At(day(1));
            ring.verify_own::<Value>(token, TokenType::AccessToken, expiry).is_ok()
        };
        let (first, seen) = (sign(), version(&other).await);

        let rotate = |urgency| register.rotate(KeyUse::Tokens, ES, urgency, operator(), day(1));
        assert!(rotate(Urgency::Routine).await.unwrap());
        assert_ne!(version(&other).await, seen);
        other.refresh(&ring).await.unwrap();
        assert_eq!(states(&other).await, ["active", "retiring"]);
        let second = sign();
        assert!(is_valid(&first) && is_valid(&second));

        assert!(rotate(Urgency::Compromised).await.unwrap());
        other.refresh(&ring).await.unwrap();
        assert_eq!(states(&other).await, ["active", "retired", "retired"]);
        assert!(!is_valid(&first) && !is_valid(&second) && is_valid(&sign()));
    }
}

#[tokio::test]
async fn of_nodes_that_start_at_once_one_makes_the_keys() {
    for database in TestDatabase::each() {
        let nodes: Vec<_> = (0..4).map(|_| node(&database)).collect();
        let starts = nodes.iter().map(|node| node.keep(day(0)));
        for outcome in futures_util::future::join_all(starts).await {
            outcome.unwrap();
        }
        for key_use in [KeyUse::Tokens, KeyUse::Audit] {
            let keys = nodes[0].list(key_use).await.unwrap();
            let expected = if key_use == KeyUse::Tokens { SigningAlgorithm::ALL.len() } else { 1 };
            assert_eq!(keys.len(), expected, "{keys:?}");
            assert!(keys.iter().all(|key| key.state.signs()));
        }
    }
}

#[tokio::test]
async fn the_database_allows_one_active_key_only() {
    for database in TestDatabase::each() {
        let register = node(&database);
        register.keep(day(0)).await.unwrap();
        let second = register
            .make(KeyUse::Tokens, ES, KeyState::Active { activated_at: day(0) }, day(0))
            .unwrap();
        let insert = move |conn: &mut AnyConn| signing_key::insert(conn, KeyUse::Tokens, &second);
        assert!(matches!(register.db.write(insert).await, Err(StoreError::Conflict(_))));
    }
}

#[tokio::test]
async fn private_keys_do_not_open_under_another_master_key() {
    for database in TestDatabase::each() {
        node(&database).keep(day(0)).await.unwrap();
        let mut register = node(&database);
        let folder = env::temp_dir().join(format!("hilum-other-key-{}", process::id()));
        let file = folder.join("master.key");
        MasterKey::create(&file, &Random::new()).unwrap();
        let keys = SubKeys::derive(&MasterKey::read(&file).unwrap()).unwrap();
        fs::remove_dir_all(&folder).unwrap();
        register.sealer = Arc::new(Sealer::new(&keys, Random::new()).unwrap());
        let refused = register.load(KeyUse::Tokens).await;
        assert!(matches!(refused, Err(RegisterError::Seal(_, SealError::OtherMasterKey))));
    }
}
