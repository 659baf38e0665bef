//! Mailed codes and the mails that carry them: once, whoever asks at once, and sealed.

use std::sync::Arc;

use futures_util::future::join_all;
use idp_core::{
    authentication::mailed_code::{CodePurpose, MailedCode, Redemption},
    ids::MessageId,
    mail::Mail,
    secret::SecretDigest,
};

use super::{TestDatabase, samples::*};
use crate::{
    keys::{sealing::Sealer, sub_keys::SubKeys},
    mail::{Addressed, NewMail, Post, Recipient},
    random::Random,
    store::{
        mailed_code,
        outbox::{self, Content},
    },
};

const PURPOSE: CodePurpose = CodePurpose::PasswordReset;

pub(super) fn post() -> Post {
    let keys = SubKeys::for_tests();
    let sealer = Sealer::new(&keys, Random::new()).unwrap();
    Post::new(Arc::new(sealer), &keys, Random::new())
}

/// 17.3
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_fifty_redemptions_of_one_mailed_code_one_is_accepted() {
    for database in TestDatabase::each() {
        database.write(community).await;
        let right = SecretDigest::of("right");
        let issued = database
            .write(move |conn| {
                mailed_code::issue(conn, &"sub_ann".parse().unwrap(), PURPOSE, right, at(0))
            })
            .await;
        assert_eq!(issued, Ok(()));
        let redeem = |_| {
            database.db.write(move |conn| {
                let person = "sub_ann".parse().unwrap();
                mailed_code::redeem(conn, &person, PURPOSE, Some(&right), at(1))
            })
        };
        let outcomes = join_all((0..50).map(redeem)).await;
        let accepted = outcomes.iter().filter(|it| matches!(it, Ok(Redemption::Accepted))).count();
        assert_eq!(accepted, 1);
    }
}

/// 17.4
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_fifty_wrong_tries_at_once_five_are_read_and_the_right_one_is_dead() {
    for database in TestDatabase::each() {
        database.write(community).await;
        let right = SecretDigest::of("right");
        let issue = move |conn: &mut _| {
            mailed_code::issue(conn, &"sub_ann".parse().unwrap(), PURPOSE, right, at(0))
        };
        database.write(issue).await.unwrap();
        let wrong = |n: u32| {
            database.db.write(move |conn| {
                let (person, tried) =
                    ("sub_ann".parse().unwrap(), SecretDigest::of(&n.to_string()));
                mailed_code::redeem(conn, &person, PURPOSE, Some(&tried), at(1))
            })
        };
        join_all((0..50).map(wrong)).await;
        let found = database
            .read(|conn| mailed_code::find(conn, &"sub_ann".parse().unwrap(), PURPOSE))
            .await
            .unwrap();
        assert_eq!(found.failures, 5);
        let last = database
            .write(move |conn| {
                mailed_code::redeem(conn, &"sub_ann".parse().unwrap(), PURPOSE, Some(&right), at(1))
            })
            .await;
        assert_ne!(last, Redemption::Accepted);
        assert!(database.write(issue).await.is_err(), "nor is there a new one in this hour");
        // The code of another person, or for something else, is another one.
        let other = move |conn: &mut _| {
            mailed_code::issue(conn, &"sub_ann".parse().unwrap(), CodePurpose::SignIn, right, at(0))
        };
        assert_eq!(database.write(other).await, Ok(()));
    }
}

/// 24.3
#[tokio::test]
async fn a_mail_waits_sealed_and_is_erased() {
    for database in TestDatabase::each() {
        database.write(community).await;
        let post = post();
        let code = MailedCode::typed("1234 5678").unwrap();
        let id: MessageId = "msg_one".parse().unwrap();
        let new = NewMail {
            id: id.clone(),
            to: Recipient::Address {
                address: "ann@mail.example".parse().unwrap(),
                subscriber: None,
            },
            mail: Mail::Code { purpose: PURPOSE, code },
        };
        let (writer, mail) = (post.clone(), new.clone());
        assert!(database.write(move |conn| writer.queue(conn, &mail, at(0))).await);
        let claimed = database.write(|conn| outbox::claim(conn, 10, at(1), at(2))).await;
        let [message] = claimed.as_slice() else { panic!("one message: {claimed:?}") };
        let written = serde_json::to_string(&message.content).unwrap();
        assert!(!written.contains("1234") && !written.contains("ann@"), "{written}");
        let Content::Mail { sealed: Some(sealed), .. } = &message.content else {
            panic!("sealed: {written}")
        };
        let opened: Addressed = post.open(&id, sealed).unwrap();
        assert_eq!(opened.mail, new.mail);
        let elsewhere: Result<Addressed, _> = post.open(&"msg_two".parse().unwrap(), sealed);
        assert!(elsewhere.is_err(), "it opens in its own row alone");
        let erased = Content::Mail { subscriber: None, name: "code".to_owned(), sealed: None };
        database
            .write(move |conn| {
                outbox::delivered(conn, &id, "status 250", at(1))?;
                outbox::erase(conn, &id, &erased)
            })
            .await;
        let left = database.read(|conn| outbox::last_mails(conn, 10)).await;
        assert!(matches!(&left[0].content, Content::Mail { sealed: None, .. }), "{left:?}");
    }
}
