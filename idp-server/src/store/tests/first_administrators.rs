//! Who runs an organization that was approved, and what becomes of an approval that nobody takes up, on
//! both databases (R4, R37, R72; domain 4.1, 4.5).

use idp_core::{
    authentication::mailed_code::MailedCode,
    community::{
        actor::{Actor, Rank},
        nomination::Refusal as NominationRefusal,
        organization_life::{State, Suspension},
        registration::{ContactForm, Refusal as OfRegistration, Seat, Stage, WorkForm},
        role::Role,
        subscriber::{AccountStatus, Subscriber},
        ticket::TicketKind,
    },
    ids::{NominationId, OrganizationId, RegistrationId},
};

use super::{
    TestDatabase,
    registrations::{ADA, FREE, office, ready_as, ready_doing, support, with_owner},
    samples::*,
};
use crate::{
    community::{
        activation::{self, Pair},
        nomination as nominating,
        registrations::{self as steps, Decision, Refusal},
    },
    store::{
        AnyConn, StoreError, affiliation, nomination, organization, registration, subscriber,
        ticket,
    },
};

const DAY: i64 = 60 * 24;

fn ada(email: &str) -> ContactForm<'_> {
    ContactForm { email, ..ADA }
}

fn approve(
    conn: &mut AnyConn,
    id: &RegistrationId,
) -> Result<Result<OrganizationId, Refusal>, StoreError> {
    let desk = support("sam", Rank::Agent);
    let done = steps::decide_registration(conn, &desk, id, Decision::Approve)?;
    Ok(done.map(|done| {
        let Stage::Approved(organization) = done.state.stage else { panic!("it is approved") };
        organization
    }))
}

fn administrators(conn: &mut AnyConn, of: &OrganizationId) -> Result<Vec<String>, StoreError> {
    let all = subscriber::administrators_of(conn, of)?;
    Ok(all.into_iter().map(|person| person.id.to_string()).collect())
}

fn account(conn: &mut AnyConn, status: AccountStatus) -> Result<(), StoreError> {
    let changed = Subscriber { status, ..a_subscriber("ada") };
    if !subscriber::update(conn, &changed)? {
        subscriber::insert(conn, &changed)?;
    }
    Ok(())
}

/// The registrant did not sign in, and has an account all the same.
#[tokio::test]
async fn an_approval_finds_whoever_has_the_address_of_the_registrant() {
    for database in TestDatabase::each() {
        database
            .write(|conn| {
                with_owner(conn)?;
                let id = ready_as(conn, ada("ADA@clinic.example"), FREE)?;
                for (status, expected) in [
                    (AccountStatus::Suspended, OfRegistration::AccountSuspended),
                    (AccountStatus::Closed, OfRegistration::AccountClosed),
                ] {
                    account(conn, status)?;
                    assert_eq!(approve(conn, &id)?, Err(Refusal::Registration(expected)));
                    assert_eq!(
                        steps::find(conn, &office(Actor::Nobody, 1), &id)?.unwrap().stage.code(),
                        "review"
                    );
                }
                account(conn, AccountStatus::Active)?;
                let of = approve(conn, &id)?.unwrap();
                assert_eq!(administrators(conn, &of)?, ["sub_ada"]);
                let desk = support("sam", Rank::Agent);
                assert_eq!(nomination::find(conn, &steps::first_nomination(&of))?, None);
                assert_eq!(steps::first_seat(conn, &desk, &of)?, Seat::Taken);
                Ok(())
            })
            .await;
    }
}

/// Domain 4.5: the User ID is theirs for life, and comes back by the nomination.
#[tokio::test]
async fn a_terminated_account_comes_back_as_first_administrator() {
    for database in TestDatabase::each() {
        database
            .write(|conn| {
                with_owner(conn)?;
                account(conn, AccountStatus::Terminated)?;
                let id = ready_as(conn, ada("ada@clinic.example"), FREE)?;
                let of = approve(conn, &id)?.unwrap();
                assert_eq!(administrators(conn, &of)?, [""; 0]);
                let found = nomination::find(conn, &steps::first_nomination(&of))?.unwrap();
                assert_eq!(found.nomination.subscriber.as_str(), "sub_ada");
                assert_eq!(found.nomination.user_id.as_str(), "ada");
                assert_eq!(found.details.phone.as_deref(), Some("360 555 0111"));
                let desk = support("sam", Rank::Agent);
                assert_eq!(steps::first_seat(conn, &desk, &of)?, Seat::Waits);
                Ok(())
            })
            .await;
    }
}

