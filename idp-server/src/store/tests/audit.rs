//! The audit record can be added to and never changed.

use diesel::connection::SimpleConnection as _;
use idp_core::{
    audit::{Actor, Event, Head, Kind, Tip, seal},
    ids::EventId,
    keys::KeyId,
};
use serde_json::json;

use super::{TestDatabase, samples::*};
use crate::store::{AnyConn, StoreError, audit, connection::on_either};

fn event(n: u8) -> Event {
    let id = EventId::from_random([n; 16]);
    Event::new(
        id,
        at(n.into()),
        Kind::LoginSucceeded,
        Actor::Subscriber("sub_ann".parse().unwrap()),
    )
    .on_behalf_of("org_clinic".parse().unwrap())
    .to("sub_ann".parse().unwrap())
    .in_session("ses_one".parse().unwrap())
    .at_site("payer".parse().unwrap())
    .from_address("2001:db8::1".parse().unwrap())
    .before(json!({ "b": [1, 2.5, null], "a": "\u{1f3e5}" }))
    .after(json!(null))
    .because("because")
}

fn seal_all(conn: &mut AnyConn) -> Result<usize, StoreError> {
    let last = audit::last_seal(conn)?;
    let events = audit::pending(conn, 100)?;
    let seals = seal(last.as_ref(), &events);
    let Some(end) = seals.last() else { return Ok(0) };
    let head =
        Head { tip: Tip::of(end, at(9)), kid: KeyId::new("k1".to_owned()), signature: vec![7; 64] };
    audit::append(conn, &seals, &head)?;
    Ok(seals.len())
}

#[tokio::test]
async fn events_come_back_with_the_hash_that_they_were_sealed_with() {
    for database in TestDatabase::each() {
        database
            .write(|conn| {
                audit::record(conn, &[])?;
                audit::record(conn, &[event(2)])?;
                audit::record(
                    conn,
                    &[
                        event(1),
                        Event::new(
                            EventId::from_random([3; 16]),
                            at(3),
                            Kind::SiteAdded,
                            Actor::Operator("root".to_owned()),
                        ),
                    ],
                )?;
                assert_eq!(audit::waiting(conn)?, 3);
                assert_eq!(seal_all(conn)?, 3);
                assert_eq!(audit::waiting(conn)?, 0);
                audit::record(conn, &[event(4)])?;
                assert_eq!(seal_all(conn)?, 1);
                Ok(())
            })
            .await;
        let (first, rest, heads, unaccounted) = database
            .read(|conn| {
                let first = audit::sealed_after(conn, 0, 3)?;
                let rest = audit::sealed_after(conn, 3, 3)?;
                Ok((first, rest, audit::heads_after(conn, 0, 9)?, audit::unaccounted(conn, 9)?))
            })
            .await;
        assert_eq!(first[0].1, Some(event(1)), "the oldest first");
        assert_eq!(first[1].1, Some(event(2)));
        assert_eq!((first.len(), rest.len(), heads.len(), unaccounted.len()), (3, 1, 2, 0));
        for (position, (seal, event)) in first.iter().chain(&rest).enumerate() {
            assert_eq!(seal.position, position as u64 + 1);
            assert_eq!(seal.event_hash, event.as_ref().unwrap().hash());
        }
        assert_eq!(heads[1].tip.chain_hash, rest[0].0.chain_hash);
    }
}

#[tokio::test]
async fn the_database_refuses_to_change_or_remove_what_testifies() {
    for database in TestDatabase::each() {
        database
            .write(|conn| {
                audit::record(conn, &[event(1)])?;
                seal_all(conn)
            })
            .await;
        let mut statements = vec![
            "UPDATE audit_event SET kind = 'login.failed'",
            "DELETE FROM audit_event",
            "UPDATE audit_seal SET position = 7",
            "DELETE FROM audit_seal",
            "UPDATE audit_head SET kid = 'k2'",
            "DELETE FROM audit_head",
        ];
        if database.is_postgres() {
            statements.push("TRUNCATE audit_event CASCADE");
            statements.push("TRUNCATE audit_head");
        }
        for sql in statements {
            let refused = database
                .db
                .write(move |conn| Ok(on_either!(conn, c => c.batch_execute(sql))?))
                .await
                .unwrap_err();
            assert!(refused.to_string().contains("cannot be changed"), "{sql}: {refused}");
        }
        let kept = database.read(|conn| audit::sealed_after(conn, 0, 9)).await;
        assert_eq!(kept[0].1, Some(event(1)));
    }
}

#[tokio::test]
async fn two_nodes_do_not_seal_the_same_place() {
    for database in TestDatabase::each() {
        database
            .write(|conn| {
                audit::record(conn, &[event(1)])?;
                seal_all(conn)
            })
            .await;
        let refused = database
            .db
            .write(|conn| {
                audit::record(conn, &[event(2)])?;
                let seals = seal(None, &audit::pending(conn, 9)?);
                let tip = Tip::of(seals.last().unwrap(), at(9));
                let head = Head { tip, kid: KeyId::new("k1".to_owned()), signature: vec![] };
                audit::append(conn, &seals, &head)
            })
            .await;
        assert!(matches!(refused, Err(StoreError::Conflict(_))), "{refused:?}");
    }
}
