//! Requests in any order, from two tabs and two browsers: no session stands higher than what was
//! proved in it (security 18.3).

use std::collections::BTreeMap;

use hilum_tests::{
    App, Browser, Fresh, Page, Person, Site, Tokens, claims_of, first_app, on_every_store,
};
use serde_json::json;

on_every_store![no_order_of_requests_reaches_more_than_was_proved,];

/// A small generator (xorshift), so that a run can be repeated from its seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(sides).unwrap()).unwrap()
    }
}

const RUNGS: [&str; 4] = [
    "urn:hilum:acr:password",
    "urn:hilum:acr:email-code",
    "urn:hilum:acr:browser-second-factor",
    "urn:hilum:acr:phishing-resistant",
];

/// One browser: what its tabs show, and what its person has proved since the last sign-in.
struct Window {
    browser: Browser,
    tabs: [Option<Page>; 2],
    proved: usize,
}

/// What stands in the way of a tab: a form of ours that is answered rightly or wrongly.
async fn press(
    window: &mut Window,
    tab: usize,
    dice: &mut Dice,
    (app, codes): (&App, &mut Vec<String>),
) -> Option<&'static str> {
    let page = window.tabs[tab].clone()?;
    let right = dice.roll(4) > 0;
    let (before, what, answer, reaches) = if page.is_sign_in() {
        let mut person = Person::new("practitioner");
        if !right {
            person = person.with_password("wrong");
        }
        (
            window.browser.session().map(str::to_owned),
            "password",
            window.browser.sign_in(&page, &person).await,
            0,
        )
    } else if page.body.contains("/factor/totp\"") {
        // Every step once: the clock of this test stands still for all who look at it.
        let code = if right {
            app.code(i64::try_from(dice.roll(3)).unwrap() - 1)
        } else {
            app.wrong_code()
        };
        let before = window.browser.session().map(str::to_owned);
        (before, "totp", window.browser.submit(&page, "factor-submit", &[("code", &code)]).await, 2)
    } else if page.body.contains("/factor/recovery\"") {
        let code = if right { codes.pop().unwrap_or_default() } else { "AAAAA-AAAAA".to_owned() };
        let code = if code.is_empty() { "AAAAA-AAAAA".to_owned() } else { code };
        let before = window.browser.session().map(str::to_owned);
        (
            before,
            "recovery",
            window.browser.submit(&page, "factor-submit", &[("code", &code)]).await,
            1,
        )
    } else if page.is_notice() {
        (None, "notice", window.browser.submit(&page, "consent-allow", &[]).await, 9)
    } else {
        return None;
    };
    // Whoever proves something has a new cookie (15.3); nothing else gives one.
    let renewed = reaches < 9 && window.browser.session().map(str::to_owned) != before;
    if renewed {
        window.proved = if reaches == 0 { 0 } else { window.proved.max(reaches) };
    }
    window.tabs[tab] = Some(answer);
    Some(what)
}

/// Redeems what a tab was answered, and compares the claim with what was proved.
async fn settle(
    window: &mut Window,
    tab: usize,
    site: &Site,
    request: &hilum_tests::AuthorizeRequest,
) -> bool {
    let Some(page) = &window.tabs[tab] else { return false };
    if page.location().is_none() {
        return false;
    }
    let answer = page.answer();
    window.tabs[tab] = None;
    let (Some(code), true) = (answer.code, answer.state.as_deref() == Some(&request.state)) else {
        return false;
    };
    let redeemed = site.redeem(request, &code).await;
    assert!(matches!(redeemed.status, 200 | 400), "{}", redeemed.text);
    if redeemed.status != 200 {
        return false;
    }
    let claims = claims_of(&Tokens::of(&redeemed).id);
    let acr = claims["acr"].as_str().unwrap();
    let rung = RUNGS.iter().position(|rung| *rung == acr).unwrap();
    assert!(rung <= window.proved, "{acr} after {}", RUNGS[window.proved]);
    if site.client_id == "strong" {
        assert!(rung >= 2, "{acr} at a site that demands more");
    }
    true
}

