//! An organization's own record: its own events, newest first, and names that it may know.

use std::collections::BTreeSet;

use idp_core::{
    audit::{Actor, Event, Kind},
    community::affiliation::AffiliationStatus,
    ids::{EventId, SubscriberId},
};

use super::{TestDatabase, samples::*};
use crate::store::{
    AnyConn, StoreError, affiliation, audit, own_record,
    own_record::{Name, Narrowed},
};

const TOLD: [Kind; 3] = [Kind::AccessRefused, Kind::GrantIssued, Kind::RoleGranted];

fn event(n: u8, minute: i64, kind: Kind, organization: &str, subject: &str) -> Event {
    Event::new(EventId::from_random([n; 16]), at(minute), kind, Actor::Nobody)
        .on_behalf_of(organization.parse().unwrap())
        .to(subject.parse().unwrap())
}

/// Five events of the clinic, two of them in one moment and one that it is not told; one of another
/// organization, and one of none.
fn events(conn: &mut AnyConn) -> Result<(), StoreError> {
    let of_none =
        Event { organization: None, ..event(7, 4, Kind::GrantIssued, "org_x", "sub_ann") };
    audit::record(
        conn,
        &[
            event(1, 1, Kind::RoleGranted, "org_clinic", "sub_ann"),
            event(2, 2, Kind::GrantIssued, "org_clinic", "sub_ann")
                .at_site("credentia".parse().unwrap()),
            event(3, 2, Kind::GrantIssued, "org_clinic", "sub_ben")
                .at_site("payer".parse().unwrap()),
            event(4, 3, Kind::GrantRefreshed, "org_clinic", "sub_ann")
                .at_site("payer".parse().unwrap()),
            event(5, 5, Kind::AccessRefused, "org_clinic", "sub_ben"),
            event(6, 4, Kind::GrantIssued, "org_billing", "sub_ann")
                .at_site("payer".parse().unwrap()),
            of_none,
        ],
    )
}

fn minutes(found: &[Event]) -> Vec<i64> {
    found.iter().map(|event| (event.at - at(0)).num_minutes()).collect()
}

#[tokio::test]
async fn an_organization_reads_its_own_events_newest_first_page_by_page_and_no_others() {
    for database in TestDatabase::each() {
        database.write(events).await;
        let read = |narrowed: Narrowed, before: Option<audit::Cursor>, limit| {
            let clinic = "org_clinic".parse().unwrap();
            database.read(move |conn| {
                own_record::page(conn, &clinic, &narrowed, before.as_ref(), limit)
            })
        };
        let everything = || Narrowed { kinds: TOLD.to_vec(), ..Narrowed::default() };
        let all = read(everything(), None, 10).await;
        assert_eq!(minutes(&all), [5, 2, 2, 1]);
        let (mut pages, mut before) = (Vec::new(), None);
        loop {
            let page = read(everything(), before.clone(), 2).await;
            let Some(last) = page.last() else { break };
            before = Some(audit::behind(last).to_string().parse().unwrap());
            pages.extend(page);
        }
        assert_eq!(pages, all, "each once, also those of one moment");

        let ann = Some("sub_ann".parse().unwrap());
        for (narrowed, expected) in [
            (Narrowed { kinds: vec![Kind::GrantIssued], ..Narrowed::default() }, vec![2, 2]),
            (Narrowed { person: ann, ..everything() }, vec![2, 1]),
            (Narrowed { site: Some(site_id("payer")), ..everything() }, vec![2]),
            (Narrowed { site: Some(site_id("quiet")), ..everything() }, vec![]),
            (Narrowed { from: Some(at(2)), ..everything() }, vec![5, 2, 2]),
            (Narrowed { until: Some(at(2)), ..everything() }, vec![1]),
            // Whoever asks for what they are not told is not told it.
            (Narrowed { kinds: vec![Kind::GrantRefreshed], ..Narrowed::default() }, vec![]),
        ] {
            assert_eq!(minutes(&read(narrowed.clone(), None, 10).await), expected, "{narrowed:?}");
        }
    }
}

#[tokio::test]
async fn an_organization_knows_the_names_of_its_own_people_and_of_nobody_who_never_said_yes() {
    for database in TestDatabase::each() {
        database
            .write(|conn| {
                community(conn)?;
                let offered = affiliation::AffiliationRecord {
                    status: AffiliationStatus::Proposed,
                    ..an_affiliation("aff_3", "ben", "org_clinic")
                };
                affiliation::propose(conn, &offered, "ben as typed", at(0))
            })
            .await;
        let known = || {
            database.read(|conn| {
                let clinic = "org_clinic".parse().unwrap();
                let people: Vec<SubscriberId> =
                    ["sub_ann", "sub_ben", "sub_none"].map(|id| id.parse().unwrap()).to_vec();
                let names =
                    own_record::names(conn, &clinic, &people.iter().collect::<BTreeSet<_>>())?;
                let found = |user_id| own_record::person(conn, &clinic, user_id);
                let mut found = ["ann", "ben", "nobody"].map(found).into_iter();
                let mut next = || found.next().unwrap().map(|id| id.is_some());
                Ok((names.into_values().collect::<Vec<_>>(), [next()?, next()?, next()?]))
            })
        };
        let own = || {
            let person = a_subscriber("ann");
            Name { text: format!("{} {}", person.given_name, person.family_name), is_own: true }
        };
        let typed = Name { text: "ben as typed".to_owned(), is_own: false };
        assert_eq!(known().await, (vec![own(), typed.clone()], [true, false, false]));

        let end = |status| {
            database.write(move |conn| {
                let ended = affiliation::AffiliationRecord {
                    status,
                    ..an_affiliation("aff_3", "ben", "org_clinic")
                };
                affiliation::save(conn, &ended, at(1))
            })
        };
        end(AffiliationStatus::Ended).await;
        assert_eq!(known().await, (vec![own(), typed], [true, false, false]), "he said no");
        let yes = |conn: &mut AnyConn| {
            let event = event(9, 1, Kind::AffiliationAccepted, "org_clinic", "sub_ben");
            audit::record(conn, &[event])
        };
        database.write(yes).await;
        assert_eq!(known().await, (vec![own(), own()], [true, true, false]), "he said yes, once");
    }
}
