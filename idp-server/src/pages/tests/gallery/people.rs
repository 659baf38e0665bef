//! The Administrator's console: its people, and the pages of whoever takes a User ID over.

use idp_core::{
    authentication::{
        password_policy::{Objection, PasswordPolicy},
        secret_questions::{Objection as QuestionObjection, Question},
    },
    community::{end_access::Receipts, field::Objections},
};

use super::{Rendered, Words, agreement, at, rendered};
use crate::pages::*;

pub(super) fn people(
    frame: Frame<'static>,
    words: &'static Words,
    nav: OrganizationNav<'static>,
) -> Vec<Rendered> {
    let person = |number: usize, standing, administrator| PersonView {
        id: format!("sub_{number}"),
        name: words.person.to_owned(),
        user_id: words.user_id.to_owned(),
        standing,
        administrator,
        roles: vec!["licensed-practitioner", "office-manager"],
        last_sign_in_at: (number != 2).then(|| at(10)),
        has_factor: number != 2,
    };
    let sought = Sought { q: words.value, status: "active", only: "", role: "office-manager" };
    vec![
        rendered(
            "organization-people",
            &PeoplePage {
                frame,
                nav,
                sought: Sought::default(),
                people: vec![
                    person(1, PersonStanding::Active, true),
                    person(2, PersonStanding::Dormant, false),
                    person(3, PersonStanding::Suspended, false),
                ],
                before: Some("/organization/org_7q2m/people?before=aff_1".to_owned()),
                after: Some("/organization/org_7q2m/people?after=aff_4".to_owned()),
                export: "/organization/org_7q2m/roster/export".to_owned(),
            },
        ),
        rendered(
            "organization-people-none",
            &PeoplePage {
                frame,
                nav,
                sought,
                people: Vec::new(),
                before: None,
                after: None,
                export: "/organization/org_7q2m/roster/export?q=nobody".to_owned(),
            },
        ),
    ]
}

pub(super) fn person(
    frame: Frame<'static>,
    words: &'static Words,
    nav: OrganizationNav<'static>,
) -> Vec<Rendered> {
    let mut wrong = Objections::default();
    wrong.object("reason", words.description);
    let mut without_address = wrong.clone();
    without_address.object("email", words.description);
    let (good, bad) = (typed(words, Objections::default()), typed(words, wrong));
    let address = typed(words, without_address);
    let page = |deeds, done| PersonPage {
        frame,
        nav,
        id: "sub_1",
        name: words.person,
        user_id: words.user_id,
        email: Some(words.email),
        npi: Some("1999999984"),
        standing: PersonStanding::Suspended,
        administrator: true,
        roles: vec!["licensed-practitioner"],
        role_details: vec!["arnp"],
        access_level: "community-full",
        tax_ids: vec!["91-1234567".to_owned()],
        since: "2024-03-11".to_owned(),
        last_sign_in_at: Some(at(3)),
        has_factor: false,
        promotion: Some(RunningPromotion { stage: "at-notary", until: at(9) }),
        deeds,
        done,
    };
    let deed = |deed, typed| DeedPage {
        frame,
        nav,
        form_token: words.token,
        id: "sub_1",
        name: words.person,
        deed,
        typed,
    };
    let all = PersonDeed::ALL.to_vec();
    let rights = RightsFields { tax_ids: vec![("tin_1".to_owned(), "91-1234567".to_owned())] };
    let form_token = words.token;
    let (id, name, code) = ("sub_1", words.person, "1234 5678 9012");
    vec![
        rendered("organization-person", &page(all, Some(PersonDeed::Rights))),
        rendered("organization-person-oneself", &page(Vec::new(), None)),
        rendered("organization-deed-promote", &deed(PersonDeed::Promote, &Typed::default())),
        rendered("organization-deed-remove", &deed(PersonDeed::Remove, &Typed::default())),
        rendered("organization-deed-deactivate", &deed(PersonDeed::Deactivate, &good)),
        rendered("organization-deed-email", &deed(PersonDeed::Email, &address)),
        rendered(
            "organization-person-rights",
            &PersonRightsPage {
                frame,
                nav,
                form_token,
                id,
                name,
                typed: &bad,
                asks_npi: true,
                rights,
            },
        ),
        rendered(
            "organization-code",
            &ResetCodePage { frame, nav, id, user_id: words.user_id, code },
        ),
        rendered("organization-ending", &ending(frame, words, nav)),
    ]
}

