//! What becomes of all that an organization has when it is closed, on both databases (R31; domain 4.1).

use idp_core::{
    audit::Kind,
    community::{
        access_request::WishForm,
        actor::{Actor, Rank},
        affiliation::AffiliationStatus,
        nomination::NomineeForm,
        organization_life::{Body, Command, PartForm, Refusal, State},
        rights::RightsForm,
        system_client::Stage as SystemStage,
        tax_id_registry::{Ground, Holding, dialogue::Answer},
    },
    ids::{OrganizationId, SubscriberId},
};

use super::{
    TestDatabase,
    registrations::{
        TAKEN, administrator, asked, ein, holding, office, stage, support, visitor, with_owner,
    },
    samples::*,
    systems::a_system,
};
use crate::{
    community::{
        access, closing, desk,
        nomination::{self as nominating, Similar},
        own_organization, parts, promotion as promoting, registrations as steps, tax_ids,
    },
    store::{
        AnyConn, StoreError, access_request,
        affiliation::{self, AffiliationRecord},
        audit, grant, nomination, organization, promotion, session, subscriber, system_client,
        tax_id, tax_id_claim,
    },
};

fn clinic() -> OrganizationId {
    "org_clinic".parse().unwrap()
}

fn colleague(conn: &mut AnyConn, name: &str) -> Result<SubscriberId, StoreError> {
    let person = a_subscriber(name);
    subscriber::insert(conn, &person)?;
    let id = format!("aff_{name}");
    let plain = an_affiliation(&id, name, "org_clinic");
    affiliation::insert(conn, &AffiliationRecord { administrator: false, ..plain })?;
    Ok(person.id)
}

const WISH: WishForm<'static> = WishForm {
    given_name: "Ana",
    family_name: "Asker",
    email: "asker@x.example",
    phone: "360 555 0111",
    address: "1 Main St",
    user_id: "",
    access_level: "community-view-only",
};

/// By the lead of the support desk, after an Administrator asked for it.
fn close(conn: &mut AnyConn, of: &OrganizationId) -> Result<Result<(), Refusal>, StoreError> {
    let Actor::Administrator { who, .. } = administrator().actor else { panic!("one is") };
    let own = office(Actor::Administrator { who, of: of.clone() }, 2);
    // It may have been asked for already, and was not decided on.
    let asked = own_organization::ask_to_close(conn, &own)?;
    assert!(matches!(asked, Ok(_) | Err(Refusal::OutOfOrder)), "{asked:?}");
    let lead = office(Actor::Support { who: "sub_lea".parse().unwrap(), rank: Rank::Lead }, 5);
    desk::change_organization(conn, &lead, of, Command::Close, Some("they left".to_owned()))
}

/// Something of each kind that a closing has to think of.
fn at_its_fullest(conn: &mut AnyConn) -> Result<(), StoreError> {
    with_owner(conn)?;
    let (desk, billing) = (administrator(), "org_billing".parse().unwrap());
    tax_ids::appoint(conn, &desk, &clinic(), &"tin_owned".parse().unwrap(), &billing)?.unwrap();
    let of_billing =
        office(Actor::Administrator { who: "sub_ann".parse().unwrap(), of: billing.clone() }, 2);
    // The samples' own is sealed under no key at all.
    tax_id::remove(conn, &"tin_3".parse().unwrap())?;
    let theirs = "tin_billing".parse().unwrap();
    desk.registry.numbers.insert(conn, &theirs, &billing, &ein("12-3488888"), true)?;
    tax_ids::appoint(conn, &of_billing, &billing, &theirs, &clinic())?.unwrap();
    let nominee = NomineeForm {
        given_name: "Nina",
        family_name: "Nominee",
        email: "nina@clinic.example",
        rights: RightsForm {
            roles: &["office-worker"],
            access_level: "community-standard",
            ..RightsForm::default()
        },
        verified_by: "photo-id",
        ..NomineeForm::default()
    };
    nominating::nominate(conn, &desk, nominee, Similar::NobodyOfThem)?.unwrap();
    access::ask(conn, &visitor(), &clinic(), &WISH.read().unwrap())?.unwrap();
    let offered = AffiliationRecord {
        status: AffiliationStatus::Proposed,
        administrator: false,
        ..an_affiliation("aff_offer", "ben", "org_clinic")
    };
    affiliation::propose(conn, &offered, "ben", at(0))?;
    system_client::insert(conn, &a_system("sys_ehr", "org_clinic", "EHR"))?;
    let cara = colleague(conn, "cara")?;
    promoting::propose(conn, &desk, &cara)?.unwrap();
    store_session(conn, "ann", "ann", 0)?;
    store_grant(conn, "a", "ann", "ann", "credentia")
}

