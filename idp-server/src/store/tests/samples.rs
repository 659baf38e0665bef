//! A small community to test with.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use idp_core::{
    authentication::{
        assurance::{Method, Proof},
        lockout::{Limits, Lockout},
        session::{Session, SessionRules},
    },
    community::{
        affiliation::{AccessLevel, AffiliationStatus},
        organization::{Organization, OrganizationStatus},
        role::Role,
        site::{AffiliationMode, Site},
        site_registration::{self, Circumstances},
        subscriber::{AccountStatus, Profile, Subscriber},
        tax_id::{Ein, Ssn},
    },
    ids::{GrantId, OrganizationId, SessionId, SiteId, TaxIdId},
    oidc::{claims_request::ClaimsRequest, grant::Grant, scope},
    secret::SecretDigest,
};
use serde_json::json;

use crate::store::{
    AnyConn, StoreError,
    affiliation::{self, AffiliationRecord},
    grant, lockout, organization,
    schema::lease,
    session::{self, NewSession},
    site, subscriber,
    tax_id::{self, NewTaxId, StoredNumber},
};

/// So many minutes after noon on a day in 2026.
pub fn at(minute: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(1_795_521_600_123).unwrap() + TimeDelta::minutes(minute)
}

/// Until when somebody holds this lease.
pub fn held_until(conn: &mut AnyConn, name: &str) -> Result<Option<DateTime<Utc>>, StoreError> {
    let until: Option<i64> =
        lease::table.find(name).select(lease::held_until).first(conn).optional()?;
    Ok(until.and_then(DateTime::from_timestamp_millis))
}

pub fn digest(text: &str) -> SecretDigest {
    SecretDigest::of(text)
}

pub fn an_organization(id: &str, name: &str) -> Organization {
    Organization {
        id: id.parse().unwrap(),
        name: name.to_owned(),
        parent: None,
        npi: Some("1999999984".parse().unwrap()),
        status: OrganizationStatus::Active,
    }
}

pub fn a_subscriber(name: &str) -> Subscriber {
    Subscriber {
        id: format!("sub_{name}").parse().unwrap(),
        user_id: name.parse().unwrap(),
        given_name: "Ana".to_owned(),
        family_name: "Rivera \u{1f3e5} <O'Neil>".to_owned(),
        email: Some(format!("{name}@Clinic.example").parse().unwrap()),
        email_verified: true,
        phone_number: Some("+1-206-555-0100".to_owned()),
        phone_number_verified: false,
        npi: None,
        profile: Profile { nickname: Some("Annie".to_owned()), ..Profile::default() },
        status: AccountStatus::Active,
        activated_at: at(-1000),
        last_sign_in_at: None,
        updated_at: at(-1000),
        demo: false,
    }
}

pub fn an_affiliation(id: &str, person: &str, organization: &str) -> AffiliationRecord {
    AffiliationRecord {
        id: id.parse().unwrap(),
        subscriber: format!("sub_{person}").parse().unwrap(),
        organization: organization.parse().unwrap(),
        status: AffiliationStatus::Active,
        roles: [Role::BillingSpecialist, Role::OfficeWorker].into(),
        role_details: ["receptionist".to_owned()].into(),
        administrator: true,
        access_level: AccessLevel::CommunityStandard,
        tax_ids: None,
        since: "2024-03-11".parse().unwrap(),
    }
}

pub fn a_session(name: &str, person: &str, minute: i64) -> Session {
    let proof = Proof { method: Method::Password, at: at(minute) };
    let id: SessionId = format!("ses_{name}").parse().unwrap();
    let subscriber = format!("sub_{person}").parse().unwrap();
    Session::begin(id, subscriber, proof, &SessionRules::default())
}

/// Stores a session whose cookie is its name.
pub fn store_session(
    conn: &mut AnyConn,
    name: &str,
    person: &str,
    minute: i64,
) -> Result<(), StoreError> {
    let new = NewSession {
        session: &a_session(name, person, minute),
        cookie: &digest(name),
        previous_sign_in_at: Some(at(-500)),
        address: "192.0.2.1",
        user_agent: &"Mozilla/5.0 ".repeat(40),
    };
    session::insert(conn, &new)
}

