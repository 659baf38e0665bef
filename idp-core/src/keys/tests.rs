//! Key life cycle: the cases a person would argue about, and the sentences that are always true.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

const ES: SigningAlgorithm = SigningAlgorithm::Es256;
const RS: SigningAlgorithm = SigningAlgorithm::Rs256;

const POLICY: RotationPolicy = RotationPolicy {
    publish_ahead: TimeDelta::minutes(10),
    signs_for: TimeDelta::minutes(100),
    publish_after: TimeDelta::minutes(40),
};

fn at(minute: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::minutes(minute)
}

fn upcoming(minute: i64) -> KeyState {
    KeyState::Upcoming { published_at: at(minute) }
}

fn active(minute: i64) -> KeyState {
    KeyState::Active { activated_at: at(minute) }
}

fn retiring(minute: i64) -> KeyState {
    KeyState::Retiring { replaced_at: at(minute) }
}

fn retired(minute: i64) -> KeyState {
    KeyState::Retired { retired_at: at(minute) }
}

/// Keys named `0`, `1`, … of one algorithm.
fn keys(states: &[KeyState]) -> Vec<KeyRecord> {
    let record =
        |(n, state): (usize, &KeyState)| KeyRecord { kid: id(n), algorithm: ES, state: *state };
    states.iter().enumerate().map(record).collect()
}

fn id(n: usize) -> KeyId {
    KeyId::new(n.to_string())
}

fn create(state: KeyState) -> KeyAction {
    KeyAction::Create { algorithm: ES, state }
}

fn moved(n: usize, from: KeyState, to: KeyState) -> KeyAction {
    KeyAction::Move { kid: id(n), from, to }
}

#[test]
fn a_plan_does_what_is_due_and_nothing_else() {
    for (states, now, expected) in [
        // The first key signs at once: nobody can hold an older set.
        (vec![], 0, vec![create(active(0))]),
        (vec![active(0)], 89, vec![]),
        (vec![active(0)], 90, vec![create(upcoming(90))]),
        (vec![active(0), upcoming(90)], 99, vec![]),
        (
            vec![active(0), upcoming(90)],
            100,
            vec![moved(0, active(0), retiring(100)), moved(1, upcoming(90), active(100))],
        ),
        // The job was away: the successor is published late, and still waits its time.
        (vec![active(0)], 500, vec![create(upcoming(500))]),
        (vec![active(0), upcoming(500)], 509, vec![]),
        (
            vec![active(0), upcoming(500)],
            510,
            vec![moved(0, active(0), retiring(510)), moved(1, upcoming(500), active(510))],
        ),
        // At 140 the last token of a key replaced at 100 has ended.
        (vec![retiring(100), active(100)], 139, vec![]),
        (vec![retiring(100), active(100)], 140, vec![moved(0, retiring(100), retired(140))]),
        (vec![retired(140), active(100)], 150, vec![]),
        // An algorithm whose only keys are retired starts anew, with a published one if it can.
        (vec![retired(1)], 2, vec![create(active(2))]),
        (vec![upcoming(1)], 2, vec![moved(0, upcoming(1), active(2))]),
    ] {
        assert_eq!(plan(&keys(&states), &[ES], &POLICY, at(now)), expected, "{states:?} at {now}");
    }
}

#[test]
fn keys_of_an_algorithm_that_is_no_longer_offered_still_retire() {
    let keys = keys(&[retiring(0), active(0)]);
    let expected = vec![moved(0, retiring(0), retired(40))];
    assert_eq!(plan(&keys, &[], &POLICY, at(40)), expected);
}

#[test]
fn a_successor_is_announced_once_and_signs_only_when_it_takes_over() {
    let announced = announce_now(&keys(&[active(0)]), ES, at(7));
    assert_eq!(announced, [create(upcoming(7))]);
    assert_eq!(announce_now(&keys(&[active(0), upcoming(7)]), ES, at(8)), []);
    let taken_over = rotate_now(&keys(&[active(0), upcoming(7)]), ES, Urgency::Routine, at(8));
    assert_eq!(taken_over, [moved(0, active(0), retiring(8)), moved(1, upcoming(7), active(8))]);
}

