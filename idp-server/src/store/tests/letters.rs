//! Letters about the community on their way into the outbox: to whom, in which words’ names.

use idp_core::{
    authentication::mailed_code::LinkKey,
    community::{
        affiliation::AffiliationStatus,
        news::{News, Recipient},
        outcome::Letter,
        subscriber::{AccountStatus, Profile, Subscriber},
        told::{Details, Link, Told},
    },
    mail::Mail,
};

use super::{TestDatabase, codes::post, samples::*};
use crate::{
    mail::{Addressed, Extras, Post, Reader},
    store::{
        AnyConn, StoreError,
        affiliation::{self, AffiliationRecord},
        outbox::{self, Content},
        subscriber,
    },
};

/// Tells a letter and opens the mails that wait then, by their addresses.
fn told(
    conn: &mut AnyConn,
    post: &Post,
    letter: &Letter,
    extras: &Extras,
) -> Result<Vec<Addressed>, StoreError> {
    let count = post.tell(conn, letter, extras, at(0))?;
    let mut mails = Vec::new();
    for message in outbox::claim(conn, 100, at(0), at(1))? {
        let Content::Mail { sealed: Some(sealed), name, .. } = &message.content else {
            panic!("{:?}", message.content);
        };
        assert_eq!(name, letter.news.name());
        assert!(!sealed.contains('@') && !sealed.contains("Rivera"));
        mails.push(post.open::<Addressed>(&message.id, sealed).unwrap());
    }
    assert_eq!(mails.len(), count);
    mails.sort_by(|a, b| a.to.as_str().cmp(b.to.as_str()));
    Ok(mails)
}

fn details(mail: &Addressed) -> &Told {
    let Mail::Community(told) = &mail.mail else { panic!("{mail:?}") };
    told
}

/// Of the clinic’s people: Ann and Cleo are Administrators with an account in use; Ben’s account
/// is stopped, Dora’s affiliation is stopped, Edna is no Administrator, and Flo has no address.
fn people(conn: &mut AnyConn) -> Result<(), StoreError> {
    community(conn)?;
    subscriber::update(
        conn,
        &Subscriber { status: AccountStatus::Suspended, ..a_subscriber("ben") },
    )?;
    let spanish = Profile { locale: Some("es-MX".to_owned()), ..Profile::default() };
    subscriber::insert(conn, &Subscriber { profile: spanish, ..a_subscriber("cleo") })?;
    subscriber::insert(conn, &a_subscriber("dora"))?;
    subscriber::insert(conn, &a_subscriber("edna"))?;
    subscriber::insert(conn, &Subscriber { email: None, ..a_subscriber("flo") })?;
    for (id, name) in [("aff_3", "ben"), ("aff_4", "cleo"), ("aff_7", "flo")] {
        affiliation::insert(conn, &an_affiliation(id, name, "org_clinic"))?;
    }
    let suspended = AffiliationStatus::Suspended;
    affiliation::insert(
        conn,
        &AffiliationRecord { status: suspended, ..an_affiliation("aff_5", "dora", "org_clinic") },
    )?;
    affiliation::insert(
        conn,
        &AffiliationRecord {
            administrator: false,
            ..an_affiliation("aff_6", "edna", "org_clinic")
        },
    )
}

#[tokio::test]
async fn a_letter_to_an_organization_goes_to_each_administrator_who_can_act() {
    for database in TestDatabase::each() {
        database.write(people).await;
        let mails = database
            .write(|conn| {
                let letter = Letter {
                    to: Recipient::AdministratorsOf("org_clinic".parse().unwrap()),
                    news: News::AffiliationAccepted { subscriber: "sub_edna".parse().unwrap() },
                };
                told(conn, &post(), &letter, &Extras::default())
            })
            .await;
        let to: Vec<_> =
            mails.iter().map(|mail| (mail.to.as_str(), mail.language.as_deref())).collect();
        assert_eq!(to, [("ann@Clinic.example", None), ("cleo@Clinic.example", Some("es-MX"))]);
        for mail in &mails {
            let Details { organization, about, owner, .. } = details(mail).details.clone();
            assert_eq!(organization.as_deref(), Some("Cedar Falls Clinic"));
            assert_eq!(about, Some(a_subscriber("edna").name()));
            assert_eq!(owner, None);
        }
    }
}