pub fn a_grant(name: &str, session: &str, person: &str, site: &str) -> Grant {
    Grant {
        id: format!("grt_{name}").parse::<GrantId>().unwrap(),
        session: format!("ses_{session}").parse().unwrap(),
        site: site.parse().unwrap(),
        subscriber: format!("sub_{person}").parse().unwrap(),
        affiliation: Some("aff_1".parse().unwrap()),
        scopes: scope::parse_list("openid tax_ids hie/pmp.query").unwrap(),
        claims: ClaimsRequest {
            id_token: ["npi".to_owned()].into(),
            userinfo: ["email".to_owned()].into(),
        },
        nonce: Some("n-0S6".to_owned()),
        acr: "urn:hilum:acr:password".to_owned(),
        auth_time: at(0),
        generation: 0,
        issued_at: at(1),
        expires_at: at(240),
        ended_at: None,
    }
}

/// Stores a grant whose code is its name.
pub fn store_grant(
    conn: &mut AnyConn,
    name: &str,
    session: &str,
    person: &str,
    site: &str,
) -> Result<(), StoreError> {
    grant::insert(conn, &a_grant(name, session, person, site), &digest(name))
}

pub fn a_site(id: &str, backchannel: bool) -> Site {
    let mut document = json!({
        "client_id": id,
        "client_name": "A site",
        "client_secret": "a secret that is long enough for anybody",
        "redirect_uris": [format!("https://{id}.example/callback")],
    });
    if backchannel {
        document["backchannel_logout_uri"] = json!(format!("https://{id}.example/logout"));
    }
    let circumstances = Circumstances { id: [1; 16], secret: [2; 32], demo: false };
    site_registration::read(&document, circumstances).unwrap().site
}

/// A site that is told of all that a person acts for, and of no logout.
pub fn a_site_told_of_all(id: &str) -> Site {
    let mut site = a_site(id, false);
    site.release.affiliation_mode = AffiliationMode::All;
    site
}

/// Seals a personal number in no way at all.
pub fn open(_: &TaxIdId, sealed: &[u8]) -> Option<Ssn> {
    std::str::from_utf8(sealed).ok()?.strip_prefix("sealed:")?.parse().ok()
}

pub fn store_ein(
    conn: &mut AnyConn,
    id: &str,
    organization: &str,
    number: &str,
    primary: bool,
) -> Result<(), StoreError> {
    let (id, organization): (TaxIdId, OrganizationId) =
        (id.parse().unwrap(), organization.parse().unwrap());
    let ein: Ein = number.parse().unwrap();
    tax_id::insert(
        conn,
        &NewTaxId {
            id: &id,
            organization: &organization,
            number: StoredNumber::Ein(&ein),
            fingerprint: digest(ein.digits()).as_bytes(),
            primary,
        },
    )
}

/// Ann acts for a clinic with two numbers and for a billing service with a personal one, of which
/// she may use one and the other; four sites, of which two want to be told of logouts.
pub fn community(conn: &mut AnyConn) -> Result<(), StoreError> {
    for (id, name) in [("org_clinic", "Cedar Falls Clinic"), ("org_billing", "Ledger & Sons")] {
        organization::insert(conn, &an_organization(id, name), false, at(-1000))?;
    }
    store_ein(conn, "tin_1", "org_clinic", "91-1234567", true)?;
    store_ein(conn, "tin_2", "org_clinic", "91-7654321", false)?;
    tax_id::insert(
        conn,
        &NewTaxId {
            id: &"tin_3".parse().unwrap(),
            organization: &"org_billing".parse().unwrap(),
            number: StoredNumber::Ssn(b"sealed:123-45-6789"),
            fingerprint: digest("ssn123456789").as_bytes(),
            primary: true,
        },
    )?;
    for person in ["ann", "ben"] {
        subscriber::insert(conn, &a_subscriber(person))?;
    }
    let clinic = AffiliationRecord {
        tax_ids: Some(["tin_2".parse().unwrap()].into()),
        ..an_affiliation("aff_1", "ann", "org_clinic")
    };
    affiliation::insert(conn, &clinic)?;
    affiliation::insert(conn, &an_affiliation("aff_2", "ann", "org_billing"))?;
    for (id, backchannel) in
        [("credentia", true), ("payer", true), ("playground", false), ("quiet", false)]
    {
        site::insert(conn, &a_site(id, backchannel), at(-1000))?;
    }
    Ok(())
}

pub fn site_id(text: &str) -> SiteId {
    text.parse().unwrap()
}

/// Counts a failure at noon, as a sign-in does; says where it led.
pub fn count_failure(
    conn: &mut AnyConn,
    name: &SecretDigest,
    limits: Limits,
) -> Result<Lockout, StoreError> {
    let after = lockout::load_for_update(conn, name, at(0))?.after_failure(limits, at(0));
    lockout::save(conn, name, after, at(0))?;
    Ok(after)
}
