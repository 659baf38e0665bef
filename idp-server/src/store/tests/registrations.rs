//! Registrations and the numbers that they want, through the use cases, on both databases.

use std::sync::Arc;

use futures_util::future::join_all;
use idp_core::{
    authentication::mailed_code::LinkKey,
    community::{
        actor::{Actor, Rank},
        agreement::{Agreement, AgreementText},
        further_number::Command,
        identity_proof::TestResult,
        registration::{
            Applicant, ContactForm, DetailsForm, Registration, SignatoryForm, Stage, WorkForm,
        },
        subscriber::AccountRules,
        tax_id::TaxIdNumber,
        tax_id_registry::{
            Claim, Evidence, Ground, Held, Holding, Stage as ClaimStage,
            dialogue::{Answer, Gate},
        },
        ticket::Message,
    },
    ids::{OrganizationId, RegistrationId},
};

use super::{TestDatabase, samples::*};
use crate::{
    app,
    community::{
        Office, Registry, further_numbers,
        registrations::{self as steps, Decision, Entered},
        tax_ids::{self, OwnersAnswer},
    },
    config::TaxIds,
    keys::{sealing::Sealer, sub_keys::SubKeys},
    mail::Post,
    random::Random,
    store::{
        AnyConn, StoreError, agreement, further_number, organization,
        registration::{self, Sought},
        tax_id, tax_id_claim,
    },
};

/// Cedar Falls (`org_clinic`) has it in the samples.
pub(super) const TAKEN: &str = "91-1234567";
pub(super) const FREE: &str = "12-3499999";

pub(super) fn office(actor: Actor, minute: i64) -> Office {
    let (keys, random) = (SubKeys::for_tests(), Random::new());
    let sealer = Arc::new(Sealer::new(&keys, random.clone()).unwrap());
    Office {
        actor,
        session: None,
        address: None,
        language: None,
        now: at(minute),
        rules: AccountRules { dormant_after: chrono::TimeDelta::days(200), demo: true },
        post: Post::new(Arc::clone(&sealer), &keys, random.clone()),
        open_ssn: app::open_ssn(Arc::clone(&sealer)),
        registry: Arc::new(Registry::new(&keys, sealer, &TaxIds::default())),
        random,
    }
}

pub(super) fn visitor() -> Office {
    office(Actor::Nobody, 1)
}

pub(super) fn support(name: &str, rank: Rank) -> Office {
    let who = format!("sub_{name}").parse().unwrap();
    office(Actor::Support { who, rank }, 60 * 24 * 20)
}

pub(super) fn ein(text: &str) -> TaxIdNumber {
    TaxIdNumber::Ein(text.parse().unwrap())
}

fn applicant(number: TaxIdNumber) -> Applicant {
    let details =
        DetailsForm { name: "Lakeside", address: "1 Main St", phone: "360 555 0100", npi: "" };
    Applicant { details: details.read().unwrap(), number }
}

pub(super) const ADA: ContactForm<'_> = ContactForm {
    given_name: "Ada",
    family_name: "Lake",
    email: "ada@lakeside.example",
    phone: "360 555 0111",
};

fn begun(conn: &mut AnyConn) -> Result<RegistrationId, StoreError> {
    begun_by(conn, ADA)
}

fn begun_by(conn: &mut AnyConn, contact: ContactForm<'_>) -> Result<RegistrationId, StoreError> {
    let begun = steps::begin(conn, &visitor(), contact.read().unwrap())?.unwrap();
    let id = begun.registration.id.clone();
    let sealed = registration::find(conn, &id)?.unwrap();
    let link = visitor().registry.open(&sealed)?.link;
    let entered = steps::enter(conn, &visitor(), &id, &link, Some(&begun.code))?;
    assert!(matches!(entered, Entered::Right));
    Ok(id)
}