#[tokio::test]
async fn whose_number_it_is_stands_in_the_mail_to_whoever_acts_under_it_only() {
    for database in TestDatabase::each() {
        database.write(people).await;
        for (to, own, owner) in [
            ("org_billing", "Ledger & Sons", Some("Cedar Falls Clinic")),
            ("org_clinic", "Cedar Falls Clinic", None),
        ] {
            let mails = database
                .write(move |conn| {
                    let letter = Letter {
                        to: Recipient::AdministratorsOf(to.parse().unwrap()),
                        news: News::RepresentationEnded { owner: "org_clinic".parse().unwrap() },
                    };
                    told(conn, &post(), &letter, &Extras::default())
                })
                .await;
            let found = &details(mails.first().unwrap()).details;
            assert_eq!(found.organization.as_deref(), Some(own));
            assert_eq!(found.owner.as_deref(), owner);
        }
    }
}

#[tokio::test]
async fn somebody_without_an_account_is_told_at_the_address_that_they_gave_with_their_link() {
    for database in TestDatabase::each() {
        database.write(people).await;
        let letter = || Letter {
            to: Recipient::Nominee("nom_1".parse().unwrap()),
            news: News::Nominated { user_id: "gil.ito".parse().unwrap(), until: at(60) },
        };
        let link = || Link::Activate {
            nomination: "nom_1".parse().unwrap(),
            key: LinkKey::received("k3y"),
        };
        let mails = database
            .write(move |conn| {
                let reader = Reader::Mailbox {
                    address: "gil@home.example".parse().unwrap(),
                    name: Some("Gil Ito".to_owned()),
                    language: Some("es".to_owned()),
                };
                let extras = Extras {
                    reader: Some(reader),
                    organization: Some("org_clinic".parse().unwrap()),
                    link: Some(link()),
                    ..Extras::default()
                };
                told(conn, &post(), &letter(), &extras)
            })
            .await;
        let mail = mails.first().unwrap();
        assert_eq!((mail.to.as_str(), mail.name.as_deref()), ("gil@home.example", Some("Gil Ito")));
        assert_eq!(mail.language.as_deref(), Some("es"));
        assert_eq!(details(mail).link, Some(link()));
        assert_eq!(details(mail).details.organization.as_deref(), Some("Cedar Falls Clinic"));
        // Without an address there is nobody to write to.
        let none =
            database.write(move |conn| told(conn, &post(), &letter(), &Extras::default())).await;
        assert!(none.is_empty());
    }
}

#[tokio::test]
async fn a_letter_to_a_person_says_who_they_are_to_the_new_ones_only() {
    for database in TestDatabase::each() {
        database.write(people).await;
        for (news, user_id) in [
            (News::Welcome, Some("cleo")),
            (News::AdministratorRemoved { subscriber: "sub_cleo".parse().unwrap() }, None),
        ] {
            let mails = database
                .write(move |conn| {
                    let to = Recipient::Subscriber("sub_cleo".parse().unwrap());
                    told(conn, &post(), &Letter { to, news: news.clone() }, &Extras::default())
                })
                .await;
            let found = &details(mails.first().unwrap()).details;
            assert_eq!(found.about, None, "nobody is told their own name");
            assert_eq!(found.user_id.as_ref().map(|id| id.as_str()), user_id);
        }
    }
}

#[tokio::test]
async fn whoever_asked_the_support_desk_with_an_account_is_told_at_the_address_on_file() {
    for database in TestDatabase::each() {
        database.write(people).await;
        let mails = database
            .write(|conn| {
                let letter = Letter {
                    to: Recipient::Requester("tkt_1".parse().unwrap()),
                    news: News::TicketResolved,
                };
                let message = Some("Your colleague can nominate you.".to_owned());
                let reader = Some(Reader::Person("sub_cleo".parse().unwrap()));
                told(conn, &post(), &letter, &Extras { reader, message, ..Extras::default() })
            })
            .await;
        let mail = mails.first().unwrap();
        assert_eq!(mail.to.as_str(), "cleo@Clinic.example");
        assert_eq!(mail.language.as_deref(), Some("es-MX"));
        assert!(details(mail).details.message.is_some());
    }
}
