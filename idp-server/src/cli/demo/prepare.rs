//! `hilum demo prepare`: work for the consoles, so that who looks at the demo finds a nominee who is
//! waited for, an organization that wants to join, and two that claim one Tax ID.
//!
//! All of it goes through the use cases of the pages: the record tells of it, and its mails are in
//! the mailbox of the demo.

use idp_core::{
    community::{
        actor::Actor,
        agreement::Agreement,
        field::Objections,
        identity_proof::TestResult,
        nomination::NomineeForm,
        registration::{
            Applicant, Contact, ContactForm, DetailsForm, Signatory, SignatoryForm, WorkForm,
        },
        rights::RightsForm,
        tax_id::{Ein, TaxIdError, TaxIdNumber},
        tax_id_registry::dialogue::{Answer, Gate},
    },
    ids::{OrganizationId, RegistrationId},
};

use crate::{
    community::{
        Office,
        nomination::{self, Similar},
        registrations,
    },
    store::{
        AnyConn, StoreError, affiliation, agreement,
        nomination::{self as stored, Shown},
        registration, subscriber,
    },
};

/// Who nominates, and whose number is claimed.
const ADMINISTRATOR: &str = "administrator";

/// Who is nominated.
const NOMINEE: NomineeForm<'static> = NomineeForm {
    given_name: "Tamara",
    family_name: "Quist",
    email: "tamara.quist@cedar-falls.example",
    npi: "",
    user_id: "tamara.quist",
    rights: RightsForm {
        roles: &["office-worker"],
        role_details: &[],
        access_level: "community-standard",
        tax_ids: None,
        reason: "Joins the front desk",
    },
    verified_by: "known-in-person",
    verification_note: "",
};

/// An organization that wants to join.
struct Newcomer {
    contact: ContactForm<'static>,
    details: DetailsForm<'static>,
    number: &'static str,
}

/// Its number is free.
const HARBOR: Newcomer = Newcomer {
    contact: ContactForm {
        given_name: "Helen",
        family_name: "Markovic",
        email: "helen.markovic@harbor-pt.example",
        phone: "(360) 555-0171",
    },
    details: DetailsForm {
        name: "Harbor Physical Therapy",
        address: "40 Harbor Avenue, Anacortes WA 98221",
        phone: "(360) 555-0170",
        npi: "",
    },
    number: "36-4455667",
};

/// What its owner does there.
const WORK: WorkForm<'_> = WorkForm {
    roles: &["other-service-provider"],
    role_details: &["therapist"],
    reason: "",
    npi: "",
};

/// Its number is the practice's: the billing service typed its customer's.
const FIR_STREET: Newcomer = Newcomer {
    contact: ContactForm {
        given_name: "Tom",
        family_name: "Hale",
        email: "tom.hale@fir-street.example",
        phone: "(360) 555-0181",
    },
    details: DetailsForm {
        name: "Fir Street Midwives",
        address: "9 Fir Street, Cedar Falls WA 98065",
        phone: "(360) 555-0180",
        npi: "",
    },
    number: "91-1234567",
};

/// What came of it. A refusal is a value, so that what was done before it is kept, as everywhere.
pub(super) type Prepared = Result<Done, String>;

/// How far the work is prepared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Done {
    /// Somebody has been nominated before, and more is not made up.
    Before,
    /// It is there now.
    Now,
}

/// Prepares the work, once in the life of a demo: the nomination is the mark of it, and is made first.
pub(super) fn prepare(conn: &mut AnyConn, office: &Office) -> Result<Prepared, StoreError> {
    let Some((administrator, of)) = administrator(conn)? else {
        return Ok(Err(format!("nobody called {ADMINISTRATOR} is there to nominate people")));
    };
    for shown in [Shown::Waiting, Shown::Over] {
        let nominated = stored::page(conn, &of, shown, None, office.now)?;
        if nominated.is_some_and(|page| !page.is_empty()) {
            return Ok(Ok(Done::Before));
        }
    }
    let desk = Office { actor: administrator, ..office.clone() };
    if let Err(why) = nomination::nominate(conn, &desk, NOMINEE, Similar::NobodyOfThem)? {
        return Ok(Err(why.to_string()));
    }
    let steps = [wait_for_review, claim_a_number];
    for step in steps {
        if let Err(why) = step(conn, office)? {
            return Ok(Err(why));
        }
    }
    Ok(Ok(Done::Now))
}