/// Two practices of one physician: the second waits until the first is taken up.
#[tokio::test]
async fn an_address_that_waits_in_a_nomination_is_told_and_not_an_error() {
    for database in TestDatabase::each() {
        database
            .write(|conn| {
                with_owner(conn)?;
                let first = ready_as(conn, ada("ada@lakeside.example"), FREE)?;
                let second = ready_as(conn, ada("ada@lakeside.example"), "12-3499998")?;
                approve(conn, &first)?.unwrap();
                let refused = approve(conn, &second)?;
                assert_eq!(refused, Err(Refusal::Registration(OfRegistration::AddressWaits)));
                Ok(())
            })
            .await;
    }
}

const PHYSICIAN: WorkForm<'_> = WorkForm {
    roles: &["licensed-practitioner", "medical-director"],
    role_details: &["md"],
    reason: "I answer for our quality reports",
    npi: "1999999984",
};

/// R38, R42, R78: nobody else could give them a role.
#[tokio::test]
async fn a_first_administrator_begins_with_exactly_what_support_approved() {
    for database in TestDatabase::each() {
        database
            .write(|conn| {
                with_owner(conn)?;
                let new = ready_doing(conn, ada("ada@lakeside.example"), FREE, PHYSICIAN)?;
                let of = approve(conn, &new)?.unwrap();
                let found = nomination::find(conn, &steps::first_nomination(&of))?.unwrap();
                let roles = [Role::LicensedPractitioner, Role::MedicalDirector].into();
                assert_eq!(found.details.roles, roles);
                assert_eq!(found.details.role_details, ["md".to_owned()].into());
                assert_eq!(found.details.reason.as_deref(), Some(PHYSICIAN.reason));
                assert_eq!(found.npi.as_ref().map(|npi| npi.as_str()), Some(PHYSICIAN.npi));

                // Somebody with an account, which has no number yet.
                account(conn, AccountStatus::Active)?;
                let other = WorkForm { npi: "1234567893", ..PHYSICIAN };
                let known = ready_doing(conn, ada("ada@clinic.example"), "12-3499998", other)?;
                let of = approve(conn, &known)?.unwrap();
                let who = "sub_ada".parse().unwrap();
                let theirs = affiliation::of_subscriber(conn, &who)?;
                let there = theirs.into_iter().find(|it| it.organization == of).unwrap();
                assert_eq!((there.roles, there.administrator), (roles_of(PHYSICIAN), true));
                let account = subscriber::find(conn, &who)?.unwrap();
                assert_eq!(account.npi.as_ref().map(|npi| npi.as_str()), Some(other.npi));
                Ok(())
            })
            .await;
    }
}

fn roles_of(work: WorkForm<'_>) -> std::collections::BTreeSet<Role> {
    work.roles.iter().map(|code| code.parse().unwrap()).collect()
}

/// R10, R70: a person has one account and one NPI, whatever address they register with.
#[tokio::test]
async fn an_npi_that_is_somebodys_is_told_to_support_and_not_an_error() {
    for database in TestDatabase::each() {
        database
            .write(|conn| {
                with_owner(conn)?;
                let refused = |why| Err(Refusal::Registration(why));
                let first = ready_doing(conn, ada("ada@lakeside.example"), FREE, PHYSICIAN)?;
                approve(conn, &first)?.unwrap();
                // It waits with the first one.
                let second = ready_doing(conn, ada("ada@harbor.example"), "12-3499998", PHYSICIAN)?;
                assert_eq!(approve(conn, &second)?, refused(OfRegistration::NpiTaken));
                // It is another account's.
                let npi = Some("1234567893".parse().unwrap());
                subscriber::insert(conn, &Subscriber { npi, ..a_subscriber("cora") })?;
                let theirs = WorkForm { npi: "1234567893", ..PHYSICIAN };
                let third = ready_doing(conn, ada("ada@pier.example"), "12-3499997", theirs)?;
                assert_eq!(approve(conn, &third)?, refused(OfRegistration::NpiTaken));
                // It is not the one of their own account.
                let own = ready_doing(conn, ada("cora@clinic.example"), "12-3499996", PHYSICIAN)?;
                let other = WorkForm { npi: "1992999825", ..PHYSICIAN };
                let differs = ready_doing(conn, ada("cora@clinic.example"), "12-3499995", other)?;
                assert_eq!(approve(conn, &own)?, refused(OfRegistration::NpiTaken));
                assert_eq!(approve(conn, &differs)?, refused(OfRegistration::NpiDiffers));
                Ok(())
            })
            .await;
    }
}

