//! Whether the people of a list are known already: one search for all of them, in a few statements.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use idp_core::{
    community::{
        affiliation::{Affiliation, AffiliationStatus},
        field::folded,
        letters::{Count, Counted, TooMany},
        nomination::Nominee,
        organization::Organization,
        person_match::{self, ComparedName, Finding, Known, Sought},
        roster::{Obstacle, Row},
        subscriber::UserId,
        tax_id::TaxId,
    },
    ids::{OrganizationId, SubscriberId},
};

use crate::{
    community::{
        Office,
        offer::{self, Asked},
    },
    store::{
        AnyConn, StoreError,
        affiliation::AffiliationRecord,
        letter_count,
        meant::{self, Candidate, Waiting},
    },
};

/// How many letters of a name are looked up: a slip of the finger is rarely in the first ones.
const BEGINNING: usize = 2;

/// All that is known about the people of a list.
pub(super) struct Found {
    known: Vec<Candidate>,
    by_address: BTreeMap<String, usize>,
    by_npi: BTreeMap<String, usize>,
    own: BTreeMap<SubscriberId, AffiliationRecord>,
    names: BTreeMap<String, Vec<(SubscriberId, ComparedName)>>,
    waiting_addresses: BTreeMap<String, OrganizationId>,
    waiting_npis: BTreeMap<String, OrganizationId>,
    given_up: BTreeSet<String>,
    taken: BTreeSet<String>,
    written: BTreeMap<[u8; 32], Count>,
}

/// What is found of somebody whose row is wrong: it is refused whoever it is.
pub(super) const fn nobody() -> (Finding, Option<Obstacle>) {
    (Finding::Nobody { similar_here: Vec::new() }, None)
}

impl Found {
    pub(super) fn of(
        conn: &mut AnyConn,
        office: &Office,
        of: &OrganizationId,
        rows: &[Row],
    ) -> Result<Self, StoreError> {
        let nominees: Vec<&Nominee> =
            rows.iter().filter_map(|row| row.nominee.as_deref().ok()).collect();
        let addresses: Vec<String> = nominees.iter().map(|one| one.email.normalized()).collect();
        let npis: Vec<String> = nominees.iter().filter_map(|one| number(one)).collect();
        let wishes: Vec<UserId> = nominees.iter().filter_map(|one| one.user_id.clone()).collect();
        let known = meant::known(conn, of, &addresses, &npis)?;
        let by = |key: fn(&Candidate) -> Option<String>| {
            let keyed = known.iter().enumerate();
            keyed.filter_map(|(place, one)| Some((key(one)?, place))).collect::<BTreeMap<_, _>>()
        };
        let by_address = by(|one| one.person.email.as_ref().map(|email| email.normalized()));
        let by_npi = by(|one| one.person.npi.as_ref().map(ToString::to_string));
        let ids: Vec<&SubscriberId> = known.iter().map(|one| &one.person.id).collect();
        let own = meant::affiliations(conn, of, &ids)?;
        let waiting = meant::waiting(conn, &addresses, &npis, office.now)?;
        let mailboxes = nominees.iter().map(|one| Counted::Mailbox(&one.email).digest());
        let people = ids.iter().map(|id| Counted::Person(id).digest());
        let written = letter_count::all(conn, &mailboxes.chain(people).collect::<Vec<_>>())?;
        let numbered = |one: &Waiting| Some((one.npi.clone()?, one.organization.clone()));
        Ok(Self {
            by_address,
            by_npi,
            own: own.into_iter().map(|record| (record.subscriber.clone(), record)).collect(),
            names: names(conn, of, &nominees)?,
            waiting_npis: waiting.iter().filter_map(numbered).collect(),
            waiting_addresses: waiting
                .into_iter()
                .map(|one| (one.address, one.organization))
                .collect(),
            given_up: meant::given_up(conn, &addresses, office.now)?,
            taken: meant::taken(conn, &wishes)?,
            written,
            known,
        })
    }

    /// Who somebody is, and what keeps them from being nominated.
    pub(super) fn finding(
        &self,
        conn: &mut AnyConn,
        office: &Office,
        of: &OrganizationId,
        nominee: &Nominee,
    ) -> Result<(Finding, Option<Obstacle>), StoreError> {
        let finding = match self.person(nominee) {
            // Whoever did not answer in time can be asked anew.
            Finding::AlreadyHere(who)
                if self.is_proposed(&who)
                    && offer::asked(conn, office, of, &who)? == Some(Asked::Late) =>
            {
                Finding::Affiliate(who)
            }
            other @ (Finding::Affiliate(_)
            | Finding::AlreadyHere(_)
            | Finding::Nobody { .. }
            | Finding::Revive(_)
            | Finding::SeeSupport) => other,
        };
        let enough = self.enough(&finding, nominee, office.now).map(Obstacle::TooMany);
        Ok((finding, self.obstacle(nominee, of).or(enough)))
    }