/// The Administrator of the demo, and the organization that they are it of.
fn administrator(conn: &mut AnyConn) -> Result<Option<(Actor, OrganizationId)>, StoreError> {
    let Some(account) = subscriber::for_sign_in(conn, ADMINISTRATOR)? else { return Ok(None) };
    let who = account.subscriber.id;
    let own = affiliation::of_subscriber(conn, &who)?;
    let of = own.into_iter().find(|own| own.administrator).map(|own| own.organization);
    Ok(of.map(|of| (Actor::Administrator { who, of: of.clone() }, of)))
}

/// Harbor Physical Therapy has signed, and proved who registers it.
fn wait_for_review(conn: &mut AnyConn, office: &Office) -> Result<Result<(), String>, StoreError> {
    let in_force = agreement::in_force(conn)?.into_iter().find(Agreement::is_of_organizations);
    let (Some(shown), Ok(signatory)) = (in_force, signatory()) else {
        return Ok(Err("no agreement for organizations is in force".to_owned()));
    };
    let id = match described(conn, office, HARBOR)? {
        Ok(id) => id,
        Err(why) => return Ok(Err(why)),
    };
    let work = match WORK.read(None) {
        Ok(work) => work,
        Err(found) => return Ok(Err(in_words(&found))),
    };
    if let Err(why) = registrations::tell_work(conn, office, &id, work)? {
        return Ok(Err(why.to_string()));
    }
    let signed = registrations::sign(conn, office, &id, shown.id, signatory)?;
    if let Err(why) = signed {
        return Ok(Err(why.to_string()));
    }
    let passed = TestResult::Passed { reference: "demo".to_owned() };
    let taken = registrations::take_test(conn, office, &id, passed)?;
    Ok(taken.map(drop).map_err(|why| why.to_string()))
}

/// Fir Street Midwives says that the practice works for them, so its Administrator is asked.
fn claim_a_number(conn: &mut AnyConn, office: &Office) -> Result<Result<(), String>, StoreError> {
    let id = match described(conn, office, FIR_STREET)? {
        Ok(id) => id,
        Err(why) => return Ok(Err(why)),
    };
    let asked = registrations::answer(conn, office, &id, Answer::WorksForUs, Gate::Open)?;
    Ok(asked.map(drop).map_err(|why| why.to_string()))
}

/// A registration whose organization is described.
fn described(
    conn: &mut AnyConn,
    office: &Office,
    newcomer: Newcomer,
) -> Result<Result<RegistrationId, String>, StoreError> {
    let (contact, applicant) = match newcomer.read() {
        Ok(read) => read,
        Err(found) => return Ok(Err(found)),
    };
    let begun = match registrations::begin(conn, office, contact)? {
        Ok(begun) => begun,
        Err(why) => return Ok(Err(why.to_string())),
    };
    let id = begun.registration.id;
    // What the registrant does with the link of the mail and the code of the page.
    let Some(sealed) = registration::find(conn, &id)? else {
        return Ok(Err("the registration is gone".to_owned()));
    };
    let link = office.registry.open(&sealed)?.link;
    registrations::enter(conn, office, &id, &link, Some(&begun.code))?;
    let described = registrations::describe(conn, office, &id, applicant)?;
    Ok(described.map(|_| id).map_err(|why| why.to_string()))
}

impl Newcomer {
    /// What its pages would read.
    fn read(self) -> Result<(Contact, Applicant), String> {
        let contact = self.contact.read().map_err(|found| in_words(&found))?;
        let details = self.details.read().map_err(|found| in_words(&found))?;
        let number: Ein = self.number.parse().map_err(|why: TaxIdError| why.to_string())?;
        Ok((contact, Applicant { details, number: TaxIdNumber::Ein(number) }))
    }
}

fn signatory() -> Result<Signatory, Objections> {
    let ContactForm { given_name, family_name, .. } = HARBOR.contact;
    let name = [given_name, family_name].join(" ");
    let (title, ticked) = ("Owner", true);
    SignatoryForm { name: &name, title, authority: ticked, accepts: ticked, takes_duties: ticked }
        .read()
}

fn in_words(found: &Objections) -> String {
    let lines: Vec<String> = found.iter().map(|(field, why)| format!("{field}: {why}")).collect();
    lines.join("; ")
}
