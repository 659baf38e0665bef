use chrono::TimeDelta;
use proptest::{prelude::*, sample::select};

use super::*;
use crate::community::{
    actor::testing::{JOB, administrator, agent, lead, person},
    affiliation::testing::affiliation,
    site::tests::site,
};

fn at(day: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_000 + day)
}

fn body(state: State) -> Body {
    Body { id: "org_a".parse().unwrap(), state, closing: None, confirmed_at: at(0) }
}

const READY: Facts = Facts { administrators: 1, number: HasNumber::Yes, parts: 0 };

fn switchable() -> Site {
    let mut site = site("payer");
    site.release.org_enablement = OrgEnablement::ByAdministrator;
    site
}

#[test]
fn the_form_of_a_part_says_what_is_wrong_with_it() {
    let fields = |name, npi| {
        let found = PartForm { name, npi }.read();
        found.map_err(|wrong| wrong.iter().map(|(field, _)| field).collect::<Vec<_>>())
    };
    assert_eq!(fields(" ", "1234567890"), Err(vec!["name", "npi"]));
    let part = fields("Day clinic", "1234567893").unwrap();
    assert_eq!((&*part.name, part.npi.is_some()), ("Day clinic", true));
    assert_eq!(fields("Day clinic", " ").map(|part| part.npi), Ok(None));
}

#[test]
fn each_command_leads_where_it_should_and_nowhere_else() {
    use State::{Active, Closed, Suspended};
    let (adam, sam, lea) = (administrator("adam", "a"), agent("sam"), lead("lea"));
    let stopped = Suspended(Suspension::NoAdministrator);
    let suspend = || Command::Suspend(Suspension::NoAdministrator);
    let forbidden = Err(Refusal::Denied(Denied::Forbidden));
    let not_found = Err(Refusal::Denied(Denied::NotFound));
    let nobody_there = Facts { administrators: 0, ..READY };
    let no_number = Facts { number: HasNumber::No, ..READY };
    for (from, command, facts, actor, expected) in [
        (Active, suspend(), READY, &sam, Ok(stopped)),
        (Active, suspend(), READY, &JOB, Ok(stopped)),
        (Active, suspend(), READY, &adam, forbidden),
        (stopped, Command::Resume, READY, &sam, Ok(Active)),
        (stopped, Command::Resume, nobody_there, &sam, Err(Refusal::NotReady)),
        (stopped, Command::Resume, no_number, &sam, Err(Refusal::NotReady)),
        (stopped, Command::Resume, READY, &adam, forbidden),
        (Active, Command::Resume, READY, &sam, Err(Refusal::OutOfOrder)),
        (Active, Command::Confirm, READY, &adam, Ok(Active)),
        (Active, Command::Confirm, READY, &administrator("eve", "b"), not_found),
        (Active, Command::AskToClose, READY, &adam, Ok(Active)),
        (Active, Command::AskToClose, READY, &person("ana"), not_found),
        (Active, Command::Close, READY, &lea, Err(Refusal::OutOfOrder)),
        (Active, Command::Close, READY, &adam, forbidden),
        (Closed, Command::Resume, READY, &sam, Err(Refusal::OutOfOrder)),
        (Closed, Command::Confirm, READY, &adam, Err(Refusal::OutOfOrder)),
    ] {
        let found = decide(body(from), command.clone(), facts, actor, at(1));
        assert_eq!(found.map(|o| o.state.state), expected, "{from:?} {command:?} by {actor:?}");
    }
}

#[test]
fn an_organization_is_closed_by_two_persons_and_everything_of_it_ends() {
    let adam = administrator("adam", "a");
    let asked =
        decide(body(State::Active), Command::AskToClose, READY, &adam, at(1)).unwrap().state;
    let both = decide(asked.clone(), Command::Close, READY, &lead("adam"), at(2));
    assert_eq!(both, Err(Refusal::SamePerson));
    let whole = Facts { parts: 1, ..READY };
    let early = decide(asked.clone(), Command::Close, whole, &lead("lea"), at(2));
    assert_eq!(early, Err(Refusal::PartsLeft));
    let closed = decide(asked, Command::Close, READY, &lead("lea"), at(2)).unwrap();
    assert_eq!((closed.state.state, closed.audit), (State::Closed, vec![Kind::OrgClosed]));
    let id: OrganizationId = "org_a".parse().unwrap();
    let whose = Whose::Organization(id.clone());
    let ending = Ending { whose, cause: Cause::OrganizationClosed };
    assert_eq!(closed.effects, [Effect::EndAccess(ending), Effect::Dissolve(id)]);
}