/// R23
#[tokio::test]
async fn a_list_of_registrations_goes_on_where_its_page_ended() {
    for database in TestDatabase::each() {
        database
            .write(|conn| {
                with_owner(conn)?;
                for _ in 0..5 {
                    let id = begun(conn)?;
                    steps::describe(conn, &visitor(), &id, applicant(ein(FREE)))?.unwrap();
                }
                begun_by(conn, ContactForm { email: "cora@clinic.example", ..ADA })?;
                let fingerprint = visitor().registry.numbers.fingerprint(&ein(FREE));
                for (sought, expected) in [
                    (Sought::Email("ADA@lakeside.example".parse().unwrap()), 5),
                    (Sought::Numbers(vec![fingerprint]), 5),
                    (Sought::Name("lake ada".to_owned()), 6),
                    (Sought::Name("ada lake".to_owned()), 6),
                    (Sought::Name("ada".to_owned()), 0),
                    (Sought::Stages(vec!["agreement"]), 5),
                    (Sought::Stages(Stage::OPEN.to_vec()), 6),
                ] {
                    let (mut found, mut after) = (Vec::new(), None);
                    loop {
                        let page = steps::list(conn, &visitor(), &sought, after.as_ref(), 2)?;
                        let Some(last) = page.last() else { break };
                        after = Some((last.moved_at, last.id.clone()));
                        found.extend(page.into_iter().map(|it| it.id));
                    }
                    found.sort_unstable();
                    found.dedup();
                    assert_eq!(found.len(), expected, "{sought:?}");
                }
                Ok(())
            })
            .await;
    }
}

fn trust(conn: &mut AnyConn) -> Result<Agreement, StoreError> {
    let text = AgreementText::read("# Trust\n\nWe agree.").unwrap();
    let agreement = Agreement {
        id: "agr_trust".parse().unwrap(),
        code: "organization".parse().unwrap(),
        version: "1".parse().unwrap(),
        text,
        published_at: at(0),
        superseded_at: None,
    };
    agreement::publish(conn, &agreement)?;
    Ok(agreement)
}

const OFFICE: WorkForm<'_> =
    WorkForm { roles: &["office-manager"], role_details: &[], reason: "", npi: "" };

/// From the number on to the desk of Support.
fn to_review(
    conn: &mut AnyConn,
    id: &RegistrationId,
    work: WorkForm<'_>,
) -> Result<Registration, StoreError> {
    steps::tell_work(conn, &visitor(), id, work.read(None).unwrap())?.unwrap();
    let form = SignatoryForm {
        name: "Ada Lake",
        title: "Owner",
        authority: true,
        accepts: true,
        takes_duties: true,
    };
    let shown = "agr_trust".parse().unwrap();
    steps::sign(conn, &visitor(), id, shown, form.read().unwrap())?.unwrap();
    let passed = TestResult::Passed { reference: "t-1".to_owned() };
    Ok(steps::take_test(conn, &visitor(), id, passed)?.unwrap().state)
}

fn ready(conn: &mut AnyConn, number: &str) -> Result<RegistrationId, StoreError> {
    ready_as(conn, ADA, number)
}

/// Somebody's registration with a number that is free, at the desk of Support.
pub(super) fn ready_as(
    conn: &mut AnyConn,
    contact: ContactForm<'_>,
    number: &str,
) -> Result<RegistrationId, StoreError> {
    ready_doing(conn, contact, number, OFFICE)
}

/// Likewise, of somebody who does this there.
pub(super) fn ready_doing(
    conn: &mut AnyConn,
    contact: ContactForm<'_>,
    number: &str,
    work: WorkForm<'_>,
) -> Result<RegistrationId, StoreError> {
    let id = begun_by(conn, contact)?;
    let described = steps::describe(conn, &visitor(), &id, applicant(ein(number)))?.unwrap();
    assert!(matches!(described.state.stage, Stage::Agreement(_)), "{:?}", described.state.stage);
    assert!(matches!(to_review(conn, &id, work)?.stage, Stage::Review(..)));
    Ok(id)
}