/// Organizations that ask people, and people who ask organizations.
pub(super) fn asking(
    frame: Frame<'static>,
    words: &'static Words,
    nav: OrganizationNav<'static>,
) -> Vec<Rendered> {
    let request = RequestView {
        id: "req_1".to_owned(),
        name: words.person.to_owned(),
        email: words.email.to_owned(),
        phone: "(360) 555-0111".to_owned(),
        address: words.description.to_owned(),
        user_id: Some(words.user_id.to_owned()),
        access_level: "community-full",
        asked_at: at(1),
    };
    let offer = ReceivedOffer {
        id: "aff_1",
        organization: words.organizations[1],
        roles: vec!["licensed-practitioner"],
        access_level: "community-standard",
    };
    let account = AccountNav { area: Area::Offers, has_questions: true };
    let offers = |offers, done, due| OffersPage {
        frame,
        nav: account,
        form_token: words.token,
        offers,
        promotions: vec![Invitation {
            id: "pro_1".to_owned(),
            organization: words.organizations[0].to_owned(),
        }],
        done,
        due,
    };
    let due = |what| Some(OfferDue { offer: "aff_1".to_owned(), what });
    let requests = vec![request];
    let form_token = words.token;
    vec![
        rendered(
            "organization-requests",
            &RequestsPage { frame, nav, form_token, requests, declined: true },
        ),
        rendered("account-offers", &offers(vec![offer.clone()], Some(OfferDone::Accepted), None)),
        rendered("account-offers-over", &offers(Vec::new(), Some(OfferDone::Over), None)),
        rendered("account-offers-none", &offers(Vec::new(), Some(OfferDone::Declined), None)),
        rendered(
            "account-offers-mailbox",
            &offers(vec![offer.clone()], None, due(DueProof::Mailbox { wrong: false })),
        ),
        rendered(
            "account-offers-npi",
            &offers(vec![offer], None, due(DueProof::Npi { wrong: true })),
        ),
    ]
}

fn ending(
    frame: Frame<'static>,
    words: &'static Words,
    nav: OrganizationNav<'static>,
) -> EndingPage<'static> {
    let states =
        [SiteReceipt::Confirmed, SiteReceipt::Waiting, SiteReceipt::Failed, SiteReceipt::Silent];
    let sum = Receipts {
        confirmed: 1,
        failed: 1,
        silent: 1,
        waiting: 1,
        slowest: Some(chrono::TimeDelta::milliseconds(1200)),
    };
    let sites = states.map(|state| (words.site.to_owned(), state)).to_vec();
    let (person, done) = (Some(words.person), Some(PersonDeed::Remove));
    EndingPage { frame, nav, person, done, sum, sites }
}

pub(super) fn typed(words: &'static Words, objections: Objections) -> Typed {
    let fields = [
        ("given_name", words.person),
        ("family_name", words.value),
        ("email", words.email),
        ("npi", "1999999984"),
        ("role.licensed-practitioner", "yes"),
        ("role.medical-director", "yes"),
        ("detail.arnp", "yes"),
        ("reason", words.description),
        ("access_level", "community-standard"),
        ("tax_ids", "some"),
        ("tax.tin_1", "yes"),
        ("verified_by", "photo-id"),
        ("verification_note", words.description),
    ];
    Typed::new(fields, objections)
}

