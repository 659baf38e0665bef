//! Requests in any order, from two tabs of two browsers, by three people with apps, passkeys, keys
//! and recovery codes of their own: no session is another person's, and none stands higher than
//! what was proved in it (security 18.3, 18.6).

mod people;

use std::collections::BTreeMap;

use hilum_tests::{
    App, AuthorizeRequest, Browser, Dice, Fresh, Page, Person, Site, Tokens, claims_of,
    on_every_store, recovery_codes,
};
use people::{Human, everybody};
use serde_json::json;

on_every_store![no_order_of_requests_reaches_more_than_was_proved,];

/// The ladder of `acr`, from below.
const RUNGS: [&str; 4] = [
    "urn:hilum:acr:password",
    "urn:hilum:acr:email-code",
    "urn:hilum:acr:browser-second-factor",
    "urn:hilum:acr:phishing-resistant",
];
const CODE_BY_MAIL: usize = 1;
const SECOND_FACTOR: usize = 2;
const PHISHING_RESISTANT: usize = 3;

/// What a request carries that may prove something, if Hilum takes it.
#[derive(Clone, Copy, Debug)]
enum Proof {
    /// Nothing at all: no new cookie may come of it.
    Nothing,
    /// The right password of somebody.
    Password(usize),
    /// Something of somebody that reaches a rung beside a password.
    Beside(usize, usize),
    /// An answer of somebody's key, which checked its person or only felt a touch.
    Key { owner: usize, checked: bool },
}

/// What a tab shows, and what it is there for.
#[derive(Clone)]
struct Tab {
    page: Page,
    request: Option<(Site, AuthorizeRequest)>,
}