/// Asks for a number that is taken, in this way.
pub(super) fn asked(conn: &mut AnyConn, answers: &[Answer]) -> Result<RegistrationId, StoreError> {
    let id = begun(conn)?;
    steps::describe(conn, &visitor(), &id, applicant(ein(TAKEN)))?.unwrap();
    for answer in answers {
        steps::answer(conn, &visitor(), &id, *answer, Gate::Open)?.unwrap();
    }
    Ok(id)
}

pub(super) fn holding(conn: &mut AnyConn, number: &str) -> Result<Holding, StoreError> {
    tax_id_claim::load(conn, &visitor().registry.numbers.fingerprint(&ein(number)))
}

pub(super) fn stage(conn: &mut AnyConn, id: &RegistrationId) -> Result<Stage, StoreError> {
    Ok(steps::find(conn, &visitor(), id)?.unwrap().stage)
}

/// The samples' community, with its number under the keys of this file.
pub(super) fn with_owner(conn: &mut AnyConn) -> Result<OrganizationId, StoreError> {
    community(conn)?;
    trust(conn)?;
    let owner: OrganizationId = "org_clinic".parse().unwrap();
    for (id, _) in tax_id::fingerprints(conn, &owner)? {
        tax_id::remove(conn, &id)?;
    }
    let id = "tin_owned".parse().unwrap();
    visitor().registry.numbers.insert(conn, &id, &owner, &ein(TAKEN), true)?;
    Ok(owner)
}

pub(super) fn administrator() -> Office {
    let (who, of) = ("sub_ann".parse().unwrap(), "org_clinic".parse().unwrap());
    office(Actor::Administrator { who, of }, 2)
}

/// Security 20.6: the place of a number is taken by one at a time, also while nobody has it.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_approvals_of_one_number_in_one_instant_one_makes_an_owner() {
    for database in TestDatabase::each() {
        database.write(|conn| with_owner(conn).map(drop)).await;
        let mut all = Vec::new();
        for _ in 0..8 {
            all.push(database.write(|conn| ready(conn, FREE)).await);
        }
        let approve = |id: &RegistrationId| {
            let id = id.clone();
            database.db.write(move |conn| {
                let desk = support("sam", Rank::Agent);
                let done = steps::decide_registration(conn, &desk, &id, Decision::Approve)?;
                Ok(done.unwrap().state.stage)
            })
        };
        let stages = join_all(all.iter().map(approve)).await;
        let stages: Vec<Stage> = stages.into_iter().map(Result::unwrap).collect();
        let owners: Vec<&OrganizationId> = stages
            .iter()
            .filter_map(|stage| if let Stage::Approved(id) = stage { Some(id) } else { None })
            .collect();
        let [owner] = owners.as_slice() else { panic!("{stages:?}") };
        // The others are led into the questions.
        assert_eq!(stages.iter().filter(|stage| matches!(stage, Stage::Dialogue(..))).count(), 7);
        let Holding::Held(held) = database.read(|conn| holding(conn, FREE)).await else {
            panic!("nobody has it")
        };
        assert_eq!(&held.by, *owner);
        let owner = (*owner).clone();
        let found = database.read(move |conn| organization::find(conn, &owner)).await.unwrap();
        assert_eq!(found.name, "Lakeside");
    }
}

/// Two who ask for one number of a third: the second is sent to the support desk.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_who_ask_for_one_number_one_is_heard() {
    for database in TestDatabase::each() {
        database.write(|conn| with_owner(conn).map(drop)).await;
        let mut all = Vec::new();
        for _ in 0..6 {
            all.push(database.write(|conn| asked(conn, &[])).await);
        }
        let ask = |id: &RegistrationId| {
            let id = id.clone();
            database.db.write(move |conn| {
                let done = steps::answer(conn, &visitor(), &id, Answer::WorksForUs, Gate::Open)?;
                Ok(done.is_ok())
            })
        };
        let heard = join_all(all.iter().map(ask)).await;
        assert_eq!(heard.into_iter().filter(|heard| *heard.as_ref().unwrap()).count(), 1);
        let (waiting, asking) = database
            .read(move |conn| {
                let mut stages = Vec::new();
                for id in &all {
                    stages.push(stage(conn, id)?.code());
                }
                Ok((stages, tax_id_claim::all_asked(conn, None, 10)?.len()))
            })
            .await;
        assert_eq!(waiting.iter().filter(|code| **code == "waiting").count(), 1);
        assert_eq!(asking, 1);
    }
}

