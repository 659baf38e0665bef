use proptest::{prelude::*, sample::select};

use super::*;
use crate::community::{
    actor::testing::{JOB, administrator, agent, lead, person},
    identity_proof::Proofing,
    notary_reference::NotaryReference,
    promotion::{CallBack, Promotion, Stage as Promoting},
    tax_id_registry::{Claim, Evidence, Ground, Stage as Claimed},
};

fn at(day: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_000 + day)
}

fn ticket(kind: TicketKind, state: State) -> Ticket {
    Ticket {
        id: "tkt_1".parse().unwrap(),
        kind,
        requester: Requester::Subscriber("sub_ana".parse().unwrap()),
        organization: None,
        state,
    }
}

fn sam() -> SubscriberId {
    "sub_sam".parse().unwrap()
}

fn said() -> Message {
    Message::read("as we said on the telephone").unwrap()
}

fn word(state: &State) -> &'static str {
    match state {
        State::Assigned(_) => "assigned",
        State::Closed => "closed",
        State::New => "new",
        State::Resolved { .. } => "resolved",
        State::Waiting(_) => "waiting",
    }
}

#[test]
fn each_command_leads_where_it_should_and_nowhere_else() {
    use Command::{Answer, AskBack, Close, HandOver, Reopen, Resolve, Take};
    let (ana, sue) = (person("ana"), agent("sue"));
    let assigned = || State::Assigned(sam());
    let waiting = || State::Waiting(sam());
    let resolved = || State::Resolved { by: sam(), at: at(0) };
    let done = || Resolve(said(), Standing::ByAnswer);
    for (from, command, actor, day, expected) in [
        (State::New, Take, &agent("sam"), 0, Ok("assigned")),
        (State::New, done(), &agent("sam"), 0, Err(Refusal::OutOfOrder)),
        (assigned(), Take, &sue, 0, Ok("assigned")),
        (assigned(), AskBack(said()), &agent("sam"), 0, Ok("waiting")),
        (assigned(), AskBack(said()), &sue, 0, Err(Refusal::NotYours)),
        (assigned(), HandOver("sub_sue".parse().unwrap()), &agent("sam"), 0, Ok("assigned")),
        (
            assigned(),
            HandOver("sub_ana".parse().unwrap()),
            &agent("sam"),
            0,
            Err(Refusal::OwnTicket),
        ),
        (assigned(), done(), &agent("sam"), 0, Ok("resolved")),
        (assigned(), Answer(said()), &ana, 0, Err(Refusal::OutOfOrder)),
        (waiting(), Answer(said()), &ana, 0, Ok("assigned")),
        (waiting(), Answer(said()), &person("eve"), 0, Err(Refusal::Denied(Denied::NotFound))),
        (waiting(), Answer(said()), &Actor::Nobody, 0, Err(Refusal::Denied(Denied::NotFound))),
        (resolved(), Reopen(said()), &ana, 13, Ok("assigned")),
        (resolved(), Reopen(said()), &ana, 14, Err(Refusal::OutOfOrder)),
        (resolved(), Close, &JOB, 13, Err(Refusal::OutOfOrder)),
        (resolved(), Close, &JOB, 14, Ok("closed")),
        (State::Closed, Take, &sue, 20, Err(Refusal::OutOfOrder)),
        (State::New, Take, &lead("ana"), 0, Err(Refusal::OwnTicket)),
        (State::New, Take, &administrator("adam", "a"), 0, Err(Refusal::Denied(Denied::Forbidden))),
    ] {
        let found =
            decide(ticket(TicketKind::Contact, from.clone()), command.clone(), actor, at(day));
        let found = found.as_ref().map(|outcome| word(&outcome.state.state)).map_err(|e| *e);
        assert_eq!(found, expected, "{from:?} {command:?} by {actor:?} on day {day}");
    }
}