    /// Whether whoever is asked or nominated was written to often enough today.
    fn enough(&self, found: &Finding, nominee: &Nominee, now: DateTime<Utc>) -> Option<TooMany> {
        let to = match found {
            Finding::Affiliate(who) => Counted::Person(who),
            Finding::Nobody { .. } | Finding::Revive(_) => Counted::Mailbox(&nominee.email),
            Finding::AlreadyHere(_) | Finding::SeeSupport => return None,
        };
        let before = self.written.get(to.digest().as_bytes())?;
        to.count(*before, 1, now).err()
    }

    /// The affiliation that the person of a row has with the organization.
    pub(super) fn affiliation(
        &self,
        nominee: &Nominee,
        body: &Organization,
        tax_ids: &[TaxId],
    ) -> Option<Affiliation> {
        let person = self.matches(nominee).next()?;
        let record = self.own.get(&person.person.id)?;
        Some(record.clone().join(body.clone(), tax_ids.to_vec()))
    }

    fn is_proposed(&self, who: &SubscriberId) -> bool {
        self.own.get(who).is_some_and(|own| own.status == AffiliationStatus::Proposed)
    }

    /// Whoever has the address or the number.
    fn matches(&self, nominee: &Nominee) -> impl Iterator<Item = &Candidate> {
        let address = self.by_address.get(&nominee.email.normalized());
        let npi = number(nominee).and_then(|number| self.by_npi.get(&number));
        let places: BTreeSet<usize> = address.into_iter().chain(npi).copied().collect();
        places.into_iter().filter_map(|place| self.known.get(place))
    }

    fn person(&self, nominee: &Nominee) -> Finding {
        let known: Vec<Known<'_>> = self.matches(nominee).map(Candidate::known).collect();
        let sought = Sought {
            given_name: &nominee.given_name,
            family_name: &nominee.family_name,
            email: &nominee.email,
            npi: nominee.npi.as_ref(),
        };
        match person_match::find(sought, &known) {
            Finding::Nobody { .. } => Finding::Nobody { similar_here: self.similar(nominee) },
            other @ (Finding::Affiliate(_)
            | Finding::AlreadyHere(_)
            | Finding::Revive(_)
            | Finding::SeeSupport) => other,
        }
    }

    fn similar(&self, nominee: &Nominee) -> Vec<SubscriberId> {
        let name = ComparedName::new(&nominee.given_name, &nominee.family_name);
        let colleagues = beginnings(nominee).into_iter().filter_map(|key| self.names.get(&key));
        let similar = colleagues.flatten().filter(|(_, other)| name.is_similar(other));
        similar.map(|(id, _)| id.clone()).collect::<BTreeSet<_>>().into_iter().collect()
    }

    fn obstacle(&self, nominee: &Nominee, of: &OrganizationId) -> Option<Obstacle> {
        let address = nominee.email.normalized();
        let npi = number(nominee);
        let by_number = npi.and_then(|number| self.waiting_npis.get(&number));
        let nominated_by = self.waiting_addresses.get(&address).or(by_number);
        let wish = nominee.user_id.as_ref().map(UserId::as_str);
        match nominated_by {
            Some(organization) if organization == of => Some(Obstacle::Nominated),
            Some(_) => Some(Obstacle::SeeSupport),
            None if self.given_up.contains(&address) => Some(Obstacle::SeeSupport),
            None if wish.is_some_and(|wish| self.taken.contains(wish)) => {
                Some(Obstacle::UserIdTaken)
            }
            None => None,
        }
    }
}

fn number(nominee: &Nominee) -> Option<String> {
    nominee.npi.as_ref().map(ToString::to_string)
}

/// How the names of somebody begin: first and last name may be swapped.
fn beginnings(nominee: &Nominee) -> BTreeSet<String> {
    let begins = |name: &String| folded(name).chars().take(BEGINNING).collect();
    [&nominee.family_name, &nominee.given_name].map(begins).into()
}

/// The names of the organization's own people that begin like those of the list.
fn names(
    conn: &mut AnyConn,
    of: &OrganizationId,
    nominees: &[&Nominee],
) -> Result<BTreeMap<String, Vec<(SubscriberId, ComparedName)>>, StoreError> {
    let keys: BTreeSet<String> = nominees.iter().flat_map(|one| beginnings(one)).collect();
    let mut all = BTreeMap::new();
    for key in keys {
        let found = meant::names(conn, of, &key)?;
        let compared = |(id, given, family): (SubscriberId, String, String)| {
            (id, ComparedName::new(&given, &family))
        };
        all.insert(key, found.into_iter().map(compared).collect());
    }
    Ok(all)
}