#[tokio::test]
async fn a_number_that_is_handed_over_passes_at_the_approval_and_its_old_owner_represents() {
    for database in TestDatabase::each() {
        let id = database
            .write(|conn| {
                with_owner(conn)?;
                let id = asked(conn, &[Answer::WorksForUs])?;
                let (of, number) = ("org_clinic".parse().unwrap(), "tin_owned".parse().unwrap());
                let answer = OwnersAnswer::HandOver;
                tax_ids::answer_claim(conn, &administrator(), &of, &number, answer)?.unwrap();
                assert!(matches!(stage(conn, &id)?, Stage::Agreement(_)));
                let Holding::Held(Held { by, claim: Some(claim), .. }) = holding(conn, TAKEN)?
                else {
                    panic!("until the approval it stays")
                };
                assert_eq!(by, of);
                assert!(matches!(claim, Claim { stage: ClaimStage::Agreed { .. }, .. }));
                to_review(conn, &id, OFFICE)?;
                Ok(id)
            })
            .await;
        let wanted = id.clone();
        let done = database
            .write(move |conn| {
                let desk = Office { now: at(5), ..support("sam", Rank::Agent) };
                steps::decide_registration(conn, &desk, &wanted, Decision::Approve)
            })
            .await;
        let Stage::Approved(organization) = done.unwrap().state.stage else { panic!("approved") };
        let Holding::Held(held) = database.read(|conn| holding(conn, TAKEN)).await else {
            panic!("held")
        };
        assert_eq!((held.by, held.id.as_str(), held.claim), (organization, "tin_owned", None));
        assert!(held.representatives.contains(&"org_clinic".parse().unwrap()));
    }
}

/// Security 20.8, domain 4.9: ten working days, two persons, a reservation, a suspension.
#[tokio::test]
async fn a_number_is_taken_from_a_silent_owner_by_two_persons_and_kept_for_who_asked() {
    for database in TestDatabase::each() {
        let id = database
            .write(|conn| {
                with_owner(conn)?;
                asked(conn, &[Answer::Unknown, Answer::TypedTheSame])
            })
            .await;
        database
            .write(|conn| {
                let number = "tin_owned".parse().unwrap();
                let letter = || Evidence::read("IRS letter CP 575 of 2019").unwrap();
                let early = Office { now: at(60 * 24 * 5), ..support("sam", Rank::Agent) };
                assert!(tax_ids::propose_release(conn, &early, &number, letter())?.is_err());
                let agent = support("sam", Rank::Agent);
                tax_ids::propose_release(conn, &agent, &number, letter())?.unwrap();
                let same = support("sam", Rank::Lead);
                assert!(tax_ids::approve_release(conn, &same, &number)?.is_err());
                assert!(tax_ids::approve_release(conn, &agent, &number)?.is_err());
                let lead = support("lea", Rank::Lead);
                tax_ids::approve_release(conn, &lead, &number)?.unwrap();
                Ok(())
            })
            .await;
        let own = id.clone();
        let (held, mine, suspended) = database
            .read(move |conn| {
                let owner = "org_clinic".parse().unwrap();
                Ok((holding(conn, TAKEN)?, stage(conn, &id)?, organization::body(conn, &owner)?))
            })
            .await;
        assert!(matches!(held, Holding::Reserved { .. }), "{held:?}");
        assert!(matches!(mine, Stage::Agreement(_)), "{mine:?}");
        let status = suspended.unwrap().state.status();
        assert_eq!(status, idp_core::community::organization::OrganizationStatus::Suspended);
        // Nobody else gets it meanwhile; taken back, it is free for the next.
        let other = database
            .write(|conn| {
                let id = begun(conn)?;
                steps::describe(conn, &visitor(), &id, applicant(ein(TAKEN)))
            })
            .await;
        assert!(matches!(other.unwrap().state.stage, Stage::Dialogue(..)));
        let freed = database
            .write(move |conn| {
                let later = Office { now: at(60 * 24 * 21), ..visitor() };
                steps::withdraw(conn, &later, &own)?.unwrap();
                holding(conn, TAKEN)
            })
            .await;
        assert_eq!(freed, Holding::Free);
    }
}