#[test]
fn what_two_persons_decide_is_not_resolved_by_one() {
    let open = [
        Waits::ForAdministrator,
        Waits::ForApproval,
        Waits::ForForm,
        Waits::ForOwner { until: at(9) },
        Waits::ForSupport,
        Waits::ForSupportWithoutAnswer,
        Waits::ForRelease,
    ];
    let does = |command| {
        let ticket = ticket(TicketKind::PromoteAdmin, State::Assigned(sam()));
        decide(ticket, command, &agent("sam"), at(0)).map(drop)
    };
    for waits in open {
        let standing = Standing::Open(waits);
        let resolved = does(Command::Resolve(said(), standing));
        assert_eq!(resolved, Err(Refusal::NotDecided), "{waits:?}");
        // Only what nobody has to decide elsewhere is the desk's to turn down.
        let expected =
            if waits == Waits::ForAdministrator { Ok(()) } else { Err(Refusal::NotDecided) };
        assert_eq!(does(Command::TurnDown(said(), standing)), expected, "{waits:?}");
    }
    for standing in [Standing::ByAnswer, Standing::Decided(Decision::PromotionOver, None)] {
        assert_eq!(does(Command::Resolve(said(), standing)), Ok(()));
        let turned_down = does(Command::TurnDown(said(), standing));
        assert_eq!(turned_down, Err(Refusal::NotDecided), "{standing:?}");
    }
}

#[test]
fn whether_it_is_decided_is_read_where_it_is_decided() {
    use Matter::{Nothing, Organizations, TaxId};
    let claim = |stage, opened| Claim {
        by: "reg_1".parse().unwrap(),
        claimant: None,
        ground: Ground::Disputed,
        opened_at: at(opened),
        answer_due_at: at(14),
        stage,
    };
    let evidence = || Evidence::read("IRS letter").unwrap();
    let (asked, later) = (claim(Claimed::Asked, 0), claim(Claimed::Asked, 5));
    let objected = claim(Claimed::Objected(evidence()), 0);
    let proposed = claim(Claimed::Proposed { by: sam(), document: evidence(), objection: None }, 0);
    let agreed = claim(Claimed::Agreed { until: at(30) }, 0);
    let (kept, gone) =
        (Standing::Decided(Decision::NumberKept, None), Standing::Decided(Decision::Gone, None));
    for (kind, matter, day, expected) in [
        (TicketKind::Contact, Nothing, 0, Standing::ByAnswer),
        (TicketKind::Contact, TaxId(Some(&asked)), 0, Standing::ByAnswer),
        (
            TicketKind::TaxIdDispute,
            TaxId(Some(&asked)),
            13,
            Standing::Open(Waits::ForOwner { until: at(14) }),
        ),
        (
            TicketKind::TaxIdDispute,
            TaxId(Some(&asked)),
            14,
            Standing::Open(Waits::ForSupportWithoutAnswer),
        ),
        (TicketKind::TaxIdRelease, TaxId(Some(&objected)), 1, Standing::Open(Waits::ForSupport)),
        (TicketKind::TaxIdRelease, TaxId(Some(&proposed)), 1, Standing::Open(Waits::ForRelease)),
        (
            TicketKind::TaxIdRelease,
            TaxId(Some(&agreed)),
            29,
            Standing::Decided(Decision::NumberAgreed, None),
        ),
        (TicketKind::TaxIdRelease, TaxId(Some(&agreed)), 30, kept),
        (TicketKind::TaxIdRelease, TaxId(None), 1, kept),
        // somebody else asks for it by now: that is another ticket
        (TicketKind::TaxIdRelease, TaxId(Some(&later)), 6, kept),
        (TicketKind::TaxIdRelease, Nothing, 1, gone),
        (TicketKind::Notary, Nothing, 1, gone),
        (
            TicketKind::PromoteAdmin,
            Organizations { without: 0 },
            1,
            Standing::Decided(Decision::AdministratorThere, None),
        ),
        (
            TicketKind::PromoteAdmin,
            Organizations { without: 1 },
            1,
            Standing::Open(Waits::ForAdministrator),
        ),
        (TicketKind::PromoteAdmin, Nothing, 1, Standing::Open(Waits::ForAdministrator)),
    ] {
        assert_eq!(Standing::of(kind, at(0), matter, at(day)), expected, "{kind:?} {matter:?}");
    }
}

