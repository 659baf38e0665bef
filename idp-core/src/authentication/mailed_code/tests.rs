use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;

use super::{WhyRefused::*, *};
use crate::secret::SecretDigest;

const PURPOSE: CodePurpose = CodePurpose::SignIn;

fn at(minute: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_000) + TimeDelta::minutes(minute)
}

fn right() -> SecretDigest {
    SecretDigest::of("right")
}

fn none(minute: i64) -> CodeState {
    CodeState { code: IssuedCode::none(), hour: Hour::beginning(at(minute)) }
}

fn issued(minute: i64) -> CodeState {
    none(minute).renew(PURPOSE, right(), at(minute)).unwrap()
}

const fn refused(why: WhyRefused) -> Redemption {
    Redemption::Refused(why)
}

#[test]
fn a_code_is_used_once_within_its_quarter_of_an_hour_and_five_tries() {
    // the minute and rightness of each try, and what the last of them is answered
    for (tries, answer) in [
        (vec![(0, true)], Redemption::Accepted),
        (vec![(14, true)], Redemption::Accepted),
        (vec![(15, true)], refused(Expired)),
        (vec![(1, true), (1, true)], refused(Used)),
        (vec![(1, false)], refused(Wrong)),
        (vec![(1, false), (1, false), (1, false), (1, false), (1, true)], Redemption::Accepted),
        (
            vec![(1, false), (1, false), (1, false), (1, false), (1, false), (1, true)],
            refused(TooManyTries),
        ),
    ] {
        let mut state = issued(0);
        let mut last = None;
        for (minute, is_right) in &tries {
            let presented = if *is_right { right() } else { SecretDigest::of("wrong") };
            let (kept, answer) = state.redeem(PURPOSE, Some(&presented), at(*minute));
            (state, last) = (kept, Some(answer));
        }
        assert_eq!(last, Some(answer), "{tries:?}");
    }
}

#[test]
fn what_is_no_code_at_all_counts_as_a_wrong_one() {
    let (state, answer) = issued(0).redeem(PURPOSE, None, at(1));
    assert_eq!((state.code.failures, state.hour.failures, answer), (1, 1, refused(Wrong)));
    let (_, answer) = none(0).redeem(PURPOSE, Some(&right()), at(0));
    assert_eq!(answer, refused(Expired));
}

#[test]
fn a_newer_code_kills_the_older() {
    let newer = issued(0).renew(PURPOSE, SecretDigest::of("newer"), at(1)).unwrap();
    assert_eq!(newer.redeem(PURPOSE, Some(&right()), at(1)).1, refused(Wrong));
    let newer = newer.redeem(PURPOSE, Some(&SecretDigest::of("newer")), at(1)).1;
    assert_eq!(newer, Redemption::Accepted);
}

#[test]
fn mails_are_capped_by_the_hour_and_no_new_mail_gives_new_tries() {
    let mut state = issued(0);
    for minute in 1..5 {
        state = state.renew(PURPOSE, right(), at(minute)).unwrap();
    }
    assert_eq!(state.renew(PURPOSE, right(), at(59)), Err(NotIssued::TooMany { until: at(60) }));
    assert!(state.renew(PURPOSE, right(), at(60)).is_ok());

    // On one way to a new password, too, where the person may be mailed more.
    for purpose in [PURPOSE, CodePurpose::PasswordReset] {
        let mut state = none(0).renew(purpose, right(), at(0)).unwrap();
        for _ in 0..3 {
            state = state.redeem(purpose, None, at(1)).0;
        }
        state = state.renew(purpose, right(), at(2)).unwrap();
        for _ in 0..2 {
            state = state.redeem(purpose, None, at(3)).0;
        }
        let last = state.redeem(purpose, Some(&right()), at(3)).1;
        assert_eq!(last, refused(TooManyTries), "five, counted over both");
        let until = at(60);
        let newer = state.renew(purpose, right(), at(4));
        assert_eq!(newer, Err(NotIssued::TooManyTries { until }));
        let newer = state.renew(purpose, right(), until);
        assert_eq!(newer.map(|state| state.code.failures), Ok(0));
    }
}