#[tokio::test]
async fn an_owner_who_objects_keeps_the_number_and_a_withdrawal_ends_the_claim() {
    for database in TestDatabase::each() {
        database
            .write(|conn| {
                let owner = with_owner(conn)?;
                let number = "tin_owned".parse().unwrap();
                let id = asked(conn, &[Answer::WorksForUs])?;
                let why = OwnersAnswer::Object(Evidence::read("it is ours").unwrap());
                tax_ids::answer_claim(conn, &administrator(), &owner, &number, why)?.unwrap();
                assert_eq!(stage(conn, &id)?.code(), "dialogue");
                let again = Answer::TypedTheSame;
                steps::answer(conn, &visitor(), &id, again, Gate::Open)?.unwrap();
                assert_eq!(tax_id_claim::asked_of(conn, &owner)?[0].claim.ground, Ground::Disputed);
                steps::withdraw(conn, &visitor(), &id)?.unwrap();
                assert_eq!(tax_id_claim::asked_of(conn, &owner)?, []);
                let refused = asked(conn, &[Answer::WorksForUs])?;
                let reason = Decision::Reject(Message::read("a forgery").unwrap());
                let desk = support("sam", Rank::Agent);
                steps::decide_registration(conn, &desk, &refused, reason)?.unwrap();
                assert_eq!(tax_id_claim::asked_of(conn, &owner)?, []);
                Ok(())
            })
            .await;
    }
}

/// Security 20.1: what belongs to another organization is not there.
#[tokio::test]
async fn an_administrator_answers_for_own_numbers_only() {
    for database in TestDatabase::each() {
        database
            .write(|conn| {
                with_owner(conn)?;
                asked(conn, &[Answer::WorksForUs])?;
                let (who, of): (_, OrganizationId) =
                    ("sub_ann".parse().unwrap(), "org_billing".parse().unwrap());
                let other = office(Actor::Administrator { who, of: of.clone() }, 3);
                let number = "tin_owned".parse().unwrap();
                let release = OwnersAnswer::Release;
                assert!(tax_ids::answer_claim(conn, &other, &of, &number, release)?.is_err());
                assert!(tax_ids::give_up(conn, &other, &of, &number)?.is_err());
                assert!(tax_ids::appoint(conn, &other, &of, &number, &of)?.is_err());
                assert!(matches!(holding(conn, TAKEN)?, Holding::Held(_)));
                Ok(())
            })
            .await;
    }
}