/// An answer of a key that was kept, to be tried later, where it was asked for or elsewhere.
struct Kept {
    window: usize,
    action: String,
    form_token: String,
    fields: [(&'static str, String); 2],
    proof: Proof,
}

/// One browser, whose session it has, and what that person has proved since the sign-in.
struct Window {
    browser: Browser,
    tabs: [Option<Tab>; 2],
    who: Option<usize>,
    proved: usize,
}

impl Window {
    fn new(browser: Browser) -> Self {
        Self { browser, tabs: [None, None], who: None, proved: 0 }
    }

    /// Whoever proves something has a new cookie (15.3); nothing else gives one.
    fn account_for(&mut self, before: Option<&str>, proof: Proof, what: &str, page: &Page) {
        let after = self.browser.session();
        if after.is_none() {
            (self.who, self.proved) = (None, 0);
        }
        if after.is_none() || after == before {
            return;
        }
        match proof {
            Proof::Nothing => panic!("a session for nothing: {what} {} {}", page.url, page.body),
            Proof::Password(who) => (self.who, self.proved) = (Some(who), 0),
            Proof::Beside(owner, rung) => {
                assert_eq!(self.who, Some(owner), "somebody else's code counted");
                self.proved = self.proved.max(rung);
            }
            Proof::Key { owner, checked } if self.who == Some(owner) => {
                self.proved =
                    self.proved.max(if checked { PHISHING_RESISTANT } else { SECOND_FACTOR });
            }
            Proof::Key { owner, checked } => {
                assert!(checked, "a touch counted as a whole sign-in");
                (self.who, self.proved) = (Some(owner), PHISHING_RESISTANT);
            }
        }
    }
}

/// Everything that there is.
struct World<'a> {
    idp: &'a Fresh,
    dice: Dice,
    people: Vec<Human>,
    windows: [Window; 2],
    sites: Vec<Site>,
    kept: Vec<Kept>,
    reached: BTreeMap<&'static str, u32>,
    history: Vec<String>,
}

impl World<'_> {
    async fn begin(&mut self, (window, tab): (usize, usize)) -> &'static str {
        let site = self.dice.pick(&self.sites).expect("a site").clone();
        let mut request = site.request();
        let essential = |rung: usize| json!({ "id_token": { "acr": { "essential": true, "value": RUNGS[rung] } } });
        match self.dice.roll(8) {
            0 => request = request.with("acr_values", RUNGS[SECOND_FACTOR]),
            1 => request = request.with("prompt", "login"),
            2 => request = request.with("prompt", "none"),
            3 => request = request.with("claims", &essential(SECOND_FACTOR).to_string()),
            4 => request = request.with("claims", &essential(PHISHING_RESISTANT).to_string()),
            _ => {}
        }
        let window = &mut self.windows[window];
        let page = window.browser.open(&request.url()).await;
        window.tabs[tab] = Some(Tab { page, request: Some((site, request)) });
        "begin"
    }

    /// Presses something on the page of a tab, rightly or wrongly.
    async fn press(&mut self, (number, tab): (usize, usize)) -> &'static str {
        let Some(Tab { page, .. }) = self.windows[number].tabs[tab].clone() else {
            return "no tab";
        };
        let before = self.windows[number].browser.session().map(str::to_owned);
        let (what, proof, answer) = if page.has("passkey-submit") && self.dice.once_in(3) {
            self.key(number, &page, "passkey-submit").await
        } else if page.is_sign_in() {
            let who = self.dice.roll(self.people.len());
            let mut person = Person::new(self.people[who].user_id);
            let mut proof = Proof::Password(who);
            if self.dice.once_in(6) {
                (person, proof) = (person.with_password("wrong"), Proof::Nothing);
            }
            ("password", proof, self.windows[number].browser.sign_in(&page, &person).await)
        } else if page.has("switch-person") && self.dice.once_in(6) {
            let browser = &mut self.windows[number].browser;
            ("switch", Proof::Nothing, browser.submit(&page, "switch-person", &[]).await)
        } else if page.has("factor-submit") && page.body.contains("/passkey\"") {
            self.key(number, &page, "factor-submit").await
        } else if page.has("factor-submit") {
            self.code(number, &page).await
        } else if page.has("factor-send") {
            let browser = &mut self.windows[number].browser;
            ("mail", Proof::Nothing, browser.submit(&page, "factor-send", &[]).await)
        } else if page.has("enrol-submit") {
            self.set_up(number, &page).await
        } else {
            let chooser = page.body.split("id=\"affiliation-").nth(1);
            let chooser = chooser.and_then(|rest| rest.split('"').next());
            let browser = &mut self.windows[number].browser;
            let page = match chooser {
                Some(id) => browser.submit(&page, &format!("affiliation-{id}"), &[]).await,
                None if page.is_notice() => browser.submit(&page, "consent-allow", &[]).await,
                None => return "nothing to press",
            };
            ("page", Proof::Nothing, page)
        };
        let window = &mut self.windows[number];
        window.account_for(before.as_deref(), proof, what, &answer);
        if let Some(tab) = &mut window.tabs[tab] {
            tab.page = answer;
        }
        what
    }

    /// Lets somebody's key answer the question of this page, and sends the answer or keeps it.
    async fn key(
        &mut self,
        number: usize,
        page: &Page,
        button: &str,
    ) -> (&'static str, Proof, Page) {
        let browser = &mut self.windows[number].browser;
        let Some((question, options)) = people::question(browser, page, button).await else {
            return ("no question", Proof::Nothing, page.clone());
        };
        let owners: Vec<usize> =
            (0..self.people.len()).filter(|who| !self.people[*who].keys.is_empty()).collect();
        let owner = *self.dice.pick(&owners).expect("somebody has a key");
        let key = self.dice.roll(self.people[owner].keys.len());
        let key = &mut self.people[owner].keys[key];
        let proof = Proof::Key { owner, checked: key.checks };
        let fields = [("question", question), ("credential", key.answer(&options))];
        if self.dice.once_in(2) {
            let form = page.form(button);
            let form_token = form.value("form_token").expect("a token").to_owned();
            let action = form.action.clone();
            self.kept.push(Kept { window: number, action, form_token, fields, proof });
            return ("answer kept", Proof::Nothing, page.clone());
        }
        let borrowed = fields.each_ref().map(|(name, value)| (*name, value.as_str()));
        ("key", proof, self.windows[number].browser.submit(page, button, &borrowed).await)
    }

    /// Types a code: of an app, of a mail, or of the sheet of recovery codes.
    async fn code(&mut self, number: usize, page: &Page) -> (&'static str, Proof, Page) {
        let person = self.windows[number].who.unwrap_or_default();
        let owner = if self.dice.once_in(5) { self.dice.roll(self.people.len()) } else { person };
        let is_right = !self.dice.once_in(5);
        let steps = i64::try_from(self.dice.roll(3)).expect("a step") - 1;
        let human = &mut self.people[owner];
        let (what, rung, code) = if page.body.contains("/factor/totp\"") {
            let code = human.app.as_ref().map(|app| app.code(steps));
            ("totp", SECOND_FACTOR, code)
        } else if page.body.contains("/factor/recovery\"") {
            ("recovery", CODE_BY_MAIL, human.recovery.pop())
        } else {
            ("mailed code", CODE_BY_MAIL, people::newest_code(self.idp, human.address).await)
        };
        let (code, proof) = match code.filter(|_| is_right) {
            Some(code) => (code, Proof::Beside(owner, rung)),
            None => ("000000".to_owned(), Proof::Nothing),
        };
        let mut fields = vec![("code", code.as_str())];
        if page.has("remember") && self.dice.once_in(2) {
            // No site of this walk takes a remembered browser for a factor.
            fields.push(("remember", "on"));
        }
        let browser = &mut self.windows[number].browser;
        (what, proof, browser.submit(page, "factor-submit", &fields).await)
    }

    /// Proves that the app that a page has just shown the key of is in somebody's hands.
    async fn set_up(&mut self, number: usize, page: &Page) -> (&'static str, Proof, Page) {
        if !page.has("text-key") {
            return ("a passkey, another time", Proof::Nothing, page.clone());
        }
        let mut app = App::of(page);
        app.offset = self.people[0].offset;
        let is_right = !self.dice.once_in(4);
        let code = if is_right { app.code(0) } else { app.wrong_code() };
        let window = &mut self.windows[number];
        let before = window.browser.session().map(str::to_owned);
        let answer = window.browser.submit(page, "enrol-submit", &[("code", &code)]).await;
        let is_renewed = window.browser.session() != before.as_deref();
        let Some(who) = window.who.filter(|_| is_renewed) else {
            return ("enrol in vain", Proof::Nothing, answer);
        };
        assert!(is_right, "a wrong code set an app up");
        assert!(window.proved >= CODE_BY_MAIL, "an app was set up by a password alone");
        self.people[who].app = Some(app);
        // Whoever has a sheet of codes keeps it.
        self.people[who].recovery.extend(recovery_codes(&answer));
        ("enrol", Proof::Beside(who, SECOND_FACTOR), answer)
    }

    /// Sends an answer that was kept, wherever its sign-on or that of a tab stands now.
    async fn send_kept(&mut self, (number, tab): (usize, usize)) -> &'static str {
        if self.kept.is_empty() {
            return "nothing kept";
        }
        let kept = self.kept.swap_remove(self.dice.roll(self.kept.len()));
        let (mut action, mut form_token) = (kept.action, kept.form_token);
        let shown = self.windows[number].tabs[tab].as_ref();
        let forms = shown.map(|tab| hilum_tests::Form::all(&tab.page.body)).unwrap_or_default();
        let form = forms.iter().find(|form| form.action.starts_with("/sign-on/"));
        if let Some(form) = form.filter(|_| self.dice.once_in(4)) {
            let handle = form.action.trim_start_matches("/sign-on/").split('/').next();
            action = format!("/sign-on/{}/passkey", handle.expect("a handle"));
            form_token = form.value("form_token").unwrap_or_default().to_owned();
        }
        let mut fields = vec![("form_token", &*form_token)];
        fields.extend(kept.fields.iter().map(|(name, value)| (*name, value.as_str())));
        let thief = self.dice.once_in(4);
        let window = &mut self.windows[if thief { number } else { kept.window }];
        let before = window.browser.session().map(str::to_owned);
        let url = window.browser.url(&action);
        let request = window
            .browser
            .request(reqwest::Method::POST, &url)
            .header("Sec-Fetch-Site", "same-origin")
            .form(&fields);
        let answer = window.browser.send(&url, request).await;
        let answer = window.browser.follow(answer).await;
        window.account_for(before.as_deref(), kept.proof, "a kept answer", &answer);
        "a kept answer"
    }

    /// A link of the page, the page of the other tab, or the tab of the other browser.
    async fn wander(&mut self, (number, tab): (usize, usize)) -> &'static str {
        if self.dice.once_in(6) {
            // The thief's try: the cookies of one browser in the other's tabs.
            self.windows[number].tabs[tab] = self.windows[1 - number].tabs[tab].clone();
            return "somebody else's tab";
        }
        let window = &mut self.windows[number];
        let links = [
            "way-totp",
            "way-recovery",
            "way-passkey",
            "way-email",
            "enrol-app",
            "recovery-continue",
        ];
        if let Some(shown) = &mut window.tabs[tab] {
            let there: Vec<&str> = links.into_iter().filter(|id| shown.page.has(id)).collect();
            if let Some(id) = self.dice.pick(&there) {
                shown.page = window.browser.follow_link(&shown.page, id).await;
                return "another way";
            }
        }
        let Some(other) = window.tabs[1 - tab].clone() else { return "no other tab" };
        if other.page.location().is_some() || !other.page.url.path().starts_with("/sign-on/") {
            return "nothing to open";
        }
        let page = window.browser.open(&other.page.url).await;
        window.tabs[tab] = Some(Tab { page, ..other });
        "the other tab"
    }

    /// Asks for a page of the account that opens only for a fresh second factor, if there is one.
    async fn gate(&mut self, number: usize) -> &'static str {
        let window = &mut self.windows[number];
        let page = window.browser.visit("/account/security/confirm").await;
        assert!(page.status < 500, "{}", page.body);
        let is_open = page.url.path() == "/account/security";
        let has_factor = |who: usize| self.people[who].app.is_some();
        if is_open && window.who.is_none_or(has_factor) {
            assert!(window.proved >= CODE_BY_MAIL, "the gate opened for a password");
        }
        "gate"
    }

    /// Redeems what a tab was answered, and compares the claims with what was proved.
    async fn settle(&mut self, (number, tab): (usize, usize)) {
        let window = &mut self.windows[number];
        let Some(Tab { page, request: Some((site, request)) }) = &window.tabs[tab] else { return };
        assert!(page.status < 500, "{} {}", page.url, page.body);
        if page.location().is_none() {
            return;
        }
        let (answer, site, request) = (page.answer(), site.clone(), request.clone());
        window.tabs[tab] = None;
        let (Some(code), true) = (answer.code, answer.state.as_deref() == Some(&request.state))
        else {
            return;
        };
        let redeemed = site.redeem(&request, &code).await;
        assert!(matches!(redeemed.status, 200 | 400), "{}", redeemed.text);
        if redeemed.status != 200 {
            return;
        }
        let tokens = Tokens::of(&redeemed);
        let (claims, person) = (claims_of(&tokens.id), site.userinfo(&tokens.access).await.body);
        let acr = claims["acr"].as_str().expect("acr");
        let rung = RUNGS.iter().position(|rung| *rung == acr).expect("a rung");
        let who = window.who.expect("tokens for nobody's session");
        assert_eq!(person["email"], self.people[who].address, "another person's tokens");
        assert!(rung <= window.proved, "{acr} after {}", RUNGS[window.proved]);
        if site.client_id == "strong" {
            assert!(rung >= SECOND_FACTOR, "{acr} at a site that demands more");
        }
        *self.reached.entry(RUNGS[rung]).or_default() += 1;
    }
}

