//! Three people, and what they have in their hands.

use hilum_tests::{
    App, Browser, Fresh, Mail, Page, Person, SecurityKey, first_app, recovery_codes,
};
use serde_json::{Value, json};

/// Somebody.
pub(super) struct Human {
    pub(super) user_id: &'static str,
    pub(super) address: &'static str,
    pub(super) app: Option<App>,
    pub(super) recovery: Vec<String>,
    pub(super) keys: Vec<Key>,
    /// How far the clock of Hilum is ahead, in seconds.
    pub(super) offset: i64,
}

/// A passkey, or a key that only feels a touch.
pub(super) struct Key {
    device: SecurityKey,
    /// What it calls the person.
    handle: String,
    pub(super) checks: bool,
}

impl Human {
    pub(super) fn set_clock(&mut self, offset: i64) {
        self.offset = offset;
        if let Some(app) = &mut self.app {
            app.offset = offset;
        }
    }

    /// Adds a key, right after a sign-in with a factor.
    async fn add_key(&mut self, idp: &Fresh, browser: &mut Browser, checks: bool) {
        let mut device = SecurityKey::new(idp, checks);
        let page = browser.visit("/account/security/passkey").await;
        let (question, options) = browser.question(&page, "enrol-submit").await;
        let handle = options["user"]["id"].as_str().expect("a handle").to_owned();
        let credential = device.register(&options);
        let fields = [("question", &*question), ("credential", &*credential)];
        let page = browser.submit(&page, "enrol-submit", &fields).await;
        assert_eq!(page.status, 200, "{}", page.body);
        self.recovery.extend(recovery_codes(&page));
        self.keys.push(Key { device, handle, checks });
    }
}

impl Key {
    /// What it says to this question, even if other keys were asked or it should check its
    /// person: a thief's browser does not do as it is told.
    pub(super) fn answer(&mut self, options: &Value) -> String {
        let mut options = options.clone();
        options["allowCredentials"] = json!([]);
        if !self.checks {
            options["userVerification"] = "discouraged".into();
        }
        self.device.answer_for(&options, Some(&self.handle))
    }
}

/// Ana with an app, a passkey and a key; Joan with an app and a passkey; Noor, who has nothing yet.
pub(super) async fn everybody(idp: &Fresh) -> Vec<Human> {
    let human = |user_id, address| Human {
        user_id,
        address,
        app: None,
        recovery: Vec::new(),
        keys: Vec::new(),
        offset: 0,
    };
    let mut ana = human("practitioner", "ana.rivera@cedar-falls.example");
    let mut browser = idp.browser();
    let (app, recovery) = first_app(idp, &mut browser, ana.user_id, ana.address).await;
    (ana.app, ana.recovery) = (Some(app), recovery);
    ana.add_key(idp, &mut browser, true).await;
    ana.add_key(idp, &mut browser, false).await;

    let mut joan = human("administrator", "joan.whitfield@cedar-falls.example");
    let app = App::told("HILUMDEMOSEEDFORADMINISTRATOR234");
    let mut browser = idp.browser();
    let page = browser.open(&idp.site("strong").request().url()).await;
    let page = browser.sign_in(&page, &Person::new(joan.user_id)).await;
    browser.submit(&page, "factor-submit", &[("code", &app.code(0))]).await;
    joan.app = Some(app);
    joan.add_key(idp, &mut browser, true).await;

    let noor = human("profile", "noor.haddad@lakeside-pediatrics.example");
    vec![ana, joan, noor]
}

/// The question of a page, unless the sign-on has moved on meanwhile.
pub(super) async fn question(
    browser: &mut Browser,
    page: &Page,
    button: &str,
) -> Option<(String, Value)> {
    let form = page.form(button);
    let url = browser.url(&format!("{}/options", form.action));
    let request = browser
        .request(reqwest::Method::POST, &url)
        .header("Sec-Fetch-Site", "same-origin")
        .form(&[("form_token", form.value("form_token").expect("a token"))]);
    let answer = browser.send(&url, request).await;
    assert!(answer.status < 500, "{}", answer.body);
    let body: Value = serde_json::from_str(&answer.body).ok()?;
    Some((body["question"].as_str()?.to_owned(), body["options"].clone()))
}

/// The code in the newest mail to an address that has one.
pub(super) async fn newest_code(idp: &Fresh, address: &str) -> Option<String> {
    idp.mails(address).await.iter().find_map(Mail::code)
}