#[test]
fn what_people_make_is_not_capped() {
    let mut state = none(0);
    for _ in 0..20 {
        for _ in 0..6 {
            state = state.redeem(CodePurpose::ResetHandedOver, None, at(1)).0;
        }
        state = state.renew(CodePurpose::ResetHandedOver, right(), at(1)).unwrap();
    }
    assert_eq!((state.code.expires_at, state.code.failures), (at(1) + TimeDelta::hours(24), 0));
}

#[test]
fn whoever_has_the_code_is_forgiven_what_they_mistyped_and_nobody_else_is() {
    let mut state = issued(0);
    state.hour.failures = 3; // at other codes of the same hour
    state = state.redeem(PURPOSE, None, at(1)).0;
    let (state, answer) = state.redeem(PURPOSE, Some(&right()), at(1));
    assert_eq!((state.hour.failures, answer), (3, Redemption::Accepted));
}

#[test]
fn a_code_is_read_as_people_type_it() {
    let octets = [0, 0, 0, 0, 0, 0xbc, 0x61, 0x4e];
    let (mailed, handed_over) = (MailedCode::from_random(octets), MailedCode::to_hand_over(octets));
    assert_eq!((&*mailed.shown(), &*handed_over.shown()), ("1234 5678", "0000 1234 5678"));
    for (typed, code) in [
        ("12345678", &mailed),
        ("1234 5678", &mailed),
        (" 1234-5678 ", &mailed),
        ("12 34\u{2011}56\u{a0}78", &mailed),
        ("0000 1234 5678", &handed_over),
        ("000012345678\n", &handed_over),
    ] {
        assert_eq!(MailedCode::typed(typed).as_ref(), Some(code), "{typed}");
    }
    for typed in ["", "1234567", "123456789", "1234567890123", "1234567a", "١٢٣٤٥٦٧٨", "1234.5678"]
    {
        assert_eq!(MailedCode::typed(typed), None, "{typed}");
    }
    assert_eq!(format!("{mailed:?}"), "[CODE]");
}

#[test]
fn a_digest_is_of_one_person_and_one_purpose() {
    let code = MailedCode::from_random([7; 8]);
    let (ann, bob) = ("sub_ann".parse().unwrap(), "sub_bob".parse().unwrap());
    let one = code.digest(&[1; 32], PURPOSE, &ann);
    assert_eq!(one, code.digest(&[1; 32], PURPOSE, &ann));
    assert_ne!(one, code.digest(&[1; 32], PURPOSE, &bob));
    assert_ne!(one, code.digest(&[2; 32], PURPOSE, &ann));
    assert_ne!(one, code.digest(&[1; 32], CodePurpose::PasswordReset, &ann));
}

#[test]
fn a_code_is_found_by_its_way_or_by_its_own_name() {
    let typed = |text| Which::handed_over(&MailedCode::typed(text).unwrap());
    assert_eq!(typed("1234 5678 9012"), typed("1234-5678-0000"));
    assert_ne!(typed("1234 5678 9012"), typed("1235 5678 9012"));
    let way = |handle| Which::of_way(&SecretDigest::of(handle));
    assert_ne!(way("one"), way("other"));
    assert_ne!(way("one"), CodePurpose::PasswordReset.into());
}

#[test]
fn purposes_are_spelt_as_they_are_stored() {
    for purpose in CodePurpose::ALL {
        let spelt = serde_json::to_value(purpose).unwrap();
        assert_eq!(spelt, purpose.as_str());
    }
}

/// A person whose codes for a new password are asked for and tried at on several ways.
struct Ways {
    codes: [IssuedCode; 12],
    hour: Hour,
}

impl Ways {
    fn new() -> Self {
        Self { codes: [IssuedCode::none(); 12], hour: Hour::beginning(at(0)) }
    }

    fn state(&self, way: usize) -> CodeState {
        CodeState { code: self.codes[way], hour: self.hour }
    }

    fn keep(&mut self, way: usize, state: CodeState) {
        (self.codes[way], self.hour) = (state.code, state.hour);
    }

