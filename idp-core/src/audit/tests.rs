use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::ids::EventId;
use crate::keys::KeyId;

type Row = (Seal, Option<Event>);

fn at(second: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::seconds(second)
}

pub(super) fn id(n: u8) -> EventId {
    EventId::from_random([n; 16])
}

/// An event with something in every field.
pub(super) fn event(n: u8) -> Event {
    let actor = Actor::Subscriber("sub_ann".parse().unwrap());
    Event::new(id(n), at(n.into()), Kind::LoginSucceeded, actor)
        .on_behalf_of("org_clinic".parse().unwrap())
        .to("sub_ann".parse().unwrap())
        .in_session("ses_1".parse().unwrap())
        .at_site("credentia".parse().unwrap())
        .from_address("192.0.2.1".parse().unwrap())
        .before(json!({ "n": 1 }))
        .after(json!({ "n": n }))
        .because("because")
}

/// A stand-in for a signature that only the holder of a key can make.
fn sign(message: &[u8]) -> Vec<u8> {
    Sha256::of(&[b"only the sealer knows this", message].concat()).as_bytes().to_vec()
}

fn has_signed(kid: &KeyId, message: &[u8], signature: &[u8]) -> bool {
    kid.as_str() == "k1" && sign(message) == signature
}

fn head(last: &Seal) -> Head {
    let tip = Tip::of(last, at(1_000));
    Head { tip, kid: KeyId::new("k1"), signature: sign(&tip.message()) }
}

/// A record of `n` events, sealed and signed in batches of three.
fn record(n: u8) -> (Vec<Row>, Vec<Head>) {
    let events: Vec<Event> = (1..=n).map(event).collect();
    let (mut rows, mut heads): (Vec<Row>, Vec<Head>) = (Vec::new(), Vec::new());
    for batch in events.chunks(3) {
        let seals = seal(rows.last().map(|(seal, _)| seal), batch);
        heads.extend(seals.last().map(head));
        rows.extend(seals.into_iter().zip(batch.iter().cloned().map(Some)));
    }
    (rows, heads)
}

/// What somebody who can write to the database, but not sign, does to it.
type Meddling = fn(&mut Vec<Row>, &mut Vec<Head>);

/// Makes all seals agree with the events again, which needs no key.
fn reseal(rows: &mut Vec<Row>) {
    let events: Vec<Event> = rows.drain(..).filter_map(|(_, event)| event).collect();
    let seals = seal(None, &events);
    rows.extend(seals.into_iter().zip(events.into_iter().map(Some)));
}

fn renumber(rows: &mut [Row]) {
    for (position, (seal, _)) in (1..).zip(rows) {
        seal.position = position;
    }
}

/// What is found in a record of nine events, signed at rows 3, 6 and 9.
fn found(meddling: Meddling) -> Vec<Finding> {
    let (mut rows, mut heads) = record(9);
    meddling(&mut rows, &mut heads);
    check(rows, heads, has_signed)
}

#[test]
fn an_untouched_record_has_no_findings() {
    assert_eq!(found(|_, _| {}), []);
    assert_eq!(check([], [], has_signed), []);
}

