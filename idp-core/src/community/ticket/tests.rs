use proptest::{prelude::*, sample::select};

use super::*;
use crate::community::actor::testing::{JOB, administrator, agent, lead, person};

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
    let done = || Resolve(said(), Decided::No);
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
    for kind in TicketKind::ALL {
        let resolve = |decided| {
            let command = Command::Resolve(said(), decided);
            decide(ticket(kind, State::Assigned(sam())), command, &agent("sam"), at(0)).map(drop)
        };
        let expected = if kind.waits_for_a_decision() { Err(Refusal::NotDecided) } else { Ok(()) };
        assert_eq!(resolve(Decided::No), expected, "{kind:?}");
        assert_eq!(resolve(Decided::Yes), Ok(()), "{kind:?}");
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
            Command::Resolve(said(), Decided::Yes),
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