#[test]
fn an_operator_rotates_at_once() {
    use Urgency::{Compromised, Routine};
    for (states, urgency, expected) in [
        (vec![], Routine, vec![create(active(7))]),
        (vec![active(0)], Routine, vec![moved(0, active(0), retiring(7)), create(active(7))]),
        (
            vec![active(0), upcoming(5)],
            Routine,
            vec![moved(0, active(0), retiring(7)), moved(1, upcoming(5), active(7))],
        ),
        (
            vec![retired(0), retiring(1), active(1), upcoming(5)],
            Compromised,
            vec![
                moved(1, retiring(1), retired(7)),
                moved(2, active(1), retired(7)),
                moved(3, upcoming(5), retired(7)),
                create(active(7)),
            ],
        ),
    ] {
        assert_eq!(rotate_now(&keys(&states), ES, urgency, at(7)), expected, "{states:?}");
    }
}

/// What an operator or the clock does next.
#[derive(Clone, Copy, Debug)]
enum Event {
    Plan,
    Rotate(SigningAlgorithm, Urgency),
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        8 => Just(Event::Plan),
        1 => Just(Event::Rotate(ES, Urgency::Routine)),
        1 => Just(Event::Rotate(RS, Urgency::Routine)),
        1 => Just(Event::Rotate(ES, Urgency::Compromised)),
    ]
}

/// The table of keys, and when each last signed.
#[derive(Default)]
struct World {
    keys: Vec<KeyRecord>,
    last_signed: BTreeMap<KeyId, DateTime<Utc>>,
    compromised: Vec<KeyId>,
}

impl World {
    fn take(&mut self, event: Event, now: DateTime<Utc>) {
        // Whatever signs goes on signing until the very moment of the change.
        self.sign(now);
        let actions = match event {
            Event::Plan => plan(&self.keys, &[ES, RS], &POLICY, now),
            Event::Rotate(algorithm, urgency) => {
                if urgency == Urgency::Compromised {
                    let lost = self.keys.iter().filter(|key| key.algorithm == algorithm);
                    self.compromised.extend(lost.map(|key| key.kid.clone()));
                }
                rotate_now(&self.keys, algorithm, urgency, now)
            }
        };
        for action in actions {
            self.apply(action);
            for algorithm in [ES, RS] {
                assert!(self.active(algorithm) <= 1, "two keys of {algorithm} sign");
            }
        }
        self.sign(now);
    }

    fn apply(&mut self, action: KeyAction) {
        match action {
            KeyAction::Create { algorithm, state } => {
                self.keys.push(KeyRecord { kid: id(self.keys.len()), algorithm, state });
            }
            KeyAction::Move { kid, from, to } => {
                let key = self.keys.iter_mut().find(|key| key.kid == kid).unwrap();
                assert_eq!(key.state, from);
                key.state = to;
            }
        }
    }

    fn sign(&mut self, now: DateTime<Utc>) {
        for key in self.keys.iter().filter(|key| key.state.signs()) {
            self.last_signed.insert(key.kid.clone(), now);
        }
    }

    fn active(&self, algorithm: SigningAlgorithm) -> usize {
        self.keys.iter().filter(|key| key.algorithm == algorithm && key.state.signs()).count()
    }
}

proptest! {
    #[test]
    fn exactly_one_key_signs_and_what_it_signed_can_be_verified(
        steps in prop::collection::vec((0..60_i64, event()), 1..60),
    ) {
        let mut world = World::default();
        world.take(Event::Plan, at(0));
        let mut minute = 0;
        for (pause, event) in steps {
            minute += pause;
            world.take(event, at(minute));
            prop_assert_eq!(world.active(ES), 1);
            prop_assert_eq!(world.active(RS), 1);
            for key in &world.keys {
                let Some(signed_at) = world.last_signed.get(&key.kid) else { continue };
                if at(minute) < *signed_at + POLICY.publish_after {
                    prop_assert!(key.state.is_published() || world.compromised.contains(&key.kid));
                }
            }
        }
    }

    #[test]
    fn by_schedule_no_key_signs_before_every_site_can_know_it(
        pauses in prop::collection::vec(0..60_i64, 1..60),
    ) {
        let mut world = World::default();
        let mut published = BTreeMap::new();
        let mut minute = 0;
        for pause in pauses {
            minute += pause;
            world.take(Event::Plan, at(minute));
            for key in world.keys.iter().skip(2) {
                let since = *published.entry(key.kid.clone()).or_insert(at(minute));
                prop_assert!(!key.state.signs() || since + POLICY.publish_ahead <= at(minute));
            }
        }
    }

    #[test]
    fn a_plan_is_done_when_it_was_carried_out(minute in 0..1_000_i64, pause in 0..1_000_i64) {
        let mut world = World::default();
        world.take(Event::Plan, at(minute));
        world.take(Event::Plan, at(minute + pause));
        prop_assert_eq!(plan(&world.keys, &[ES, RS], &POLICY, at(minute + pause)), vec![]);
    }
}
