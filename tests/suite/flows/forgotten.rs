//! From "Forgot your password?" through a real mail to the new password, in Chromium.

use hilum_tests::{
    Backend, Chromium, MailServer, MailTls, PASSWORD, Person, TestIdp, eventually, run,
};

/// The subscriber of this story, and a mailbox of its own.
const PERSON: &str = "practitioner";
const NEW: &str = "Quite-another-1";

struct Story {
    idp: TestIdp,
    server: MailServer,
    mailbox: String,
}

impl Story {
    /// Hilum with a real mail server, and somebody who has set up two questions.
    async fn begin(name: &str) -> Option<Self> {
        let server = MailServer::here()?;
        let idp = TestIdp::start_with(Backend::Sqlite, server.settings(MailTls::Required)).await;
        let mailbox = format!("{name}@mail.example");
        idp.database
            .execute(&format!(
                "UPDATE subscriber SET email = '{mailbox}', email_normalized = '{mailbox}' \
                 WHERE user_id = '{PERSON}'"
            ))
            .expect("an address");
        let mut browser = idp.browser();
        let page = browser.sign_on(&idp.url("/account/questions"), &Person::new(PERSON)).await;
        let fields = [
            ("question1", "first-pet"),
            ("answer1", "Fido"),
            ("question2", "primary-school"),
            ("answer2", "Oak Hill"),
        ];
        let page = browser.submit(&page, "questions-submit", &fields).await;
        assert_eq!(page.url.query(), Some("done=set"), "{}", page.body);
        Some(Self { idp, server, mailbox })
    }

    /// The code in the last mail for a new password.
    async fn code(&self) -> String {
        self.code_of("Your code for a new password").await
    }

    /// The code in the last mail with this subject.
    async fn code_of(&self, subject: &str) -> String {
        eventually("the mail", || async {
            let mails = self.server.received(&self.mailbox);
            let fits = |message: &&str| message.contains(&format!("Subject: {subject}"));
            let message =
                mails.iter().rev().filter_map(|mail| mail["message"].as_str()).find(fits)?;
            let is_code = |line: &&str| line.len() == 9 && line.as_bytes()[4] == b' ';
            message.lines().map(str::trim).find(is_code).map(str::to_owned)
        })
        .await
    }

    async fn walk(&self, chromium: &Chromium, scripts: bool) {
        chromium.go(self.idp.url("/account").as_str()).await;
        chromium.click("#forgot-password").await;
        chromium.wait("#forgot-submit").await;
        look(chromium, scripts, "forgot-1-name").await;
        chromium.type_into("#username", PERSON).await;
        if !scripts {
            // What the page asks of a browser without scripts; here the clock does the waiting.
            self.idp.set_clock(30).await;
        }
        chromium.click("#forgot-submit").await;
        chromium.wait("#answers-submit").await;
        look(chromium, scripts, "forgot-2-questions").await;
        chromium.type_into("#answer1", "fido").await;
        chromium.type_into("#answer2", "Rose Hill").await;
        chromium.click("#answers-submit").await;
        chromium.wait("#problem").await;
        look(chromium, scripts, "forgot-3-wrong").await;
        chromium.type_into("#answer1", "fido").await;
        chromium.type_into("#answer2", "oak hill").await;
        chromium.click("#answers-submit").await;
        chromium.wait("#code-submit").await;
        look(chromium, scripts, "forgot-4-code").await;
        chromium.type_into("#code", &self.code().await).await;
        chromium.click("#code-submit").await;
        chromium.wait("#password-submit").await;
        look(chromium, scripts, "forgot-5-new").await;
        chromium.type_into("#password", "short").await;
        chromium.type_into("#repeated", "other").await;
        chromium.click("#password-submit").await;
        chromium.wait("#problem").await;
        look(chromium, scripts, "forgot-6-refused").await;
        chromium.type_into("#password", NEW).await;
        chromium.type_into("#repeated", NEW).await;
        chromium.click("#password-submit").await;
        chromium.arrive(self.idp.url("/forgot/done").as_str()).await;
        look(chromium, scripts, "forgot-7-done").await;
        // Back leads to nothing that could be sent again, and the new password signs in.
        chromium.client.back().await.expect("back");
        chromium.go(self.idp.url("/account").as_str()).await;
        chromium.type_into("#username", PERSON).await;
        chromium.type_into("#password", NEW).await;
        chromium.click("#login-submit").await;
        chromium.wait("#sign-out").await;
    }
}