    fn mail(&mut self, way: usize, minute: i64) -> Result<(), NotIssued> {
        let state = self.state(way).renew(CodePurpose::PasswordReset, right(), at(minute))?;
        self.keep(way, state);
        Ok(())
    }

    fn attempt(&mut self, way: usize, minute: i64, is_right: bool) -> Redemption {
        let presented = is_right.then(right);
        let purpose = CodePurpose::PasswordReset;
        let (state, answer) = self.state(way).redeem(purpose, presented.as_ref(), at(minute));
        self.keep(way, state);
        answer
    }
}

/// What a stranger in one place can ask for does not end the code of anybody else.
#[test]
fn five_ways_of_a_stranger_leave_the_code_of_another_way_alone() {
    let mut ways = Ways::new();
    ways.mail(0, 0).unwrap();
    for way in 1..=5 {
        ways.mail(way, 1).unwrap();
        for _ in 0..20 {
            assert_ne!(ways.attempt(way, 1, false), Redemption::Accepted);
        }
        // Where no code was mailed there is nothing to try at.
        assert_eq!(ways.attempt(way + 6, 1, false), refused(Expired));
    }
    assert_eq!(ways.attempt(0, 2, false), refused(Wrong), "with tries of its own");
    ways.mail(0, 2).unwrap();
    assert_eq!(ways.attempt(0, 3, true), Redemption::Accepted);
}

#[test]
fn all_ways_together_are_bounded_by_the_hour() {
    let mut ways = Ways::new();
    for way in 0..10 {
        ways.mail(way, 0).unwrap();
        for _ in 0..5 {
            assert_eq!(ways.attempt(way, 0, false), refused(Wrong));
        }
    }
    assert_eq!(ways.mail(10, 0), Err(NotIssued::TooManyTries { until: at(60) }));
    assert_eq!(ways.mail(10, 60), Ok(()));
    let mut ways = Ways::new();
    for mail in 0..15 {
        ways.mail(mail % 12, 0).unwrap();
    }
    assert_eq!(ways.mail(0, 59), Err(NotIssued::TooMany { until: at(60) }));
}

proptest! {
    #[test]
    fn nobody_gets_more_than_five_wrong_tries_in_an_hour(
        steps in prop::collection::vec((0..60_i64, any::<bool>()), 0..60),
    ) {
        let mut steps = steps;
        steps.sort_by_key(|(minute, _)| *minute);
        let mut state = issued(0);
        let mut read = 0;
        for (minute, asks_for_mail) in steps {
            if asks_for_mail {
                state = state.renew(PURPOSE, right(), at(minute)).unwrap_or(state);
            } else {
                let (kept, answer) = state.redeem(PURPOSE, None, at(minute));
                read += u32::from(answer == refused(Wrong));
                state = kept;
            }
        }
        prop_assert!(read <= TRIES);
        prop_assert!(state.hour.issued <= MAILS_PER_HOUR);
    }

    /// On each way five, on all together fifty, and fifteen mails, in whatever order.
    #[test]
    fn no_number_of_ways_gives_more_than_the_hour_allows(
        steps in prop::collection::vec((0..12_usize, 0..60_i64, any::<bool>()), 0..400),
    ) {
        let mut steps = steps;
        steps.sort_by_key(|(_, minute, _)| *minute);
        let mut ways = Ways::new();
        let (mut read, mut mails) = ([0; 12], 0);
        for (way, minute, asks_for_mail) in steps {
            if asks_for_mail {
                mails += u32::from(ways.mail(way, minute).is_ok());
            } else {
                read[way] += u32::from(ways.attempt(way, minute, false) == refused(Wrong));
            }
        }
        prop_assert!(read.iter().all(|read| *read <= TRIES), "{:?}", read);
        prop_assert!(read.iter().sum::<u32>() <= 50);
        prop_assert!(mails <= 15);
    }

    #[test]
    fn a_code_survives_being_typed(bytes: [u8; 8]) {
        for code in [MailedCode::from_random(bytes), MailedCode::to_hand_over(bytes)] {
            prop_assert_eq!(MailedCode::typed(&code.shown()), Some(code));
        }
    }
}
