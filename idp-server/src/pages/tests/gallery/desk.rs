//! The support desk, and the public forms.

use idp_core::community::ticket::{Standing, TicketKind, Waits};

use super::{Rendered, Words, at, rendered};
use crate::pages::*;

pub(super) fn pages(frame: Frame<'static>, words: &'static Words) -> Vec<Rendered> {
    let mut pages = vec![
        rendered("support", &home(frame)),
        rendered("support-tickets", &tickets(frame, words)),
        rendered("support-ticket", &ticket(frame, words, None)),
        rendered(
            "support-ticket-problem",
            &ticket(frame, words, Some(TicketProblem::Typed(words.value))),
        ),
        rendered("ticket", &own_ticket(frame, words)),
    ];
    for (name, what) in [
        ("contact", Asked::Contact),
        ("request-access", Asked::Access),
        ("administrator-left", Asked::AdministratorLeft),
        ("existing-id", Asked::ExistingId),
    ] {
        let problem = (what == Asked::Contact).then_some(FormProblem::Wrong);
        pages.push(rendered(name, &ask(frame, words, what, problem)));
    }
    for (name, article) in [
        ("guide-administrator", Article::Administrators),
        ("cookies", Article::Cookies),
        ("help", Article::Help),
        ("privacy", Article::Privacy),
    ] {
        pages.push(rendered(name, &ArticlePage { frame, article }));
    }
    pages.extend([
        rendered("sites", &sites(frame, words)),
        rendered("agreements", &agreements(frame)),
        rendered("browser-test", &browser_test(frame, words, None)),
        rendered("browser-test-good", &browser_test(frame, words, Some(true))),
        rendered("browser-test-bad", &browser_test(frame, words, Some(false))),
        rendered("status", &StatusPage { frame, works: true }),
        rendered("status-troubled", &StatusPage { frame, works: false }),
        rendered("support-search", &list(frame, words)),
        rendered("support-person", &case(frame, words, None)),
        rendered("support-person-refused", &case(frame, words, Some(words.value))),
    ]);
    pages.push(rendered("asked", &AskedPage { frame, what: Asked::Contact, in_mailbox: true }));
    pages
}

fn home(frame: Frame<'static>) -> SupportHomePage<'static> {
    SupportHomePage { frame, nav: SupportNav { area: SupportArea::Home }, queues: Vec::new() }
}

fn line(words: &'static Words, kind: TicketKind, state: &'static str) -> TicketLine<'static> {
    TicketLine {
        id: "tkt_1",
        kind,
        state,
        opened_at: at(-30),
        assignee: Some(words.person),
        overdue: state == "assigned",
    }
}

fn tickets(frame: Frame<'static>, words: &'static Words) -> TicketsPage<'static> {
    let kinds = TicketKind::ALL.map(|kind| (kind.code(), frame.text.ticket_kind(kind)));
    TicketsPage {
        frame,
        nav: SupportNav { area: SupportArea::Tickets },
        fields: vec![FieldView::choice("kind", frame.text.ticket.kind, kinds.to_vec())],
        tickets: vec![
            line(words, TicketKind::PromoteAdmin, "assigned"),
            line(words, TicketKind::Contact, "new"),
        ],
        next: Some("/support/tickets?after=1-tkt_1".to_owned()),
    }
}

fn ticket(
    frame: Frame<'static>,
    words: &'static Words,
    problem: Option<TicketProblem<'static>>,
) -> TicketPage<'static> {
    TicketPage {
        frame,
        nav: SupportNav { area: SupportArea::Tickets },
        form_token: words.token,
        line: line(words, TicketKind::PromoteAdmin, "assigned"),
        requester: RequesterView::Visitor(words.email),
        organization: Some((words.organizations[0], "/support/organizations/org_1".to_owned())),
        regarding: Some("/support/people/sub_1".to_owned()),
        standing: frame.text.ticket_standing(Standing::Open(Waits::ForOwner { until: at(9) })),
        propose: Some("/support/tickets/tkt_1/promotion".to_owned()),
        details: vec![("organization_name", words.organizations[0]), ("person_name", words.person)],
        said: said(words),
        deeds: Deeds {
            own: false,
            take: false,
            ask_back: true,
            mine: true,
            resolve: false,
            turn_down: true,
            hand_over: vec![("sub_2", words.person)],
        },
        fields: vec![FieldView::area("message", frame.text.ticket.message, 500)],
        problem,
    }
}