#[tokio::test]
async fn numbers_come_and_go_and_others_act_under_them() {
    for database in TestDatabase::each() {
        database
            .write(|conn| {
                let owner = with_owner(conn)?;
                let (desk, billing) = (administrator(), "org_billing".parse().unwrap());
                let personal = TaxIdNumber::Ssn("078-05-1121".parse().unwrap());
                let last = "tin_owned".parse().unwrap();
                assert!(tax_ids::give_up(conn, &desk, &owner, &last)?.is_err(), "the only one");
                further_numbers::ask(conn, &desk, &owner, &personal)?.unwrap();
                assert!(further_numbers::ask(conn, &desk, &owner, &personal)?.is_err());
                let open = desk.open_ssn.as_ref();
                let asked = further_number::of_organization(conn, &owner, open)?.remove(0);
                assert_eq!(asked.number.shown(), "***-**-1121");
                assert_eq!(tax_id::of_organization(conn, &owner, open)?.len(), 1, "not yet");
                let sam = support("sam", Rank::Agent);
                let accept = Command::Accept;
                further_numbers::decide(conn, &sam, &asked.further.id, accept)?.unwrap();
                assert_eq!(further_number::of_organization(conn, &owner, open)?.len(), 0);
                let own = tax_id::of_organization(conn, &owner, open)?;
                assert_eq!(own[1].number.shown(), "***-**-1121");
                tax_ids::appoint(conn, &desk, &owner, &last, &billing)?.unwrap();
                assert_eq!(tax_id_claim::represented_by(conn, &billing)?.len(), 1);
                assert_eq!(tax_id_claim::representatives_of(conn, &owner)?[0].1, billing);
                tax_ids::give_up(conn, &desk, &owner, &last)?.unwrap();
                assert_eq!(tax_id_claim::represented_by(conn, &billing)?, []);
                let own = tax_id::of_organization(conn, &owner, open)?;
                assert!(own.len() == 1 && own[0].primary);
                Ok(())
            })
            .await;
    }
}

/// Security 17.2–17.4: five wrong codes with the right link end it; a wrong link counts nothing.
#[tokio::test]
async fn a_wrong_code_counts_behind_the_right_link_only() {
    for database in TestDatabase::each() {
        database
            .write(|conn| {
                let begun = steps::begin(conn, &visitor(), ADA.read().unwrap())?.unwrap();
                let (id, code) = (begun.registration.id, begun.code);
                let sealed = registration::find(conn, &id)?.unwrap();
                let link = visitor().registry.open(&sealed)?.link;
                let mut enter = |link: &LinkKey, code: Option<_>| {
                    let entered = steps::enter(conn, &visitor(), &id, link, code)?;
                    Ok::<_, StoreError>(matches!(entered, Entered::Right))
                };
                for _ in 0..9 {
                    assert!(!enter(&LinkKey::received("another"), Some(&code))?);
                }
                assert!(enter(&link, Some(&code))?);
                for _ in 0..5 {
                    assert!(!enter(&link, None)?);
                }
                assert!(!enter(&link, Some(&code))?, "it is over");
                Ok(())
            })
            .await;
    }
}

/// Domain 4.1: nothing of what was abandoned stays, and what waits for others does.
#[tokio::test]
async fn what_nobody_went_on_with_for_thirty_days_is_erased() {
    for database in TestDatabase::each() {
        database
            .write(|conn| {
                with_owner(conn)?;
                let (abandoned, waits) = (begun(conn)?, asked(conn, &[Answer::WorksForUs])?);
                let job = |day: i64| office(Actor::Job("registrations"), 60 * 24 * day);
                assert_eq!(steps::erase_due(conn, &job(29))?, 0);
                assert_eq!(steps::erase_due(conn, &job(31))?, 1);
                assert_eq!(registration::find(conn, &abandoned)?, None);
                assert_eq!(stage(conn, &waits)?.code(), "waiting");
                Ok(())
            })
            .await;
    }
}

/// Security 24.3: a copy of the row tells neither who registers nor the number.
#[tokio::test]
async fn the_row_of_a_registration_shows_nothing_of_it() {
    for database in TestDatabase::each() {
        let sealed = database
            .write(|conn| {
                let id = begun(conn)?;
                let number = TaxIdNumber::Ssn("078-05-1121".parse().unwrap());
                steps::describe(conn, &visitor(), &id, applicant(number))?.unwrap();
                Ok(registration::find(conn, &id)?.unwrap())
            })
            .await;
        let text = String::from_utf8_lossy(&sealed.document).into_owned();
        for secret in ["078051121", "Lakeside", "Lake", "360 555"] {
            assert!(!text.contains(secret), "{secret}");
        }
        let mut moved = sealed.clone();
        moved.id = "reg_other".parse().unwrap();
        assert!(visitor().registry.open(&moved).is_err(), "it opens in its own row only");
    }
}
