//! The mails about the community: every piece of news, for everybody who may get it.

use idp_core::{
    authentication::mailed_code::LinkKey,
    community::{
        news::{News, Recipient},
        outcome::Letter as Fact,
        tax_id_registry::{Ground, dialogue::Answer},
        told::{Details, Link, Told},
    },
    mail::Mail,
};
use serde_json::{Value, json};

use crate::{
    mail::Addressed,
    pages::{Letter, Letterhead, Support},
};

/// Every piece of news that there is: whoever reads an unknown one is told the names of all.
fn all(typed: &str) -> Vec<News> {
    let error = serde_json::from_str::<News>(r#"{"news":""}"#).unwrap_err().to_string();
    let read = |name: &str| {
        let at = "2026-11-22T21:14:00Z";
        serde_json::from_value(json!({
            "news": name, "answer": "left", "answer_due_at": at, "dormant_at": at,
            "ground": "disputed", "nomination": "nom_1", "organization": "org_1",
            "owner": "org_2", "reason": typed, "reference": "HN-2345-6789", "request": "req_1",
            "subscriber": "sub_1", "system": "sys_1", "until": at, "user_id": "ana.rivera",
        }))
        .unwrap()
    };
    let mut all: Vec<News> = error.split('`').skip(1).step_by(2).skip(1).map(read).collect();
    assert!(all.len() > 60, "{error}");
    use Answer::{Left, OurOwn, StillThere, TypedAnother, TypedTheSame, Unknown, WorksForUs};
    let answers = [Left, OurOwn, StillThere, TypedAnother, TypedTheSame, Unknown, WorksForUs];
    all.extend(answers.map(|answer| News::TaxIdAskedAbout { answer }));
    let answer_due_at = "2026-12-08T00:00:00Z".parse().unwrap();
    let grounds = [Ground::Disputed, Ground::NobodyLeft, Ground::WorksForUs];
    all.extend(grounds.map(|ground| News::TaxIdClaimed { ground, answer_due_at }));
    all
}

fn recipients() -> [Recipient; 6] {
    [
        Recipient::AdministratorsOf("org_1".parse().unwrap()),
        Recipient::Asker("req_1".parse().unwrap()),
        Recipient::Nominee("nom_1".parse().unwrap()),
        Recipient::Registrant("reg_1".parse().unwrap()),
        Recipient::Requester("tkt_1".parse().unwrap()),
        Recipient::Subscriber("sub_2".parse().unwrap()),
    ]
}

/// Every piece of news with everything known that can be, in words that somebody typed, and once
/// more with nothing known.
pub(super) fn every(typed: &str) -> Vec<Told> {
    let some = || Some(typed.to_owned());
    let details = Details {
        organization: some(),
        owner: some(),
        about: some(),
        user_id: Some("ana.rivera".parse().unwrap()),
        message: some(),
    };
    let link = Link::Activate { nomination: "nom_1".parse().unwrap(), key: LinkKey::received("k") };
    let mut every = Vec::new();
    for to in recipients() {
        for news in all(typed) {
            let letter = Fact { to: to.clone(), news };
            every.push(Told {
                letter: letter.clone(),
                details: details.clone(),
                link: Some(link.clone()),
            });
            every.push(Told { letter, details: Details::default(), link: None });
        }
    }
    every
}

fn worded(told: Told, language: &str) -> Letter {
    let addressed = Addressed {
        to: "ana.rivera@cedarfalls.example".parse().unwrap(),
        name: Some("Ana Rivera".to_owned()),
        language: Some(language.to_owned()),
        mail: Mail::Community(Box::new(told)),
    };
    let support = Support {
        phone: "1-800-555-0142",
        email: None,
        address: "1 Harbor Street, Olympia WA 98501",
    };
    Letter::of(&addressed, Letterhead { origin: "https://hilum.example", support }).unwrap()
}

#[test]
fn all_news_are_worded_for_everybody_in_every_language_with_a_reason_and_without_gaps() {
    for language in crate::pages::messages::LANGUAGES {
        for told in every("Ana Rivera") {
            let (name, to) = (told.letter.news.name(), format!("{:?}", told.letter.to));
            let Letter { subject, text, html } = worded(told, language.tag);
            let which = format!("{name} to {to} in {}", language.tag);
            assert!(!subject.is_empty() && subject.lines().count() == 1, "{which}: {subject:?}");
            assert!(subject.chars().count() <= 70, "{which}: {subject}");
            let (body, closing) = text.split_once("\n--\n").expect("a closing");
            assert!(closing.contains("1-800-555-0142"), "{which}: whom to call");
            let blocks: Vec<&str> = body.split("\n\n").collect();
            assert!(blocks.len() >= 4, "{which}: greeting, what, what next, why: {text}");
            assert!(blocks.iter().all(|block| !block.trim().is_empty()), "{which}: {text:?}");
            assert!(!text.contains(": \n") && !text.contains('{'), "{which}: {text}");
            assert!(html.contains(&format!("<html lang=\"{}\">", language.tag)), "{which}");
        }
    }
}

#[test]
fn a_mail_about_the_community_reads_like_this() {
    let letter = Fact {
        to: Recipient::Nominee("nom_1".parse().unwrap()),
        news: News::Nominated {
            user_id: "ana.rivera".parse().unwrap(),
            until: "2026-12-22T09:30:00Z".parse().unwrap(),
        },
    };
    let organization = Some("Cedar Falls Clinic".to_owned());
    let details = Details { organization, ..Details::default() };
    let link =
        Link::Activate { nomination: "nom_1".parse().unwrap(), key: LinkKey::received("k3y") };
    let letter = worded(Told { letter, details, link: Some(link) }, "en");
    assert_eq!(letter.subject, "You are nominated for a Hilum User ID");
    assert_eq!(
        letter.text,
        "Hello Ana Rivera,\n\n\
         An organization would like you to open its sites with Hilum. Your User ID is:\n\n    \
         ana.rivera\n\n\
         Organization: Cedar Falls Clinic\n\n\
         Until: December 22, 2026 at 09:30 UTC\n\n\
         Open the page below. It asks for the code that the Administrator of the organization \
         hands to you in person; no mail has it. If you do not know the organization, there is \
         nothing to do.\n\n\
         Take over your User ID:\nhttps://hilum.example/activate/nom_1.k3y\n\n\
         You get this mail because an organization gave us this address for your nomination.\n\n\
         --\n\
         Hilum never asks for your password by mail or telephone. Questions? Call 1-800-555-0142."
    );
}

/// Who reads a mail knows their own organization; of another one it says what they may know.
#[test]
fn a_mail_names_nobody_by_an_identifier_except_in_a_link_or_as_a_reference() {
    for told in every("Ana Rivera") {
        let stored: Value = serde_json::to_value(&told).unwrap();
        let name = told.letter.news.name();
        for line in worded(told, "en").text.lines().filter(|line| !line.starts_with("https:")) {
            let told = line.contains("tkt_1") || line.starts_with("Organization ID");
            let names_an_id = ["org_", "sub_", "nom_", "req_", "sys_", "tkt_"]
                .iter()
                .any(|prefix| line.contains(prefix));
            assert!(told || !names_an_id, "{name}: {line} of {stored}");
        }
    }
}