fn said(words: &'static Words) -> Vec<SaidView<'static>> {
    vec![
        SaidView { asker: true, author: None, at: at(-20), text: words.value },
        SaidView { asker: false, author: Some(words.person), at: at(-19), text: words.description },
    ]
}

fn own_ticket(frame: Frame<'static>, words: &'static Words) -> RequesterTicketPage<'static> {
    RequesterTicketPage {
        frame,
        form_token: words.token,
        link: "tkt_1.key",
        said: said(words),
        fields: vec![FieldView::area("message", frame.text.ticket.message, 500)],
        reopens: false,
        done: true,
        problem: None,
    }
}

fn ask(
    frame: Frame<'static>,
    words: &'static Words,
    what: Asked,
    problem: Option<FormProblem>,
) -> AskPage<'static> {
    let text = &frame.text.ask;
    let wrong = problem.map(|_| words.value);
    AskPage {
        frame,
        form_token: words.token,
        what,
        fields: vec![
            FieldView { value: words.person, ..FieldView::line("name", text.name, 100) },
            FieldView { value: words.email, wrong, ..FieldView::email("email", text.email) },
            FieldView::phone("phone", text.phone).optional(),
            FieldView::area("message", text.message, 500).with_hint(text.message_hint),
        ],
        challenge: Some(ChallengeView {
            token: words.token.to_owned(),
            wait_seconds: 60,
            problem: None,
        }),
        problem,
    }
}

fn sites(frame: Frame<'static>, words: &'static Words) -> SitesPage<'static> {
    let listed = |id, roles, second_factor: bool| ListedSite {
        id,
        view: super::site(words),
        home: Some(words.policy),
        help_phone: second_factor.then_some(words.value),
        help_email: second_factor.then_some(words.value),
        receives: vec!["openid", "profile", words.value],
        roles,
        administrator: second_factor,
        second_factor,
        switched_on: second_factor,
    };
    let roles = vec!["licensed-practitioner", words.value];
    SitesPage { frame, sites: vec![listed("one", roles, true), listed("two", Vec::new(), false)] }
}

fn agreements(frame: Frame<'static>) -> PublicAgreementsPage<'static> {
    let one = ("Subscriber agreement", "2026-11", "/agreements/agr_1".to_owned());
    PublicAgreementsPage { frame, agreements: vec![one] }
}

fn browser_test(
    frame: Frame<'static>,
    words: &'static Words,
    cookies: Option<bool>,
) -> BrowserTestPage<'static> {
    BrowserTestPage { frame, user_agent: words.user_agents[0], cookies }
}

fn list(frame: Frame<'static>, words: &'static Words) -> ListPage<'static> {
    let text = &frame.text.desk;
    let row = |title: &str| ListRow {
        title: title.to_owned(),
        address: Some("/support/people/sub_1".to_owned()),
        badge: Some(text.stage_review.to_owned()),
        facts: vec![Fact::text(text.name, words.person), Fact::at(text.at, at(-3))],
    };
    let part = |id, heading, rows| ListPart {
        id,
        heading,
        rows,
        next: Some("/support/search?q=a&people_after=sub_1".to_owned()),
    };
    ListPage {
        frame,
        nav: SupportNav { area: SupportArea::Search },
        lead: Some(text.audit_lead),
        fields: vec![
            FieldView { value: words.value, ..FieldView::line("q", text.search, 100) }
                .with_hint(text.search_hint),
        ],
        action: "/support/search",
        by: SendBy::Post(words.token),
        problem: None,
        parts: vec![
            part("organizations", text.organizations, vec![row(words.organizations[0])]),
            part("people", text.people, Vec::new()),
        ],
    }
}

fn case(frame: Frame<'static>, words: &'static Words, problem: Option<&str>) -> CasePage<'static> {
    let text = &frame.text.desk;
    let given =
        vec![("", text.not_asked), ("right", text.answer_right), ("wrong", text.answer_wrong)];
    let question = FieldView::choice("organization", text.question_organization, given);
    CasePage {
        frame,
        nav: SupportNav { area: SupportArea::Search },
        form_token: words.token,
        title: words.person.to_owned(),
        action: "/support/people/sub_1".to_owned(),
        problem: problem.map(str::to_owned),
        done: problem.is_none().then_some(text.code_made),
        code: problem.is_none().then(|| "1234 5678".to_owned()),
        sections: vec![Section {
            id: "person",
            heading: text.person,
            lead: None,
            facts: vec![
                Fact::text(text.account, text.account_active),
                Fact::link(
                    text.acts_for,
                    words.organizations[0],
                    "/support/organizations/org_1".to_owned(),
                ),
                Fact::at(text.verified_until, at(1)),
            ],
        }],
        deeds: vec![
            DeedView::button("check", text.check)
                .with(vec![question.with_hint(words.organizations[1])])
                .with_hint(text.check_hint)
                .main(),
            DeedView::button("suspend", text.suspend)
                .with(vec![FieldView::area("reason", text.reason, 500)])
                .with_hint(text.suspend_hint),
        ],
    }
}