/// axe-core needs scripts of its own in the page.
async fn look(chromium: &Chromium, scripts: bool, page: &str) {
    let page = if scripts { page.to_owned() } else { format!("{page}-no-script") };
    chromium.picture(&page).await;
    if scripts {
        chromium.is_accessible(&page).await;
    }
}

fn in_chromium(name: &'static str, story: impl AsyncFnOnce(Story)) {
    run(async {
        let story_of = if Chromium::is_available() { Story::begin(name).await } else { None };
        match story_of {
            Some(begun) => story(begun).await,
            None => eprintln!("left out: no chromedriver or no mail server (.ci/with-servers)"),
        }
    });
}

#[test]
fn a_forgotten_password_is_replaced_through_a_real_mail() {
    in_chromium("chromium", async |story| {
        let chromium = Chromium::open(true).await;
        story.walk(&chromium, true).await;
        chromium.go(story.idp.url("/account/questions").as_str()).await;
        chromium.wait("#questions-submit").await;
        look(&chromium, true, "account-questions").await;
        chromium.go(story.idp.url("/account/email").as_str()).await;
        chromium.click("#factor-send").await;
        chromium.wait("#factor-submit").await;
        chromium
            .type_into("#code", &story.code_of("Your code to confirm this mailbox").await)
            .await;
        chromium.click("#factor-submit").await;
        chromium.wait("#email-submit").await;
        look(&chromium, true, "account-email").await;
        chromium.close().await;
    });
}

#[test]
fn it_works_without_scripts_after_a_wait() {
    in_chromium("plain", async |story| {
        let chromium = Chromium::open(false).await;
        story.walk(&chromium, false).await;
        chromium.close().await;
    });
}

#[test]
fn a_keyboard_leads_to_the_new_password() {
    in_chromium("keyboard", async |story| {
        let chromium = Chromium::open(true).await;
        chromium.go(story.idp.url("/account").as_str()).await;
        chromium.wait("#login-submit").await;
        chromium.tab_to("forgot-password").await;
        chromium.press("\u{e007}").await;
        chromium.wait("#forgot-submit").await;
        chromium.tab_to("username").await;
        // Enter sends the form as soon as the check is done.
        chromium.press(&format!("{PERSON}\u{e007}")).await;
        chromium.wait("#answers-submit").await;
        chromium.tab_to("answer1").await;
        chromium.press("Fido").await;
        chromium.tab_to("answer2").await;
        chromium.press("Oak Hill\u{e007}").await;
        chromium.wait("#code-submit").await;
        chromium.tab_to("code").await;
        chromium.press(&format!("{}\u{e007}", story.code().await)).await;
        chromium.wait("#password-submit").await;
        chromium.tab_to("password").await;
        chromium.press(NEW).await;
        chromium.tab_to("repeated").await;
        chromium.press(&format!("{NEW}\u{e007}")).await;
        chromium.arrive(story.idp.url("/forgot/done").as_str()).await;
        chromium.close().await;
    });
}

/// 15.6, as a person meets it: three wrong passwords, then the browser works for the fourth.
#[test]
fn after_three_failures_the_browser_works_and_the_person_goes_on() {
    in_chromium("challenged", async |story| {
        let chromium = Chromium::open(true).await;
        chromium.go(story.idp.url("/account").as_str()).await;
        for _ in 0..3 {
            chromium.wait("#username").await.clear().await.expect("a field");
            chromium.type_into("#username", PERSON).await;
            chromium.type_into("#password", "wrong").await;
            chromium.click("#login-submit").await;
            chromium.wait("#problem").await;
        }
        chromium.wait("#challenge").await;
        look(&chromium, true, "sign-in-challenged").await;
        chromium.type_into("#password", PASSWORD).await;
        chromium.click("#login-submit").await;
        chromium.wait("#sign-out").await;
        chromium.close().await;
    });
}