#[test]
fn a_promotion_is_decided_with_its_approval_or_its_end() {
    let reference = NotaryReference::from_random([7; 7]);
    let at_notary = Proofing::AtNotary { reference, since: at(0) };
    let call_back = CallBack::noted("the office manager", "she has left").unwrap();
    for (stage, kind, day, expected) in [
        (Promoting::Asked { by: sam(), call_back }, TicketKind::PromoteAdmin, 1, None),
        (
            Promoting::Proofing(Proofing::Due { failed: 0 }),
            TicketKind::PromoteAdmin,
            1,
            Some(Decision::PromotionApproved),
        ),
        (
            Promoting::Proofing(Proofing::Due { failed: 0 }),
            TicketKind::PromoteAdmin,
            30,
            Some(Decision::PromotionOver),
        ),
        (Promoting::Done, TicketKind::PromoteAdmin, 99, Some(Decision::PromotionDone)),
        (Promoting::Over, TicketKind::PromoteAdmin, 1, Some(Decision::PromotionOver)),
        (Promoting::Proofing(at_notary.clone()), TicketKind::Notary, 29, None),
        (Promoting::Proofing(at_notary), TicketKind::Notary, 30, Some(Decision::FormSettled)),
        (
            Promoting::Proofing(Proofing::Due { failed: 1 }),
            TicketKind::Notary,
            1,
            Some(Decision::FormSettled),
        ),
    ] {
        let promotion = Promotion {
            id: "pro_1".parse().unwrap(),
            organization: "org_a".parse().unwrap(),
            affiliation: "aff_a".parse().unwrap(),
            candidate: "sub_ana".parse().unwrap(),
            moved_at: at(0),
            stage,
        };
        let found = Standing::of(kind, at(0), Matter::Promotion(&promotion), at(day));
        let decided = match found {
            Standing::Decided(decision, when) => {
                assert_eq!(when, Some(at(0)));
                Some(decision)
            }
            Standing::ByAnswer | Standing::Open(_) => None,
        };
        assert_eq!(decided, expected, "{promotion:?} on day {day}");
    }
}

#[test]
fn a_visitor_answers_behind_the_link_of_a_mail() {
    let requester = Requester::Visitor("ana@clinic.example".parse().unwrap());
    let asked = Ticket { requester, ..ticket(TicketKind::Contact, State::Waiting(sam())) };
    let answer = Command::Answer(said());
    assert!(decide(asked.clone(), answer.clone(), &Actor::Nobody, at(0)).is_ok());
    let other = decide(asked, answer, &person("eve"), at(0));
    assert_eq!(other, Err(Refusal::Denied(Denied::NotFound)));
}

#[test]
fn whoever_asks_is_told_that_they_were_heard() {
    let new = ticket(TicketKind::Contact, State::New);
    assert_eq!(open(new.clone(), &person("ana")).unwrap().letters.len(), 1);
    let own = Ticket { requester: Requester::Hilum, ..new };
    assert_eq!(open(own, &JOB).unwrap().letters.len(), 0);
}

proptest! {
    #[test]
    fn nobody_settles_their_own_ticket(
        steps in prop::collection::vec((0_usize..4, select(vec![
            Command::Take,
            Command::AskBack(said()),
            Command::Answer(said()),
            Command::HandOver(sam()),
            Command::HandOver("sub_ana".parse().unwrap()),
            Command::Reopen(said()),
            Command::Resolve(said(), Standing::ByAnswer),
            Command::Close,
        ])), 0..25),
    ) {
        let actors = [agent("ana"), agent("sam"), lead("lea"), person("ana")];
        let mut now = ticket(TicketKind::Contact, State::New);
        for (who, command) in steps {
            if let Ok(outcome) = decide(now.clone(), command, &actors[who], at(0)) {
                prop_assert!(!outcome.audit.is_empty());
                now = outcome.state;
            }
            let worked_by = match &now.state {
                State::Assigned(by) | State::Waiting(by) | State::Resolved { by, .. } => Some(by.as_str()),
                State::New | State::Closed => None,
            };
            prop_assert!(worked_by != Some("sub_ana"));
        }
    }
}
