//! The Administrator's console: the organization itself.

use idp_core::{
    audit::Kind,
    community::{field::Objections, people_review::Stage, system_client::Purpose},
};

use super::{
    Rendered, Words, at,
    people::{activate, asking, nominate, people, person, typed},
    rendered,
};
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
