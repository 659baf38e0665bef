//! The Administrator's console, and the pages of whoever takes a User ID over.

use idp_core::{
    audit::Kind,
    authentication::{
        password_policy::{Objection, PasswordPolicy},
        secret_questions::{Objection as QuestionObjection, Question},
    },
    community::{
        end_access::Receipts, field::Objections, people_review::Stage, system_client::Purpose,
    },
};

use super::{Rendered, Words, agreement, at, rendered};
use crate::pages::*;

pub(super) fn pages(frame: Frame<'static>, words: &'static Words) -> Vec<Rendered> {
    let of = |area| OrganizationNav { id: "org_7q2m", name: words.organizations[0], area };
    let mut all = people(frame, words, of(OrganizationArea::People));
    all.extend(nominate(frame, words, of(OrganizationArea::Nominations)));
    all.extend(person(frame, words, of(OrganizationArea::People)));
    all.extend(activate(frame, words));
    all.extend(asking(frame, words, of(OrganizationArea::Requests)));
    all.extend(data(frame, words, of(OrganizationArea::Data)));
    all.extend(review(frame, words, of(OrganizationArea::People)));
    all.extend(systems(frame, words, of(OrganizationArea::Systems)));
    all.extend(affiliate(frame, words, of(OrganizationArea::Nominations)));
    all.extend(audit(frame, words, of(OrganizationArea::Audit)));
    all
}

fn affiliate(
    frame: Frame<'static>,
    words: &'static Words,
    nav: OrganizationNav<'static>,
) -> Vec<Rendered> {
    let mut wrong = Objections::default();
    wrong.object("user_id", words.description);
    wrong.object("reason", words.description);
    let (good, bad) = (typed(words, Objections::default()), typed(words, wrong));
    let page = |typed, problem| AffiliatePage {
        frame,
        nav,
        form_token: words.token,
        typed,
        rights: RightsFields { tax_ids: vec![("tin_1".to_owned(), "91-1234567".to_owned())] },
        problem,
    };
    let here = AffiliateProblem::AlreadyHere("/organization/org_7q2m/people/sub_1".to_owned());
    vec![
        rendered("organization-affiliate", &page(&good, None)),
        rendered("organization-affiliate-here", &page(&good, Some(here))),
        rendered(
            "organization-affiliate-asked",
            &page(&good, Some(AffiliateProblem::AlreadyAsked)),
        ),
        rendered("organization-affiliate-wrong", &page(&bad, None)),
    ]
}

fn audit(
    frame: Frame<'static>,
    words: &'static Words,
    nav: OrganizationNav<'static>,
) -> Vec<Rendered> {
    let person = || words.person.to_owned();
    let entry = |kind, by, visit: bool| RecordEntry {
        kind,
        at: at(10),
        by,
        whom: Some(person()),
        site: visit.then(|| words.site.to_owned()),
        tax_ids: if visit { vec![Some("91-1234567".to_owned()), None] } else { Vec::new() },
        roles: if visit { Vec::new() } else { vec!["office-manager".to_owned()] },
        reason: (!visit).then(|| words.description.to_owned()),
    };
    let page = |asked, nobody, events| OrganizationAuditPage {
        frame,
        nav,
        asked,
        sites: vec![("credentia", words.site)],
        nobody,
        events,
        export: "/organization/org_7q2m/audit/export".to_owned(),
        newest: Some("/organization/org_7q2m/audit".to_owned()),
        older: Some("/organization/org_7q2m/audit?before=1-evt_1".to_owned()),
    };
    let narrow =
        RecordAsked { what: "grant.issued", person: words.value, ..RecordAsked::default() };
    let events = vec![
        entry(Kind::GrantIssued, RecordActor::Named(words.site.to_owned()), true),
        entry(Kind::RoleGranted, RecordActor::Named(person()), false),
        entry(Kind::NominationExpired, RecordActor::Hilum, false),
        entry(Kind::AffiliationSuspended, RecordActor::SomebodyElse, false),
    ];
    vec![
        rendered("organization-audit", &page(RecordAsked::default(), false, events)),
        rendered("organization-audit-none", &page(narrow, false, Vec::new())),
        rendered("organization-audit-nobody", &page(narrow, true, Vec::new())),
    ]
}

fn data(
    frame: Frame<'static>,
    words: &'static Words,
    nav: OrganizationNav<'static>,
) -> Vec<Rendered> {
    let mut wrong = Objections::default();
    wrong.object("address", words.description);
    wrong.object("npi", words.description);
    let (good, bad) = (typed(words, Objections::default()), typed(words, wrong));
    let page = |typed, closing, done| OrganizationDataPage {
        frame,
        nav,
        form_token: words.token,
        id: "org_7q2m",
        typed,
        closing,
        done,
    };
    let part = |number: usize, console: Option<&str>| PartView {
        name: words.organizations[number].to_owned(),
        console: console.map(str::to_owned),
    };
    let parts = |typed, whole, done| OrganizationPartsPage {
        frame,
        nav,
        form_token: words.token,
        whole,
        parts: vec![part(1, Some("/organization/org_2")), part(2, None)],
        typed,
        done,
    };
    vec![
        rendered("organization-data", &page(&good, false, Some(DataDone::Both))),
        rendered("organization-data-wrong", &page(&bad, true, None)),
        rendered("organization-parts", &parts(&good, None, true)),
        rendered("organization-parts-wrong", &parts(&bad, None, false)),
        rendered("organization-part", &parts(&good, Some(words.organizations[1]), false)),
    ]
}