#[test]
fn each_kind_of_meddling_is_named() {
    use Finding::*;
    let table: Vec<(&str, Meddling, Vec<Finding>)> = vec![
        (
            "an event is changed",
            |rows, _| rows[4].1.as_mut().unwrap().reason = None,
            vec![EventChanged { position: 5, event_id: id(5) }],
        ),
        (
            "an event is taken out",
            |rows, _| rows[4].1 = None,
            vec![EventMissing { position: 5, event_id: id(5) }],
        ),
        (
            "an event is changed, and the hash in its seal",
            |rows, _| {
                let (seal, event) = &mut rows[4];
                event.as_mut().unwrap().reason = None;
                seal.event_hash = event.as_ref().unwrap().hash();
            },
            vec![SealChanged { position: 5, event_id: id(5) }],
        ),
        (
            "an event is changed, and everything in its seal",
            |rows, _| {
                rows[4].1.as_mut().unwrap().reason = None;
                let forged = seal(Some(&rows[3].0), rows[4].1.as_slice());
                rows[4].0 = forged.into_iter().next().unwrap();
            },
            vec![SealChanged { position: 6, event_id: id(6) }],
        ),
        (
            "an event is changed, and all seals behind it",
            |rows, _| {
                rows[4].1.as_mut().unwrap().reason = None;
                reseal(rows);
            },
            vec![Rewritten { position: 4, last: 6 }],
        ),
        (
            "the hash of the event in a seal is changed",
            |rows, _| rows[4].0.event_hash = Sha256::ZERO,
            vec![SealChanged { position: 5, event_id: id(5) }],
        ),
        (
            "the chain in a seal is changed",
            |rows, _| rows[4].0.chain_hash = Sha256::ZERO,
            vec![SealChanged { position: 5, event_id: id(5) }],
        ),
        (
            "the chain in a seal that has a head is changed",
            |rows, _| rows[5].0.chain_hash = Sha256::ZERO,
            vec![SealChanged { position: 6, event_id: id(6) }],
        ),
        (
            "a row is taken out",
            |rows, _| drop(rows.remove(4)),
            vec![RowsMissing { position: 5, last: 5 }],
        ),
        (
            "rows are taken out, one with a head among them",
            |rows, _| drop(rows.drain(4..7)),
            vec![RowsMissing { position: 5, last: 7 }],
        ),
        (
            "the first rows are taken out",
            |rows, _| drop(rows.drain(..2)),
            vec![RowsMissing { position: 1, last: 2 }],
        ),
        (
            "the last rows are taken out",
            |rows, _| rows.truncate(7),
            vec![RowsMissing { position: 8, last: 9 }],
        ),
        (
            "all rows are taken out",
            |rows, _| rows.clear(),
            vec![RowsMissing { position: 1, last: 9 }],
        ),
        (
            "a row is taken out and all seals made anew",
            |rows, _| {
                rows.remove(4);
                reseal(rows);
            },
            vec![Rewritten { position: 4, last: 6 }, RowsMissing { position: 9, last: 9 }],
        ),
        (
            "two neighbours change places",
            |rows, _| {
                rows.swap(3, 4);
                renumber(rows);
            },
            vec![
                Moved { position: 4, belongs_at: 5, event_id: id(5) },
                Moved { position: 5, belongs_at: 4, event_id: id(4) },
            ],
        ),
        (
            "two rows far from each other change places, one of them with a head",
            |rows, _| {
                rows.swap(1, 5);
                renumber(rows);
            },
            vec![
                Moved { position: 2, belongs_at: 6, event_id: id(6) },
                Moved { position: 6, belongs_at: 2, event_id: id(2) },
            ],
        ),
        (
            "two events change places below their seals' chain",
            |rows, _| {
                let (one, other) = (rows[3].clone(), rows[4].clone());
                rows[3] = (Seal { position: 4, chain_hash: one.0.chain_hash, ..other.0 }, other.1);
                rows[4] = (Seal { position: 5, chain_hash: rows[4].0.chain_hash, ..one.0 }, one.1);
            },
            vec![
                Moved { position: 4, belongs_at: 5, event_id: id(5) },
                Moved { position: 5, belongs_at: 4, event_id: id(4) },
            ],
        ),
        (
            "a row is slipped in and the others moved down",
            |rows, _| {
                let forged = seal(Some(&rows[7].0), &[event(99)]).remove(0);
                rows.insert(8, (forged, Some(event(99))));
                renumber(rows);
            },
            vec![
                // Row 9 builds on row 8, so only its head betrays it.
                Rewritten { position: 7, last: 9 },
                SealChanged { position: 10, event_id: id(9) },
                Unsigned { position: 10, last: 10 },
            ],
        ),
        (
            "a row that builds on nothing is slipped in and the others moved down",
            |rows, _| {
                let forged = Seal { chain_hash: Sha256::ZERO, ..rows[6].0.clone() };
                rows.insert(
                    6,
                    (
                        Seal { event_id: id(99), event_hash: event(99).hash(), ..forged },
                        Some(event(99)),
                    ),
                );
                renumber(rows);
            },
            vec![
                Inserted { position: 7, event_id: id(99) },
                Moved { position: 8, belongs_at: 7, event_id: id(7) },
                Moved { position: 9, belongs_at: 8, event_id: id(8) },
                Moved { position: 10, belongs_at: 9, event_id: id(9) },
                Unsigned { position: 10, last: 10 },
            ],
        ),
        (
            "a second row is given a number that exists",
            |rows, _| {
                let forged = seal(Some(&rows[3].0), &[event(99)]).remove(0);
                rows.insert(5, (forged, Some(event(99))));
            },
            vec![Inserted { position: 5, event_id: id(99) }],
        ),
        (
            "a row is put behind the end",
            |rows, _| {
                let forged = seal(Some(&rows[8].0), &[event(99)]).remove(0);
                rows.push((forged, Some(event(99))));
            },
            vec![Unsigned { position: 10, last: 10 }],
        ),
        (
            "a row is put behind the end, with a head",
            |rows, heads| {
                let forged = seal(Some(&rows[8].0), &[event(99)]).remove(0);
                heads.push(Head { signature: vec![1, 2, 3], ..head(&forged) });
                rows.push((forged, Some(event(99))));
            },
            vec![
                BrokenSignature { position: 10, kid: KeyId::new("k1") },
                Unsigned { position: 10, last: 10 },
            ],
        ),
        (
            "a signature is changed",
            |_, heads| heads[1].signature[0] ^= 1,
            vec![BrokenSignature { position: 6, kid: KeyId::new("k1") }],
        ),
        (
            "a head names a key of its own",
            |_, heads| heads[1].kid = KeyId::new("k2"),
            vec![BrokenSignature { position: 6, kid: KeyId::new("k2") }],
        ),
        (
            "a head is moved to another row",
            |_, heads| heads[1].tip.position = 5,
            vec![BrokenSignature { position: 5, kid: KeyId::new("k1") }],
        ),
        (
            "the last head is taken out",
            |_, heads| drop(heads.pop()),
            vec![Unsigned { position: 7, last: 9 }],
        ),
        (
            "a row is given the largest number",
            |rows, _| rows[8].0.position = u64::MAX,
            vec![
                RowsMissing { position: 9, last: u64::MAX - 1 },
                Unsigned { position: 10, last: u64::MAX - 1 },
            ],
        ),
    ];
    for (what, meddling, expected) in table {
        assert_eq!(found(meddling), expected, "{what}");
    }
}

