//! A registration, and what is done with one.

use super::super::*;
use crate::{
    community::{
        actor::Actor,
        agreement::AgreementText,
        identity_proof::{Judgement, TestResult},
        notary_reference::NotaryReference,
        outcome::Outcome,
        subscriber::AccountStatus,
        tax_id_registry::dialogue::Personal,
    },
    secret::SecretDigest,
};

pub(super) fn at(day: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_000 + day)
}

pub(super) fn begun() -> Registration {
    let contact = ContactForm {
        given_name: "Ana",
        family_name: "Rivera",
        email: "ana@clinic.example",
        phone: "360 555 0111",
    };
    Registration {
        id: "reg_1".parse().unwrap(),
        contact: contact.read().unwrap(),
        keys: Keys::new(SecretDigest::of("link"), SecretDigest::of("code")),
        registrant: None,
        started_at: at(0),
        moved_at: at(0),
        stage: Stage::Draft,
        asked: Asked::default(),
        told: None,
        work: None,
    }
}

pub(super) fn work() -> Work {
    let form = WorkForm {
        roles: &["licensed-practitioner"],
        role_details: &["md"],
        reason: "",
        npi: "1234567893",
    };
    form.read(None).unwrap()
}

pub(super) fn tell_work() -> Command {
    Command::TellWork(work())
}

pub(super) fn applicant() -> Applicant {
    let details =
        DetailsForm { name: "Clinic", address: "1 Main St", phone: "360 555 0100", npi: "" };
    Applicant {
        details: details.read().unwrap(),
        number: TaxIdNumber::Ein("91-1234567".parse().unwrap()),
    }
}

pub(super) fn agreement(id: &str) -> Agreement {
    Agreement {
        id: id.parse().unwrap(),
        code: "trust".parse().unwrap(),
        version: "1".parse().unwrap(),
        text: AgreementText::read("# Trust\n\nx").unwrap(),
        published_at: at(0),
        superseded_at: None,
    }
}

pub(super) fn describe(availability: Availability) -> Command {
    Command::Describe { applicant: applicant(), availability }
}

pub(super) fn sign(shown: &str) -> Command {
    let signatory = SignatoryForm {
        name: "Ana Rivera",
        title: "Owner",
        authority: true,
        accepts: true,
        takes_duties: true,
    };
    Command::Sign {
        in_force: agreement("agr_1"),
        shown: shown.parse().unwrap(),
        signatory: signatory.read().unwrap(),
        address: None,
    }
}

pub(super) fn take(result: TestResult) -> Command {
    Command::Prove(identity_proof::Command::Take(result))
}

pub(super) fn passed() -> Command {
    take(TestResult::Passed { reference: "t-1".to_owned() })
}

pub(super) fn to_notary() -> Command {
    let reference = NotaryReference::from_random([1; 7]);
    Command::Prove(identity_proof::Command::GoToNotary(reference))
}

pub(super) fn judge() -> Command {
    Command::Prove(identity_proof::Command::Judge(Judgement::Accepted))
}

pub(super) fn nobody_yet() -> Registrant {
    Registrant::New { id: "sub_new".parse().unwrap(), user_id: "ana.rivera".parse().unwrap() }
}

pub(super) fn known(status: AccountStatus) -> Registrant {
    let user_id = "ana.r".parse().unwrap();
    Registrant::Known { id: "sub_ana".parse().unwrap(), user_id, status, npi: None }
}

pub(super) fn with_npi(npi: &str) -> Registrant {
    let (id, user_id) = ("sub_ana".parse().unwrap(), "ana.r".parse().unwrap());
    let npi = Some(npi.parse().unwrap());
    Registrant::Known { id, user_id, status: AccountStatus::Active, npi }
}

pub(super) fn approve(availability: Availability) -> Command {
    approve_as(nobody_yet(), availability)
}

pub(super) fn approve_as(registrant: Registrant, availability: Availability) -> Command {
    let (organization, prefix) = ("org_new".parse().unwrap(), Prefix::Listed);
    Command::Approve { organization, availability, prefix, registrant }
}

pub(super) fn approve_unlisted(reason: &str) -> Command {
    let prefix = Prefix::Unlisted { reason: reason.to_owned() };
    let (organization, availability) = ("org_new".parse().unwrap(), Availability::Open);
    Command::Approve { organization, availability, prefix, registrant: nobody_yet() }
}

pub(super) fn answer(answer: Answer) -> Command {
    let id = "org_holder".parse().unwrap();
    let administrators = vec!["sub_adam".parse().unwrap()];
    let owner = Owner { id, administrators, others: 0, personal: Personal::No };
    Command::Answer { answer, owner, gate: Gate::Open }
}

pub(super) type Step = (i64, Actor, Command);

/// Somebody who has not signed in.
pub(super) fn me(day: i64, command: Command) -> Step {
    (day, Actor::Nobody, command)
}

pub(super) fn walk(steps: Vec<Step>) -> Result<Outcome<Registration>, Refusal> {
    let begin = Outcome { state: begun(), audit: vec![], letters: vec![], effects: vec![] };
    steps.into_iter().try_fold(begin, |outcome, (day, actor, command)| {
        decide(outcome.state, command, &actor, at(day))
    })
}

/// How far it is, in a word.
pub(super) fn word(stage: &Stage) -> &'static str {
    match stage {
        Stage::Agreement(_) => "agreement",
        Stage::Approved(_) => "approved",
        Stage::ContactVerified => "contact-verified",
        Stage::Dialogue(..) => "dialogue",
        Stage::Draft => "draft",
        Stage::Erased => "erased",
        Stage::Identity(_, _, Proofing::AtNotary { .. }) => "at-notary",
        Stage::Identity(..) => "identity",
        Stage::Referred(_) => "referred",
        Stage::Rejected => "rejected",
        Stage::Review(..) => "review",
        Stage::Waiting(..) => "waiting",
        Stage::Withdrawn => "withdrawn",
    }
}

pub(super) fn up_to_signature() -> Vec<Step> {
    vec![
        me(0, Command::VerifyContact),
        me(0, describe(Availability::Open)),
        me(0, tell_work()),
        me(0, sign("agr_1")),
    ]
}

pub(super) fn up_to_review() -> Vec<Step> {
    [up_to_signature(), vec![me(0, passed())]].concat()
}

pub(super) fn taken() -> Vec<Step> {
    vec![me(0, Command::VerifyContact), me(0, describe(Availability::Taken))]
}

pub(super) fn signed() -> Signed {
    let signatory = Signatory { name: "Ana Rivera".to_owned(), title: "Owner".to_owned() };
    let text_hash = agreement("agr_1").text.hash();
    let (agreement, at) = ("agr_1".parse().unwrap(), at(0));
    let duties_acknowledged_at = Some(at);
    Signed { agreement, text_hash, signatory, at, address: None, duties_acknowledged_at }
}

pub(super) fn proof() -> Proof {
    Proof::KnowledgeTest { reference: "t-1".to_owned(), at: at(0) }
}
