//! How a registration begins, what is kept of it on the way, and when it is over.

use super::{super::*, samples::*};
use crate::{
    audit::Kind,
    community::{
        actor::{
            Actor,
            testing::{JOB, agent, person},
        },
        identity_proof::Judgement,
        news::{News, Recipient},
        outcome::Effect,
    },
};

#[test]
fn a_registration_begins_with_a_link_in_a_mail() {
    let Registration { id, contact, keys, .. } = begun();
    let ana = person("ana");
    let outcome = begin(id.clone(), contact.clone(), keys, &ana, at(0)).unwrap();
    assert_eq!(outcome.audit, [Kind::OrgStarted]);
    assert_eq!(outcome.letters.len(), 1);
    assert_eq!(outcome.state.registrant.as_ref(), ana.person());
    assert!(begin(id, contact, keys, &agent("sam"), at(0)).is_err());
}

#[test]
fn a_number_is_asked_for_as_long_as_the_registration_goes_on() {
    let works_for_us = [taken(), vec![me(0, answer(Answer::WorksForUs))]].concat();
    let id = || "reg_1".parse().unwrap();
    let asked = walk(works_for_us.clone()).unwrap().effects;
    assert_eq!(asked, [Effect::ClaimNumber { registration: id(), ground: Ground::WorksForUs }]);
    let refused = Command::Reject(Message::read("No such clinic.").unwrap());
    for (actor, command) in [(Actor::Nobody, Command::Withdraw), (agent("sam"), refused)] {
        let steps = [works_for_us.clone(), vec![(1, actor, command)]].concat();
        assert_eq!(walk(steps).unwrap().effects, [Effect::WithdrawClaim(id())]);
    }
    // Also what is kept for it already, and nothing where there is no number yet.
    let review = [up_to_review(), vec![me(1, Command::Withdraw)]].concat();
    assert_eq!(walk(review).unwrap().effects, [Effect::WithdrawClaim(id())]);
    let early = vec![me(0, Command::VerifyContact), me(1, Command::Withdraw)];
    assert_eq!(walk(early).unwrap().effects, []);
}

#[test]
fn whoever_sent_a_form_that_is_refused_hears_why() {
    let why = Message::read("The seal is missing.").unwrap();
    let refused = Command::Prove(identity_proof::Command::Judge(Judgement::Refused(why)));
    let steps = [me(1, to_notary()), (9, agent("sam"), refused)];
    let outcome = walk([up_to_signature(), steps.to_vec()].concat()).unwrap();
    assert_eq!(word(&outcome.state.stage), "identity", "they may bring another one");
    let reason = "The seal is missing.".to_owned();
    let [letter] = &outcome.letters[..] else { panic!("{:?}", outcome.letters) };
    assert_eq!(letter.to, Recipient::Registrant("reg_1".parse().unwrap()));
    assert_eq!(letter.news, News::NotaryFormRefused { reason });
}

/// R38, R44
#[test]
fn what_was_told_of_the_organization_and_the_work_there_is_kept_on_the_way() {
    let another = [me(0, answer(Answer::Unknown)), me(0, answer(Answer::TypedAnother))];
    let again = walk([taken(), another.to_vec()].concat()).unwrap().state;
    assert_eq!(word(&again.stage), "contact-verified");
    assert_eq!(again.told, Some(applicant().details), "nothing but the number is asked for anew");
    assert_eq!(again.work, None);
    // The number went to somebody else: what they do there did not.
    let late = vec![(1, agent("sam"), approve(Availability::Taken))];
    let back = walk([up_to_review(), late].concat()).unwrap().state;
    assert_eq!((word(&back.stage), back.work), ("dialogue", Some(work())));
}

#[test]
fn a_registration_that_began_before_there_were_roles_goes_on() {
    let mut document = serde_json::to_value(walk(up_to_review()).unwrap().state).unwrap();
    let fields = document.as_object_mut().unwrap();
    assert!(fields.remove("work").is_some() && fields.remove("told").is_some());
    let signed = fields["stage"]["review"][1].as_object_mut().unwrap();
    assert!(signed.remove("duties_acknowledged_at").is_some());
    let old: Registration = serde_json::from_value(document).unwrap();
    let approved = decide(old, approve(Availability::Open), &agent("sam"), at(1)).unwrap();
    assert_eq!(word(&approved.state.stage), "approved");
}

#[test]
fn what_was_signed_is_kept_with_its_hash() {
    let Stage::Identity(_, found, _) = walk(up_to_signature()).unwrap().state.stage else {
        panic!("identity");
    };
    assert_eq!(found, signed());
}

#[test]
fn what_is_abandoned_is_over_by_date_and_then_erased() {
    for (stage, day, over, erased) in [
        (Stage::Draft, 29, false, false),
        (Stage::Draft, 30, true, true),
        (Stage::ContactVerified, 30, true, true),
        (Stage::Agreement(applicant()), 30, true, true),
        (Stage::Identity(applicant(), signed(), Proofing::DUE), 30, true, true),
        // what waits for others is not abandoned
        (Stage::Review(applicant(), signed(), proof()), 300, false, false),
        (Stage::Waiting(applicant(), Ground::Disputed), 300, false, false),
        (Stage::Approved("org_a".parse().unwrap()), 300, false, false),
        // what came to nothing is kept for a while
        (Stage::Rejected, 29, false, false),
        (Stage::Rejected, 30, false, true),
        (Stage::Withdrawn, 30, false, true),
    ] {
        let registration = Registration { stage, ..begun() };
        let found = (registration.is_abandoned(at(day)), registration.is_to_be_erased(at(day)));
        assert_eq!(found, (over, erased), "{registration:?} on day {day}");
        let step = decide(registration.clone(), Command::Withdraw, &Actor::Nobody, at(day));
        assert_eq!(step == Err(Refusal::Abandoned), over, "{registration:?}");
        let gone = decide(registration, Command::Erase, &JOB, at(day));
        assert_eq!(gone.is_ok(), erased);
    }
}

#[test]
fn a_form_says_all_that_is_wrong_with_it() {
    let wrong = ContactForm { given_name: "", family_name: "Rivera", email: "ana@", phone: "1" };
    let objections = wrong.read().unwrap_err();
    assert_eq!(
        objections.iter().map(|(field, _)| field).collect::<Vec<_>>(),
        ["email", "given_name", "phone"]
    );
    let wrong =
        DetailsForm { name: "Clinic", address: "1 Main St", phone: "360 555 0100", npi: "1" };
    assert_eq!(wrong.read().unwrap_err().of("npi"), Some("an NPI has exactly ten digits"));
    let unticked = SignatoryForm { name: "Ana", title: "Owner", ..SignatoryForm::default() };
    let objections = unticked.read().unwrap_err();
    assert_eq!(
        objections.iter().map(|(field, _)| field).collect::<Vec<_>>(),
        ["accepts", "authority", "takes_duties"]
    );
}

#[test]
fn a_personal_number_survives_the_document() {
    let number = TaxIdNumber::Ssn("123-45-6789".parse().unwrap());
    let registration =
        Registration { stage: Stage::Agreement(Applicant { number, ..applicant() }), ..begun() };
    let written = serde_json::to_string(&registration).unwrap();
    assert_eq!(serde_json::from_str::<Registration>(&written).unwrap(), registration);
    // A prefix that Support accepted, and that the table does not know.
    let overridden = written.replace("ssn:123456789", "ein:001234567");
    assert!(serde_json::from_str::<Registration>(&overridden).is_ok());
    assert!(serde_json::from_str::<Registration>(&written.replace("ssn:", "")).is_err());
}