#[test]
fn sealing_in_batches_gives_the_same_chain_as_sealing_at_once() {
    let events: Vec<Event> = (1..=9).map(event).collect();
    let at_once = seal(None, &events);
    let in_batches: Vec<Seal> = record(9).0.into_iter().map(|(seal, _)| seal).collect();
    assert_eq!(at_once, in_batches);
    assert_eq!(seal(at_once.last(), &[]), []);
}

proptest! {
    #[test]
    fn a_record_that_nobody_touched_has_no_findings(n in 0..40_u8) {
        let (rows, heads) = record(n);
        prop_assert_eq!(check(rows, heads, has_signed), []);
    }

    /// Whatever single thing is done to whichever row or head, it is found, and no earlier row than
    /// the signed stretch in which it was done is blamed.
    #[test]
    fn any_single_change_is_found(n in 2..30_u8, which: prop::sample::Index, other in 1..30_usize, how in 0..16_u8) {
        let (mut rows, mut heads) = record(n);
        let i = which.index(rows.len());
        let j = (i + 1 + other % (rows.len() - 1)) % rows.len();
        let head_i = which.index(heads.len());
        let forged = seal(i.checked_sub(1).map(|i| &rows[i].0), &[event(99)]).remove(0);
        match how {
            0 => rows[i].1 = None,
            1 => rows[i].1.as_mut().unwrap().at += TimeDelta::milliseconds(1),
            2 => rows[i].1.as_mut().unwrap().after = Some(json!({ "n": 99 })),
            3 => rows[i].1 = Some(event(99)),
            4 => rows[i].0.event_hash = Sha256::of(b"x"),
            5 => rows[i].0.chain_hash = Sha256::of(b"x"),
            6 => rows[i].0.event_id = id(99),
            7 => drop(rows.remove(i)),
            8 => {
                rows.remove(i);
                renumber(&mut rows);
            }
            9 => {
                rows.remove(i);
                reseal(&mut rows);
            }
            10 => {
                rows.swap(i, j);
                renumber(&mut rows);
            }
            11 => {
                rows.swap(i, j);
                reseal(&mut rows);
            }
            12 => rows[i] = (forged, Some(event(99))),
            13 => {
                rows.insert(i, (forged, Some(event(99))));
                renumber(&mut rows);
            }
            14 => {
                rows.insert(i, (forged, Some(event(99))));
                reseal(&mut rows);
            }
            _ => heads[head_i].tip.sealed_at += TimeDelta::milliseconds(1),
        }
        let findings = check(rows, heads, has_signed);
        prop_assert!(!findings.is_empty());
        if how < 15 {
            let first = i.min(if matches!(how, 10 | 11) { j } else { i }) / 3 * 3 + 1;
            let blamed = findings.iter().map(Finding::position).min().unwrap();
            prop_assert!(blamed >= first as u64, "{:?} for a change in row {}", findings, i + 1);
        }
    }
}
