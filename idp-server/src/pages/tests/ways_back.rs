//! The ways back into an account, the challenge and the mails.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use idp_core::{
    authentication::{
        mailed_code::{CodePurpose, LinkKey, MailedCode},
        password_policy::{Objection, PasswordPolicy},
        secret_questions::Question,
    },
    mail::{FactorKind, Helper, Mail, StopFactor},
};

use super::{
    gallery::{EVIL, Rendered, rendered},
    news,
};
use crate::{mail::Addressed, pages::*};

fn at(hours: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::seconds(1_795_000_000) + TimeDelta::hours(hours)
}

pub(super) fn challenge(problem: Option<ChallengeProblem>) -> ChallengeView {
    ChallengeView { token: "nonce.1795000000000.14.seal".to_owned(), wait_seconds: 20, problem }
}

/// Every page, with words that somebody typed.
pub(super) fn pages(frame: Frame<'static>, typed: &'static str) -> Vec<Rendered> {
    let form_token = "Zk3v9QmT7cB1xH0eZk3v9QmT7cB1xH0e";
    let handle = "h4ndl3";
    let start = |what, problem| ForgotStartPage {
        frame,
        form_token,
        what,
        typed,
        challenge: Some(challenge(problem)),
        problem: problem.map(|_| ForgotProblem::Challenge),
    };
    let questions = |problem| ForgotQuestionsPage {
        frame,
        handle,
        form_token,
        questions: &[Question::FirstPet, Question::ChildhoodStreet, Question::PrimarySchool],
        problem,
    };
    let code = |problem, mailed_again| ForgotCodePage {
        frame,
        handle,
        form_token,
        in_mailbox: true,
        mailed_again,
        problem,
    };
    let new = |policy: PasswordPolicy, objections, differ| ForgotNewPage {
        frame,
        handle,
        form_token,
        user_id: typed,
        policy,
        objections,
        differ,
        problem: None,
    };
    let objections = vec![
        Objection::Common,
        Objection::OwnWord,
        Objection::TooFewClasses { needed: 3, found: 1 },
        Objection::TooLong { max: 24 },
        Objection::TooShort { min: 8 },
    ];
    let outcome = |outcome| OutcomePage { frame, outcome, in_mailbox: true };
    let stop = |what, problem| FromMailPage { frame, form_token, what, id: "chg_a", problem };
    let closed = |problem| ForgotClosedPage { frame, handle, form_token, problem };
    let (spent, not_yet) = (ChallengeProblem::Spent, ChallengeProblem::NotYet { seconds: 12 });
    vec![
        rendered("forgot-password", &start(Forgotten::Password, None)),
        rendered("forgot-password-not-yet", &start(Forgotten::Password, Some(not_yet))),
        rendered("forgot-user-id", &start(Forgotten::UserId, None)),
        rendered("forgot-user-id-spent", &start(Forgotten::UserId, Some(spent))),
        rendered("forgot-questions", &questions(None)),
        rendered(
            "forgot-questions-wrong",
            &questions(Some(ForgotProblem::WrongAnswers { left: 2 })),
        ),
        rendered("forgot-questions-handed-over", &questions(Some(ForgotProblem::WrongHandedOver))),
        rendered("forgot-closed", &closed(None)),
        rendered("forgot-closed-wrong", &closed(Some(ForgotProblem::WrongHandedOver))),
        rendered("forgot-code", &code(None, false)),
        rendered("forgot-code-again", &code(None, true)),
        rendered("forgot-code-wrong", &code(Some(ForgotProblem::WrongCode), false)),
        rendered("forgot-new", &new(PasswordPolicy::COMMUNITY, Vec::new(), false)),
        rendered("forgot-new-nist", &new(PasswordPolicy::NIST_63B_4, Vec::new(), false)),
        rendered("forgot-new-refused", &new(PasswordPolicy::COMMUNITY, objections, true)),
        rendered("outcome-password", &outcome(Outcome::PasswordSet)),
        rendered("outcome-user-id", &outcome(Outcome::UserIdMailed)),
        rendered("outcome-email-undone", &outcome(Outcome::EmailUndone)),
        rendered("confirm-email", &stop(MailDeed::ConfirmEmail, None)),
        rendered("outcome-email-confirmed", &outcome(Outcome::EmailConfirmed)),
        rendered("stop-email", &stop(MailDeed::StopEmailChange, None)),
        rendered("stop-new-factor", &stop(MailDeed::StopNewFactor, None)),
        rendered(
            "stop-factor",
            &stop(MailDeed::StopFactorReset, Some(ForgotProblem::WrongStopCode)),
        ),
        rendered(
            "mailbox",
            &MailboxPage {
                frame,
                mails: one_mail_of_each_name(typed)
                    .map(|mail| MailView {
                        to: "ana.rivera@cedarfalls.example",
                        at: at(0),
                        letter: letter_in(frame.text.tag, mail, typed),
                    })
                    .collect(),
            },
        ),
    ]
}

fn letter(mail: Mail, name: &str) -> Letter {
    letter_in("en", mail, name)
}

