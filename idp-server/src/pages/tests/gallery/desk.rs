//! The support desk, and the public forms.

use idp_core::community::ticket::TicketKind;

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
        ("administrator-left", Asked::AdministratorLeft),
        ("existing-id", Asked::ExistingId),
    ] {
        let problem = (what == Asked::Contact).then_some(FormProblem::Wrong);
        pages.push(rendered(name, &ask(frame, words, what, problem)));
    }
    pages.push(rendered("asked", &AskedPage { frame, what: Asked::Contact, in_mailbox: true }));
    pages
}

fn home(frame: Frame<'static>) -> SupportHomePage<'static> {
    SupportHomePage { frame, nav: SupportNav { area: SupportArea::Home } }
}

fn line(words: &'static Words, kind: TicketKind, state: &'static str) -> TicketLine<'static> {
    TicketLine { id: "tkt_1", kind, state, opened_at: at(-30), assignee: Some(words.person) }
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
        details: vec![("organization_name", words.organizations[0]), ("person_name", words.person)],
        said: said(words),
        deeds: Deeds {
            own: false,
            take: false,
            ask_back: true,
            resolve: Some(true),
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