async fn no_order_of_requests_reaches_more_than_was_proved(idp: Fresh) {
    let seed = std::env::var("HILUM_TEST_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed = seed.unwrap_or_else(|| u64::try_from(hilum_tests::now()).unwrap());
    println!("HILUM_TEST_SEED={seed}");
    let mut dice = Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
    let address = "ana.rivera@cedar-falls.example";
    let (mut app, mut codes) = first_app(&idp, &mut idp.browser(), "practitioner", address).await;
    let sites = ["alpha", "strong"].map(|id| idp.site(id));
    let new = || Window { browser: idp.browser(), tabs: [None, None], proved: 0 };
    let mut windows = [new(), new()];
    let mut requests = BTreeMap::new();
    let (mut history, mut reached) = (Vec::new(), BTreeMap::<&str, u32>::new());
    for round in 0..220 {
        if round % 40 == 0 {
            // A lock, if there is one, is over; and new steps have codes that nobody has used.
            app.offset += 660;
            idp.set_clock(app.offset).await;
        }
        let (who, tab) = (dice.roll(2), dice.roll(2));
        let window = &mut windows[who];
        match dice.roll(10) {
            0..=3 => {
                let site = &sites[dice.roll(2)];
                let mut request = site.request();
                match dice.roll(6) {
                    0 => request = request.with("acr_values", RUNGS[2]),
                    1 => request = request.with("prompt", "login"),
                    2 => request = request.with("prompt", "none"),
                    3 => {
                        let essential = json!({ "id_token": { "acr": { "essential": true, "value": RUNGS[2] } } });
                        request = request.with("claims", &essential.to_string());
                    }
                    _ => {}
                }
                window.tabs[tab] = Some(window.browser.open(&request.url()).await);
                requests.insert((who, tab), (site.clone(), request));
                history.push("begin");
            }
            4..=7 => {
                let pressed = press(window, tab, &mut dice, (&app, &mut codes)).await;
                history.push(pressed.unwrap_or("nothing to press"));
            }
            8 => {
                // The other way, or the page of the other tab once more.
                if let Some(page) = window.tabs[tab].clone().filter(|page| page.has("way-recovery"))
                {
                    window.tabs[tab] =
                        Some(window.browser.follow_link(&page, "way-recovery").await);
                } else if let Some(page) = window.tabs[1 - tab].clone()
                    && page.location().is_none()
                    && page.url.path().starts_with("/sign-on/")
                {
                    window.tabs[tab] = Some(window.browser.open(&page.url).await);
                    if let Some(request) = requests.get(&(who, 1 - tab)).cloned() {
                        requests.insert((who, tab), request);
                    }
                }
                history.push("another way");
            }
            _ => {
                if dice.roll(3) == 0 {
                    // The thief's try: the cookies of one browser in the other's tabs.
                    let page = windows[1 - who].tabs[tab].clone();
                    windows[who].tabs[tab] = page;
                    if let Some(request) = requests.get(&(1 - who, tab)).cloned() {
                        requests.insert((who, tab), request);
                    }
                    history.push("somebody else's tab");
                } else {
                    let page = windows[who].browser.visit("/account/security/confirm").await;
                    assert!(page.status < 500, "{}", page.body);
                    let open = page.url.path() == "/account/security";
                    assert!(!open || windows[who].proved >= 1, "the gate opened for a password");
                    history.push("gate");
                }
            }
        }
        let window = &mut windows[who];
        if let Some((site, request)) = requests.get(&(who, tab))
            && settle(window, tab, site, request).await
        {
            *reached.entry(RUNGS[window.proved]).or_default() += 1;
        }
        if let Some(page) = &windows[who].tabs[tab] {
            assert!(page.status < 500, "{} {}", page.url, page.body);
        }
    }
    assert!(!reached.is_empty(), "something happened: {history:?}");
    println!("{reached:?}");
    assert_eq!(idp.must(&["audit", "verify"]).code, 0);
}