#[tokio::test]
async fn a_closed_organization_keeps_nothing_and_nothing_of_it_waits() {
    for database in TestDatabase::each() {
        database
            .write(|conn| {
                at_its_fullest(conn)?;
                let registration = asked(conn, &[Answer::WorksForUs])?;
                assert_eq!(close(conn, &clinic())?, Ok(()));

                assert_eq!(tax_id::fingerprints(conn, &clinic())?, []);
                let kept = holding(conn, TAKEN)?;
                assert!(
                    matches!(&kept, Holding::Reserved { registration: by, .. } if *by == registration),
                    "{kept:?}"
                );
                assert_eq!(stage(conn, &registration)?.code(), "agreement", "they need not wait");
                let billing = "org_billing".parse().unwrap();
                for of in [&clinic(), &billing] {
                    assert_eq!(tax_id_claim::represented_by(conn, of)?, [], "{of}");
                }
                assert_eq!(affiliation::open_in(conn, &clinic(), 9)?, []);
                assert_eq!(nomination::open_in(conn, &clinic(), 9)?, []);
                assert_eq!(access_request::open_in(conn, &clinic(), 9)?, []);
                assert_eq!(promotion::open_among(conn, &clinic(), 9)?, []);
                let system = "sys_ehr".parse().unwrap();
                let system = system_client::load_for_update(conn, &system)?.unwrap();
                assert_eq!(system.stage, SystemStage::Revoked);
                let told = grant::find(conn, &"grt_a".parse().unwrap())?.unwrap();
                assert!(told.ended_at.is_some());
                // Ann works for the billing service as well, and goes on there.
                let signed_in = session::find(conn, &"ses_ann".parse().unwrap())?.unwrap();
                assert!(signed_in.is_live(at(6)));
                let ann = "sub_ann".parse().unwrap();
                let left = affiliation::of_subscriber(conn, &ann)?;
                assert_eq!((left.len(), &left[0].organization), (1, &billing));

                assert_eq!(organization::dissolving(conn, 9)?, []);
                let kinds: Vec<Kind> =
                    audit::pending(conn, 500)?.into_iter().map(|event| event.kind).collect();
                for kind in [
                    Kind::OrgClosed,
                    Kind::TaxidReleased,
                    Kind::TaxidRepresentationEnded,
                    Kind::SystemRevoked,
                    Kind::AdminDeclined,
                    Kind::NominationWithdrawn,
                    Kind::AccessAnswered,
                    Kind::AffiliationEnded,
                ] {
                    assert!(kinds.contains(&kind), "{kind:?}");
                }
                let lead = support("lea", Rank::Lead);
                let again =
                    desk::change_organization(conn, &lead, &clinic(), Command::Resume, None)?;
                assert_eq!(again, Err(Refusal::OutOfOrder));
                // Nobody asks it for anything any more.
                access::ask(conn, &visitor(), &clinic(), &WISH.read().unwrap())?.unwrap();
                assert_eq!(access_request::open_in(conn, &clinic(), 9)?, []);
                Ok(())
            })
            .await;
    }
}

#[tokio::test]
async fn a_number_that_nobody_asked_for_is_free_once_its_organization_is_closed() {
    for database in TestDatabase::each() {
        database
            .write(|conn| {
                with_owner(conn)?;
                assert_eq!(close(conn, &clinic())?, Ok(()));
                assert_eq!(holding(conn, TAKEN)?, Holding::Free);
                Ok(())
            })
            .await;
    }
}

#[tokio::test]
async fn a_whole_is_closed_after_its_parts() {
    for database in TestDatabase::each() {
        database
            .write(|conn| {
                with_owner(conn)?;
                let form = PartForm { name: "Day clinic", npi: "" };
                let part = parts::add(conn, &administrator(), form.read().unwrap())?.unwrap();
                assert_eq!(close(conn, &clinic())?, Err(Refusal::PartsLeft));
                assert!(matches!(holding(conn, TAKEN)?, Holding::Held(_)), "nothing has happened");
                assert_eq!(close(conn, &part)?, Ok(()));
                assert_eq!(close(conn, &clinic())?, Ok(()));
                Ok(())
            })
            .await;
    }
}

/// As many as go into one transaction go with the closing, and the rest is made up for by whoever
/// comes next, in steps that may each be the last.
#[tokio::test]
async fn what_is_left_of_a_large_organization_ends_in_steps_and_opens_nothing_meanwhile() {
    const PEOPLE: usize = 230;
    for database in TestDatabase::each() {
        database
            .write(|conn| {
                with_owner(conn)?;
                for number in 0..PEOPLE {
                    colleague(conn, &format!("person{number}"))?;
                }
                assert_eq!(close(conn, &clinic())?, Ok(()));
                let left = affiliation::open_in(conn, &clinic(), 999)?;
                assert!(!left.is_empty() && left.len() < PEOPLE, "{}", left.len());
                let acts = |id: &SubscriberId, conn: &mut AnyConn| {
                    let desk = visitor();
                    let all = crate::store::person::affiliations_of(conn, id, &*desk.open_ssn)?;
                    Ok::<_, StoreError>(all.iter().any(|affiliation| affiliation.is_active()))
                };
                assert!(!acts(&left[0], conn)?);
                let job = office(Actor::Job("organization-closing"), 60 * 24 * 20);
                let mut steps = 0;
                while let [of] = organization::dissolving(conn, 9)?.as_slice() {
                    closing::dissolve(conn, &job, of)?;
                    steps += 1;
                    assert!(steps < 9, "it comes to an end");
                }
                assert_eq!(affiliation::open_in(conn, &clinic(), 999)?, []);
                Ok(())
            })
            .await;
    }
}

/// One that was closed before its number was freed: there is nobody to ask, and nobody's name is told.
#[tokio::test]
async fn in_a_closed_organization_nobody_is_there() {
    for database in TestDatabase::each() {
        database
            .write(|conn| {
                let owner = with_owner(conn)?;
                let body = organization::body(conn, &owner)?.unwrap();
                organization::set_body(conn, &Body { state: State::Closed, ..body }, at(0))?;
                let id = asked(conn, &[Answer::OurOwn])?;
                let claimed = &tax_id_claim::asked_of(conn, &owner)?[0].claim;
                assert_eq!((&claimed.by, claimed.ground), (&id, Ground::NobodyLeft));
                let registration = steps::find(conn, &visitor(), &id)?.unwrap();
                assert_eq!(steps::contact_shown(conn, &visitor(), &registration)?, None);
                let events = audit::pending(conn, 500)?;
                assert!(events.iter().all(|event| event.kind != Kind::TaxidContactDisclosed));
                Ok(())
            })
            .await;
    }
}