fn letter_in(language: &str, mail: Mail, name: &str) -> Letter {
    let addressed = Addressed {
        to: "ana.rivera@cedarfalls.example".parse().unwrap(),
        name: Some(name.to_owned()),
        language: Some(language.to_owned()),
        mail,
    };
    let support = Support {
        phone: "1-800-555-0142",
        email: None,
        address: "1 Harbor Street, Olympia WA 98501",
    };
    Letter::of(&addressed, Letterhead { origin: "https://hilum.example", support }).unwrap()
}

fn one_mail_of_each_name(typed: &str) -> impl Iterator<Item = Mail> {
    let mut seen = BTreeSet::new();
    every_mail(typed).into_iter().filter(move |mail| seen.insert(mail.name()))
}

/// Each kind, with words that somebody typed.
fn every_mail(typed: &str) -> Vec<Mail> {
    let code = || MailedCode::typed("1234 5678").unwrap();
    let (kind, name) = (FactorKind::Passkey, typed.to_owned());
    let mut all = vec![
        Mail::AccountLocked { minutes: 10 },
        Mail::BrowserRemembered { browser: typed.to_owned(), until: at(1) },
        Mail::CodeHandedOver { by: Helper::Administrator },
        Mail::CodeHandedOver { by: Helper::Support },
        Mail::EmailChanged {
            change: "chg_a".parse().unwrap(),
            key: LinkKey::received("key"),
            code: code(),
            new: typed.to_owned(),
            until: at(72),
        },
        Mail::EmailChangeRequested {
            change: "chg_a".parse().unwrap(),
            key: LinkKey::received("key"),
            code: code(),
            new: typed.to_owned(),
        },
        Mail::EmailChangeUndone,
        Mail::EmailTaken,
        Mail::FactorAdded {
            kind: FactorKind::AuthenticatorApp,
            name: typed.to_owned(),
            stop: Some(StopFactor {
                subscriber: "sub_a".parse().unwrap(),
                key: LinkKey::received("key"),
                code: code(),
            }),
        },
        Mail::FactorRemoved { kind, name },
        Mail::FactorResetCancelled,
        Mail::FactorResetDone,
        Mail::FactorResetStarted {
            by: Helper::Support,
            code: code(),
            due_at: at(24),
            reset: "frs_a".parse().unwrap(),
        },
        Mail::ForgottenUserId { user_id: Some("practitioner".parse().unwrap()) },
        Mail::ForgottenUserId { user_id: None },
        Mail::NewBrowser {
            address: "203.0.113.24".to_owned(),
            at: at(0),
            browser: typed.to_owned(),
        },
        Mail::PasswordChanged { at: at(0) },
        Mail::QuestionsChanged,
        Mail::RecoveryCodeUsed { left: 3 },
        Mail::RecoveryCodesReplaced,
        Mail::SelfHelpClosed,
    ];
    all.extend(news::every(typed).into_iter().map(|told| Mail::Community(Box::new(told))));
    all.extend(CodePurpose::ALL.map(|purpose| Mail::Code { purpose, code: code() }));
    all
}

/// 21.3, 21.4
#[test]
fn what_somebody_typed_is_text_in_a_mail_and_never_a_header_or_markup() {
    let typed = format!("{EVIL}\r\nBcc: victim@elsewhere.example\r\n\r\n</p>\u{0}");
    for mail in every_mail(&typed) {
        let name = mail.name();
        let letter = letter(mail, &typed);
        assert!(!letter.subject.contains(char::is_control), "{name}: {:?}", letter.subject);
        assert!(!letter.html.contains("<img") && !letter.html.contains('\u{0}'), "{name}");
        assert!(!letter.text.contains("\nBcc:"), "{name}: {}", letter.text);
    }
}

/// 17.5, 17.6
#[test]
fn links_begin_with_our_origin_and_carry_no_code() {
    for mail in every_mail("Ana Rivera") {
        let name = mail.name();
        let letter = letter(mail, "Ana Rivera");
        let links = letter.html.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next());
        for link in links {
            assert!(link.starts_with("https://hilum.example/"), "{name}: {link}");
            assert!(!link.contains("1234") && !link.contains("5678"), "{name}: {link}");
            assert!(letter.text.contains(link), "{name}: the text has it too");
        }
        assert!(
            letter.html.matches("http").count()
                == letter.html.matches("https://hilum.example/").count(),
            "{name}"
        );
        // What stands in the one stands in the other.
        assert_eq!(letter.text.contains("1234 5678"), letter.html.contains("1234 5678"), "{name}");
        assert!(letter.text.contains("Hello Ana Rivera,"), "{name}");
    }
}

#[test]
fn a_mail_reads_like_this() {
    let code = MailedCode::typed("1234 5678").unwrap();
    let letter = letter(Mail::Code { purpose: CodePurpose::PasswordReset, code }, "Ana Rivera");
    assert_eq!(letter.subject, "Your code for a new password");
    assert_eq!(
        letter.text,
        "Hello Ana Rivera,\n\n\
         You asked for a new password. Type this code into the page that asks for it.\n\n    \
         1234 5678\n\n\
         The code works once, and for 15 minutes. A newer one makes it worthless.\n\n\
         Type it only into Hilum’s own page. Nobody from Hilum or your organization will ask you \
         for it.\n\n\
         If this was not you, call Hilum support at 1-800-555-0142 at once.\n\n\
         --\n\
         Hilum never asks for your password by mail or telephone. Questions? Call 1-800-555-0142."
    );
}