/// A registration that was approved, its organization, and the nomination of who registered it.
async fn approved(database: &TestDatabase) -> (RegistrationId, OrganizationId, NominationId) {
    let (id, of) = database
        .write(|conn| {
            with_owner(conn)?;
            let id = ready_as(conn, ADA, FREE)?;
            let of = approve(conn, &id)?.unwrap();
            Ok((id, of))
        })
        .await;
    let nomination = steps::first_nomination(&of);
    (id, of, nomination)
}

fn tickets(conn: &mut AnyConn) -> Result<usize, StoreError> {
    let wanted =
        ticket::Filter { kind: Some(TicketKind::PromoteAdmin), ..ticket::Filter::default() };
    Ok(ticket::queue(conn, &wanted, None, 10)?.len())
}

fn state(conn: &mut AnyConn, of: &OrganizationId) -> Result<State, StoreError> {
    Ok(organization::body(conn, of)?.unwrap().state)
}

/// R4: an organization without an Administrator does not take part, and Support hears of it.
#[tokio::test]
async fn a_first_nomination_that_nobody_took_up_stops_the_organization_until_support_helps() {
    for database in TestDatabase::each() {
        let (_, of, id) = approved(&database).await;
        database
            .write(move |conn| {
                let job = office(Actor::Job("nomination-expiry"), DAY * 51);
                assert_eq!(state(conn, &of)?, State::Active);
                assert_eq!(nominating::expire(conn, &job, 10)?, 1);
                let stopped = State::Suspended(Suspension::NoAdministrator);
                assert_eq!((state(conn, &of)?, tickets(conn)?), (stopped, 1));
                assert_eq!(steps::first_seat(conn, &job, &of)?, Seat::Missed);

                let desk = office(
                    Actor::Support { who: "sub_sam".parse().unwrap(), rank: Rank::Agent },
                    DAY * 52,
                );
                let why = Some("called back 360 555 0111".to_owned());
                let made = nominating::resend(conn, &desk, &id, why)?.unwrap();
                assert_eq!(steps::first_seat(conn, &desk, &of)?, Seat::Waits);
                let found = nomination::find(conn, &id)?.unwrap();
                assert_eq!(found.nomination.nominated_at, at(DAY * 52));
                assert_eq!(made.name, "Ada Lake");
                // Another organization's Administrator has no part in it.
                let other = office(
                    Actor::Administrator {
                        who: "sub_ann".parse().unwrap(),
                        of: "org_clinic".parse().unwrap(),
                    },
                    DAY * 52,
                );
                let refused = nominating::withdraw(conn, &other, &id, None)?;
                assert!(matches!(refused, Err(NominationRefusal::Denied(_))), "{refused:?}");
                Ok(())
            })
            .await;
    }
}

/// Security 17.4: five wrong codes behind the right link.
#[tokio::test]
async fn support_hears_once_that_the_code_of_a_first_administrator_died() {
    for database in TestDatabase::each() {
        let (from, of, id) = approved(&database).await;
        database
            .write(move |conn| {
                let visitor = office(Actor::Nobody, DAY * 20 + 1);
                let sealed = registration::find(conn, &from)?.unwrap();
                let link = visitor.registry.open(&sealed)?.link;
                for _ in 0..7 {
                    let pair = Pair {
                        nomination: id.clone(),
                        link: link.clone(),
                        code: MailedCode::typed("0000 0000 0000"),
                    };
                    assert!(activation::recognize(conn, &visitor, &pair)?.is_none());
                }
                assert_eq!((tickets(conn)?, state(conn, &of)?), (1, State::Active));
                Ok(())
            })
            .await;
    }
}
