//! What sites were told by affiliations: the grants to look at when these carry less, or nothing.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use idp_core::ids::{SiteId, TaxIdId};

use super::Carrier;
use crate::store::{
    AnyConn, StoreError,
    column::{Reading, millis},
    schema::{affiliation, site_grant},
    site,
};

/// A grant of a person of these affiliations, the site, the affiliation that it was given for, and
/// the Tax IDs of that affiliation if they are a subset.
type Row = (String, String, Option<String>, Option<String>);

/// The open grants of the people whose affiliations match. They are found by the person, since a
/// site that is told of all affiliations has a grant that names none.
macro_rules! grants_of_people {
    ($conn:expr, $now:expr, $matching:expr) => {
        affiliation::table
            .inner_join(
                site_grant::table.on(site_grant::subscriber_id.eq(affiliation::subscriber_id)),
            )
            .filter(site_grant::ended_at.is_null().and(site_grant::expires_at.gt(millis($now))))
            .filter(
                site_grant::affiliation_id
                    .eq(affiliation::id.nullable())
                    .or(site_grant::affiliation_id.is_null()),
            )
            .filter($matching)
            .select((
                site_grant::id,
                site_grant::site_id,
                site_grant::affiliation_id,
                affiliation::tax_id_subset,
            ))
            .load::<Row>($conn)
    };
}

/// The grants that told a site something of these affiliations.
pub(super) fn of(
    conn: &mut AnyConn,
    carrier: &Carrier,
    now: DateTime<Utc>,
) -> Result<Vec<String>, StoreError> {
    let of_organization = |id: &str| affiliation::organization_id.eq(id.to_owned());
    let rows = match carrier {
        Carrier::None => return Ok(Vec::new()),
        Carrier::Affiliation(id) => {
            grants_of_people!(conn, now, affiliation::id.eq(id.as_str()))
        }
        Carrier::Organization(id) | Carrier::TaxId(id, _) => {
            grants_of_people!(conn, now, of_organization(id.as_str()))
        }
        Carrier::OrganizationAtSite(id, site) => {
            let at_site = site_grant::site_id.eq(site.as_str());
            grants_of_people!(conn, now, of_organization(id.as_str()).and(at_site))
        }
    }?;
    let of_all = rows.iter().filter(|(_, _, affiliation, _)| affiliation.is_none());
    let sites: BTreeSet<SiteId> = of_all
        .map(|(grant, site, ..)| {
            Reading { table: "site_grant", row: grant }.parsed("site_id", site.clone())
        })
        .collect::<Result<_, StoreError>>()?;
    let told_of_all = site::told_of_all_affiliations(conn, &sites)?;
    let mut found = BTreeSet::new();
    for (grant, site, affiliation, subset) in rows {
        let told = affiliation.is_some() || told_of_all.iter().any(|it| it.as_str() == site);
        if told && carries(carrier, &grant, subset.as_deref())? {
            found.insert(grant);
        }
    }
    Ok(found.into_iter().collect())
}

/// Whether the affiliation has the number that this is about.
fn carries(carrier: &Carrier, grant: &str, subset: Option<&str>) -> Result<bool, StoreError> {
    let (Carrier::TaxId(_, number), Some(subset)) = (carrier, subset) else { return Ok(true) };
    let read = Reading { table: "affiliation", row: grant };
    let subset: BTreeSet<TaxIdId> = read.json("tax_id_subset", subset)?;
    Ok(subset.contains(number))
}