#[test]
fn a_wish_to_close_can_be_dropped_and_counts_for_thirty_days() {
    let (adam, bea) = (administrator("adam", "a"), administrator("bea", "a"));
    let (sam, lea) = (agent("sam"), lead("lea"));
    let outcome = decide(body(State::Active), Command::AskToClose, READY, &adam, at(1)).unwrap();
    assert_eq!(outcome.effects, [Effect::OpenTicket(TicketKind::Contact)], "somebody hears of it");
    let asked = outcome.state;
    let no = Err(Refusal::OutOfOrder);
    for (command, actor, day, expected) in [
        (Command::AskToClose, &bea, 2, no),
        (Command::AskToClose, &bea, 31, Ok(true)),
        (Command::KeepOpen, &adam, 2, Ok(false)),
        (Command::KeepOpen, &bea, 30, Ok(false)),
        (Command::KeepOpen, &sam, 30, Ok(false)),
        (Command::KeepOpen, &adam, 31, no),
        (Command::KeepOpen, &administrator("eve", "b"), 2, Err(Denied::NotFound.into())),
        (Command::KeepOpen, &JOB, 2, Err(Denied::Forbidden.into())),
        (Command::LetClosingLapse, &JOB, 30, no),
        (Command::LetClosingLapse, &JOB, 31, Ok(false)),
        (Command::Close, &lea, 31, no),
    ] {
        let found = decide(asked.clone(), command.clone(), READY, actor, at(day));
        let found = found.map(|outcome| outcome.state.closing.is_some());
        assert_eq!(found, expected, "{command:?} by {actor:?} on day {day}");
    }
    let never = decide(body(State::Active), Command::KeepOpen, READY, &adam, at(1));
    assert_eq!(never.map(drop), Err(Refusal::OutOfOrder));
}

#[test]
fn a_site_is_switched_by_the_administrator_where_the_site_leaves_it_to_them() {
    let adam = administrator("adam", "a");
    let retired = Site { status: SiteStatus::Retired, ..switchable() };
    for (site, to, expected) in [
        (switchable(), Switch::On, Ok(vec![Kind::OrgSiteSwitchedOn])),
        (switchable(), Switch::Off, Ok(vec![Kind::OrgSiteSwitchedOff])),
        (site("open"), Switch::Off, Err(Refusal::NotSwitchable)),
        (retired, Switch::On, Err(Refusal::NotSwitchable)),
    ] {
        let command = Command::SwitchSite { site: &site, to };
        let found = decide(body(State::Active), command, READY, &adam, at(1));
        let ends = found.as_ref().is_ok_and(|outcome| {
            outcome.effects.iter().any(|effect| matches!(effect, Effect::EndAccess(_)))
        });
        assert_eq!(ends, expected.is_ok() && to == Switch::Off);
        assert_eq!(found.map(|outcome| outcome.audit), expected, "{to:?}");
    }
}

#[test]
fn a_part_takes_part_at_once_and_has_no_parts() {
    let whole = affiliation("a", &[]).organization;
    let part = |whole: &Organization, actor: &Actor| {
        let id = "org_part".parse().unwrap();
        add_part(whole, id, "Imaging".to_owned(), None, actor).map(|outcome| outcome.state)
    };
    let added = part(&whole, &administrator("adam", "a")).unwrap();
    assert_eq!(
        (added.parent.as_ref(), added.status),
        (Some(&whole.id), OrganizationStatus::Active)
    );
    let below = part(&added, &administrator("adam", "part"));
    assert_eq!(below, Err(Refusal::OutOfOrder));
    let foreign = part(&whole, &administrator("eve", "b"));
    assert_eq!(foreign, Err(Refusal::Denied(Denied::NotFound)));
    let stopped = Organization { status: OrganizationStatus::Suspended, ..whole };
    assert_eq!(part(&stopped, &administrator("adam", "a")), Err(Refusal::OutOfOrder));
}

#[test]
fn an_active_organization_is_asked_every_year() {
    for (state, told, today, expected) in [
        (State::Active, None, 364, false),
        (State::Active, None, 365, true),
        (State::Active, Some(365), 378, false),
        (State::Active, Some(365), 379, true),
        (State::Closed, None, 365, false),
    ] {
        let found = confirmation_due(&body(state), told.map(at), at(today));
        assert_eq!(found.is_some(), expected, "{state:?} {told:?} {today}");
    }
}

proptest! {
    #[test]
    fn only_who_has_an_administrator_and_a_number_comes_back(
        administrators in 0_usize..3, yes: bool,
        why in select(vec![Suspension::Breach, Suspension::NoAdministrator, Suspension::NoTaxId]),
    ) {
        let number = if yes { HasNumber::Yes } else { HasNumber::No };
        let facts = Facts { administrators, number, parts: 0 };
        let stopped = body(State::Suspended(why));
        let found = decide(stopped, Command::Resume, facts, &agent("sam"), at(1));
        prop_assert_eq!(found.is_ok(), administrators > 0 && yes);
    }

    /// Closed is the end (domain 4.1): whatever is commanded, by whomever.
    #[test]
    fn nothing_leads_out_of_closed(
        command in 0_usize..8, who in 0_usize..4, administrators in 0_usize..3, parts in 0_usize..2,
    ) {
        let site = switchable();
        let commands = [
            Command::AskToClose,
            Command::Close,
            Command::Confirm,
            Command::KeepOpen,
            Command::LetClosingLapse,
            Command::Resume,
            Command::Suspend(Suspension::Breach),
            Command::SwitchSite { site: &site, to: Switch::On },
        ];
        let actors = [administrator("adam", "a"), agent("sam"), lead("lea"), JOB];
        let facts = Facts { administrators, parts, ..READY };
        let closing = Some(Closing { by: "sub_adam".parse().unwrap(), at: at(1) });
        let closed = Body { closing, ..body(State::Closed) };
        prop_assert!(decide(closed, commands[command].clone(), facts, &actors[who], at(1)).is_err());
    }
}