fn review(
    frame: Frame<'static>,
    words: &'static Words,
    nav: OrganizationNav<'static>,
) -> Vec<Rendered> {
    let line = |number: usize, waits: bool, is_me: bool| ReviewLine {
        id: format!("sub_{number}"),
        affiliation: format!("aff_{number}"),
        name: words.person.to_owned(),
        user_id: words.user_id.to_owned(),
        administrator: is_me,
        roles: vec!["office-worker", "medical-director"],
        access_level: "community-standard",
        tax_ids: (number == 1).then_some(2),
        last_sign_in_at: (number != 2).then(|| at(10)),
        since: at(-9000).date_naive(),
        reviewed_at: (!waits).then(|| at(20)),
        reviewed_by: (!waits).then(|| words.person.to_owned()),
        waits,
        is_me,
    };
    let page = |stage, people, sought, (can_finish, done)| ReviewPage {
        frame,
        nav,
        form_token: words.token,
        action: "/organization/org_7q2m/review?shown=all".to_owned(),
        sought,
        stage,
        finished_at: at(-9000),
        opens_at: at(-90),
        due_at: at(90),
        waiting: 100,
        can_finish,
        people,
        next: Some("/organization/org_7q2m/review?after=aff_4".to_owned()),
        done,
    };
    let sought = ReviewSought { q: words.value, role: "office-worker", shown: "unused" };
    let everybody = vec![line(1, true, false), line(2, false, false), line(3, true, true)];
    vec![
        rendered(
            "organization-review",
            &page(
                Stage::Open,
                everybody,
                ReviewSought::default(),
                (false, Some(ReviewDone::Kept(25))),
            ),
        ),
        rendered(
            "organization-review-overdue",
            &page(Stage::Overdue, Vec::new(), sought, (true, Some(ReviewDone::PeopleLeft))),
        ),
        rendered(
            "organization-review-done",
            &page(
                Stage::Resting,
                Vec::new(),
                ReviewSought::default(),
                (false, Some(ReviewDone::Finished)),
            ),
        ),
        rendered(
            "organization-review-nothing",
            &page(
                Stage::Open,
                vec![line(4, true, false)],
                ReviewSought::default(),
                (false, Some(ReviewDone::NothingTicked)),
            ),
        ),
    ]
}

fn systems(
    frame: Frame<'static>,
    words: &'static Words,
    nav: OrganizationNav<'static>,
) -> Vec<Rendered> {
    let system = |id, stage| SystemView {
        id,
        name: words.description,
        scopes: vec!["hie/pmp.query", words.value],
        purposes: Purpose::ALL.to_vec(),
        stage,
    };
    let until = at(9);
    let systems = vec![
        system("sys_1", SystemStage::Active { until, soon: false, waits_for_keys: true }),
        system("sys_2", SystemStage::Active { until, soon: true, waits_for_keys: false }),
        system("sys_3", SystemStage::CodeDead),
        system("sys_4", SystemStage::Expired),
        system("sys_5", SystemStage::Revoked),
        system("sys_6", SystemStage::Waiting { until }),
    ];
    let mut wrong = Objections::default();
    wrong.object("name", words.description);
    wrong.object("scopes", words.description);
    wrong.object("purposes", words.description);
    let (good, bad) = (Typed::default(), typed(words, wrong));
    let page = |systems, scopes, typed, done| OrganizationSystemsPage {
        frame,
        nav,
        form_token: words.token,
        systems,
        next: Some("/organization/org_7q2m/systems?after=sys_6&name=a".to_owned()),
        scopes,
        typed,
        done,
    };
    let scopes = vec!["hie/pmp.query", words.value];
    vec![
        rendered(
            "organization-systems",
            &page(systems.clone(), scopes.clone(), &good, Some(SystemDone::Renewed)),
        ),
        rendered("organization-systems-wrong", &page(Vec::new(), scopes, &bad, None)),
        rendered(
            "organization-systems-refused",
            &page(systems, Vec::new(), &good, Some(SystemDone::OutOfOrder)),
        ),
        rendered(
            "organization-system-code",
            &SystemCodePage {
                frame,
                nav,
                id: "sys_1",
                name: words.description,
                code: "4Yb3",
                set_up_at: "https://id.example/systems/sys_1/set-up",
            },
        ),
    ]
}

fn people(
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

fn person(
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
fn asking(
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

fn typed(words: &'static Words, objections: Objections) -> Typed {
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

fn nominate(
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

fn activate(frame: Frame<'static>, words: &'static Words) -> Vec<Rendered> {
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