async fn no_order_of_requests_reaches_more_than_was_proved(idp: Fresh) {
    let dice = Dice::new();
    let people = everybody(&idp).await;
    let mut world = World {
        windows: [Window::new(idp.browser()), Window::new(idp.browser())],
        sites: ["alpha", "strong"].map(|id| idp.site(id)).to_vec(),
        idp: &idp,
        dice,
        people,
        kept: Vec::new(),
        reached: BTreeMap::new(),
        history: Vec::new(),
    };
    for round in 0..360 {
        if round % 40 == 0 {
            // A lock, if there is one, is over; and new steps have codes that nobody has used.
            let offset = world.people[0].offset + 660;
            world.people.iter_mut().for_each(|human| human.set_clock(offset));
            idp.set_clock(offset).await;
        }
        let here = (world.dice.roll(2), world.dice.roll(2));
        let what = match world.dice.roll(12) {
            0..=2 => world.begin(here).await,
            3..=7 => world.press(here).await,
            8 | 9 => world.send_kept(here).await,
            10 => world.wander(here).await,
            _ => world.gate(here.0).await,
        };
        world.history.push(format!("{here:?} {what}"));
        world.settle(here).await;
    }
    assert!(!world.reached.is_empty(), "something happened: {:#?}", world.history);
    println!("{:?}", world.reached);
    assert_eq!(idp.must(&["audit", "verify"]).code, 0);
}
