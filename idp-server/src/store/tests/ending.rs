//! Ending what sites were told by affiliations, on record.

use idp_core::{
    audit::Actor,
    community::{
        actor::Rank,
        end_access::{Cause as Because, Receipt},
    },
};

use super::{TestDatabase, samples::*};
use crate::{
    random::Random,
    store::{
        AnyConn, Carrier, Cause, Ending, Scope, StoreError, end_access_on_record,
        ending::{self, Record},
        grant, outbox, session, staff,
    },
};

fn ended(conn: &mut AnyConn, id: &str, scope: &Scope, because: Because) -> Result<(), StoreError> {
    let ending = Ending {
        actor: Actor::Subscriber("sub_ann".parse().unwrap()),
        address: None,
        cause: Cause::Community(because),
        now: at(10),
    };
    let record = Record {
        id: id.parse().unwrap(),
        organization: Some("org_clinic".parse().unwrap()),
        subscriber: Some("sub_ann".parse().unwrap()),
    };
    end_access_on_record(conn, scope, &ending, &record, &Random::new()).map(drop)
}

/// Ann at three sites as somebody of the clinic, at one as somebody of the billing service, and at
/// one that knows all that she acts for.
fn at_work(conn: &mut AnyConn) -> Result<(), StoreError> {
    community(conn)?;
    store_session(conn, "one", "ann", 0)?;
    for (name, site) in [("a", "credentia"), ("b", "payer"), ("c", "quiet")] {
        store_grant(conn, name, "one", "ann", site)?;
    }
    let mut billing = a_grant("d", "one", "ann", "playground");
    billing.affiliation = Some("aff_2".parse().unwrap());
    grant::insert(conn, &billing, &digest("d"))?;
    let mut all = a_grant("e", "one", "ann", "all");
    all.affiliation = None;
    crate::store::site::insert(conn, &a_site_told_of_all("all"), at(0))?;
    grant::insert(conn, &all, &digest("e"))?;
    let mut none = a_grant("f", "one", "ann", "playground");
    none.affiliation = None;
    grant::insert(conn, &none, &digest("f"))
}

fn open(conn: &mut AnyConn) -> Result<String, StoreError> {
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
async fn what_sites_were_told_by_an_affiliation_ends_and_the_person_stays_signed_in() {
    let clinic = || "org_clinic".parse().unwrap();
    for (carrier, left) in [
        (Carrier::Affiliation("aff_1".parse().unwrap()), "df"),
        (Carrier::Affiliation("aff_2".parse().unwrap()), "abcf"),
        (Carrier::Organization(clinic()), "df"),
        (Carrier::OrganizationAtSite(clinic(), site_id("payer")), "acdef"),
        (Carrier::TaxId(clinic(), "tin_2".parse().unwrap()), "df"),
        // The clinic has it, and Ann may not use it.
        (Carrier::TaxId(clinic(), "tin_1".parse().unwrap()), "abcdef"),
        (Carrier::None, "abcdef"),
    ] {
        for database in TestDatabase::each() {
            database.write(at_work).await;
            let scope = Scope::By(carrier.clone());
            let (open, live) = database
                .write(move |conn| {
                    ended(conn, "end_1", &scope, Because::RightsReduced)?;
                    let session = session::find(conn, &"ses_one".parse().unwrap())?.unwrap();
                    Ok((open(conn)?, session.is_live(at(11))))
                })
                .await;
            assert_eq!((open.as_str(), live), (left, true), "{carrier:?}");
        }
    }
}

#[tokio::test]
async fn an_ended_account_leaves_no_session_behind() {
    for database in TestDatabase::each() {
        database.write(at_work).await;
        let live = database
            .write(|conn| {
                let subscriber = "sub_ann".parse().unwrap();
                let access = Because::AccountTerminated.ends();
                let scope = Scope::Account { subscriber, access };
                ended(conn, "end_1", &scope, Because::AccountTerminated)?;
                assert_eq!(open(conn)?, "");
                Ok(session::find(conn, &"ses_one".parse().unwrap())?.unwrap().is_live(at(11)))
            })
            .await;
        assert!(!live);
    }
}

#[tokio::test]
async fn receipts_tell_of_each_site_and_only_to_the_organization_that_ended_it() {
    for database in TestDatabase::each() {
        database.write(at_work).await;
        let (mine, theirs, support) = database
            .write(|conn| {
                let scope = Scope::By(Carrier::Affiliation("aff_1".parse().unwrap()));
                ended(conn, "end_1", &scope, Because::AffiliationEnded)?;
                for message in outbox::claim(conn, 9, at(11), at(12))? {
                    if let outbox::Content::BackchannelLogout { site, .. } = &message.content
                        && site.as_str() == "payer"
                    {
                        outbox::delivered(conn, &message.id, "200", at(11))?;
                    }
                }
                let id = "end_1".parse().unwrap();
                let own = "org_clinic".parse().unwrap();
                let other = "org_billing".parse().unwrap();
                Ok((
                    ending::receipts(conn, &id, Some(&own))?,
                    ending::receipts(conn, &id, Some(&other))?,
                    ending::receipts(conn, &id, None)?,
                ))
            })
            .await;
        let past = mine.unwrap();
        assert_eq!((past.cause.as_str(), past.ended_at), ("affiliation-ended", at(10)));
        let expected = [
            ("all", Receipt::Silent),
            ("credentia", Receipt::Waiting),
            ("payer", Receipt::Confirmed { at: at(11) }),
            ("quiet", Receipt::Silent),
        ];
        let told: Vec<(&str, Receipt)> =
            past.sites.iter().map(|(site, receipt)| (site.as_str(), *receipt)).collect();
        assert_eq!(told, expected);
        assert_eq!(theirs, None);
        assert_eq!(support.as_ref(), Some(&past));
        let left = database
            .write(|conn| {
                ending::sweep(conn, at(20))?;
                ending::receipts(conn, &"end_1".parse().unwrap(), None)
            })
            .await;
        assert_eq!(left, None);
    }
}

#[tokio::test]
async fn the_support_desk_has_the_ranks_that_were_given() {
    for database in TestDatabase::each() {
        database.write(community).await;
        let (before, agent, lead, names, gone) = database
            .write(|conn| {
                let ann = "sub_ann".parse().unwrap();
                let before = staff::rank(conn, &ann)?;
                staff::appoint(conn, &ann, Rank::Agent, at(0))?;
                let agent = staff::rank(conn, &ann)?;
                staff::appoint(conn, &ann, Rank::Lead, at(1))?;
                let (lead, all) = (staff::rank(conn, &ann)?, staff::all(conn)?);
                assert!(staff::dismiss(conn, &ann)? && !staff::dismiss(conn, &ann)?);
                Ok((before, agent, lead, all, staff::rank(conn, &ann)?))
            })
            .await;
        assert_eq!((before, agent, lead, gone), (None, Some(Rank::Agent), Some(Rank::Lead), None));
        assert_eq!((names.len(), names[0].since), (1, at(0)));
    }
}