pub(super) fn nominate(
    frame: Frame<'static>,
    words: &'static Words,
    nav: OrganizationNav<'static>,
) -> Vec<Rendered> {
    let rights = || RightsFields {
        tax_ids: vec![
            ("tin_1".to_owned(), "91-1234567".to_owned()),
            ("tin_2".to_owned(), "***-**-1234".to_owned()),
        ],
    };
    let mut wrong = Objections::default();
    for field in ["given_name", "email", "roles", "reason", "tax_ids", "verified_by"] {
        wrong.object(field, words.description);
    }
    let (good, bad) = (typed(words, Objections::default()), typed(words, wrong));
    let similar = [(
        words.person.to_owned(),
        words.user_id.to_owned(),
        "/organization/org_7q2m/people/sub_1".to_owned(),
    )];
    let form = |typed, problem| NominatePage {
        frame,
        nav,
        form_token: words.token,
        typed,
        rights: rights(),
        problem,
    };
    let review = |user_id, similar, similar_due| NominateReviewPage {
        frame,
        nav,
        form_token: words.token,
        typed: &good,
        rights: rights(),
        user_id,
        similar,
        similar_due,
    };
    vec![
        rendered("organization-nominate", &form(&good, None)),
        rendered("organization-nominate-wrong", &form(&bad, None)),
        rendered(
            "organization-nominate-here",
            &form(&good, Some(NominateProblem::AlreadyHere("/organization/org_7q2m/people/sub_1"))),
        ),
        rendered("organization-nominate-review", &review(Some(words.user_id), &similar, true)),
        rendered("organization-nominate-ask", &review(None, &[], false)),
        rendered(
            "organization-nominated",
            &NominatedPage {
                frame,
                nav,
                name: words.person,
                user_id: words.user_id,
                code: "1234 5678 9012",
                until: at(7 * 24 * 60),
            },
        ),
        rendered(
            "organization-outcome",
            &OrganizationOutcomePage {
                frame,
                nav,
                outcome: OrganizationOutcome::LastAdministrator,
                back: "/organization/org_7q2m/nominations".to_owned(),
            },
        ),
        rendered("organization-nominations", &nominations(frame, words, nav)),
    ]
}

fn nominations(
    frame: Frame<'static>,
    words: &'static Words,
    nav: OrganizationNav<'static>,
) -> NominationsPage<'static> {
    let nomination = |number: usize, state| NominationView {
        id: format!("nom_{number}"),
        name: words.person.to_owned(),
        user_id: words.user_id.to_owned(),
        email: words.email.to_owned(),
        nominated_at: at(0),
        state,
    };
    NominationsPage {
        frame,
        nav,
        form_token: words.token,
        over: false,
        nominations: vec![
            nomination(1, NominationState::Waiting { until: at(60), code_lives: true }),
            nomination(2, NominationState::Waiting { until: at(60), code_lives: false }),
            nomination(3, NominationState::Expired),
            nomination(4, NominationState::Activated { at: at(30) }),
            nomination(5, NominationState::Withdrawn { at: at(30) }),
        ],
        offers: vec![OfferView {
            id: "aff_9".to_owned(),
            typed: words.email.to_owned(),
            asked_at: at(5),
        }],
        after: Some("/organization/org_7q2m/nominations?after=nom_5".to_owned()),
        done: Some(NominationDone::Withdrawn),
    }
}

pub(super) fn activate(frame: Frame<'static>, words: &'static Words) -> Vec<Rendered> {
    let account = |wrong| ActivateAccountPage {
        shown: "agr_1",
        frame,
        link: "nom_1.k3y",
        form_token: words.token,
        code: "1234 5678 9012",
        name: words.person,
        user_id: words.user_id,
        organization: words.organizations[0],
        policy: PasswordPolicy::COMMUNITY,
        agreements: vec![agreement::view(words)],
        chosen: [Some(Question::FirstPet), None, None],
        wrong,
    };
    let wrong = Wrong {
        password: vec![Objection::Common],
        differ: true,
        questions: vec![QuestionObjection::Number],
        agreement: true,
        agreement_changed: true,
        busy: true,
    };
    let ask = |problem| ActivatePage { frame, link: "nom_1.k3y", form_token: words.token, problem };
    vec![
        rendered("activate", &ask(None)),
        rendered("activate-wrong", &ask(Some(ActivateProblem::WrongCode))),
        rendered("activate-account", &account(Wrong::default())),
        rendered("activate-account-wrong", &account(wrong)),
        rendered("activated", &ActivatedPage { frame, conflict: false }),
        rendered("activated-conflict", &ActivatedPage { frame, conflict: true }),
    ]
}
