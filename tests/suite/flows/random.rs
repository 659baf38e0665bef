//! People, sites and thieves in any order: what must hold after every step.

use std::collections::BTreeMap;

use hilum_tests::{
    AuthorizeRequest, Browser, Dice, Fresh, Page, Person, Site, TestIdp, Tokens, on_every_store,
};

on_every_store![in_whatever_order_requests_come_nothing_breaks,];

/// What everybody holds, and what is known about it.
#[derive(Default)]
struct World {
    /// Pages that were open in each browser, old tabs included.
    tabs: BTreeMap<usize, Vec<Page>>,
    codes: Vec<(AuthorizeRequest, String, usize)>,
    redeemed: BTreeMap<String, u32>,
    tokens: Vec<(Tokens, usize)>,
    requests: BTreeMap<usize, AuthorizeRequest>,
}

const PEOPLE: [&str; 4] = ["practitioner", "biller", "administrator", "profile"];
const BUTTONS: [&str; 7] = [
    "login-submit",
    "consent-allow",
    "consent-deny",
    "sign-on-cancel",
    "switch-person",
    "logout-confirm",
    "sessions-end-others",
];

/// Takes one step; every answer is looked at.
async fn step(
    idp: &TestIdp,
    dice: &mut Dice,
    browsers: &mut [Browser],
    world: &mut World,
) -> String {
    let sites: Vec<Site> = ["alpha", "one", "all", "poster"].map(|id| idp.site(id)).to_vec();
    let who = dice.roll(browsers.len());
    let site_number = dice.roll(sites.len());
    let site = &sites[site_number];
    let browser = &mut browsers[who];
    match dice.roll(12) {
        0..=2 => {
            let mut request = site.request();
            for (name, value) in [
                ("prompt", "none"),
                ("prompt", "login"),
                ("prompt", "select_account"),
                ("max_age", "0"),
            ] {
                if dice.roll(8) == 0 {
                    request = request.with(name, value);
                }
            }
            let page = browser.open(&request.url()).await;
            world.requests.insert(who, request);
            take(who, page, world, &sites, "begin")
        }
        3..=6 => {
            let tabs = world.tabs.entry(who).or_default().clone();
            let Some(tab) = dice.pick(&tabs) else { return "no tab".into() };
            let buttons: Vec<&str> = BUTTONS.into_iter().filter(|button| tab.has(button)).collect();
            let chooser = tab
                .body
                .split("id=\"affiliation-")
                .nth(1)
                .map(|rest| format!("affiliation-{}", rest.split('"').next().unwrap()));
            let page = match dice.pick(&buttons) {
                Some(&"login-submit") => {
                    let mut person = Person::new(PEOPLE[dice.roll(PEOPLE.len())]);
                    if dice.roll(9) == 0 {
                        person = person.with_password("wrong");
                    }
                    browser.sign_in(tab, &person).await
                }
                Some(_) | None if chooser.is_some() && dice.roll(2) == 0 => {
                    browser.submit(tab, chooser.as_deref().unwrap(), &[]).await
                }
                Some(button) => browser.submit(tab, button, &[]).await,
                None => return "no button".into(),
            };
            take(who, page, world, &sites, "press")
        }
        7 | 8 => {
            let Some((request, code, owner)) = dice.pick(&world.codes).cloned() else {
                return "no code".into();
            };
            let thief = dice.roll(5) == 0;
            let caller = if thief { site } else { &sites[owner] };
            let answer = caller.redeem(&request, &code).await;
            assert!(matches!(answer.status, 200 | 400), "{}", answer.text);
            if answer.status == 200 {
                assert_eq!(caller.client_id, sites[owner].client_id, "a stolen code was good");
                let times = world.redeemed.entry(code).or_default();
                *times += 1;
                assert_eq!(*times, 1, "a code was good twice");
                world.tokens.push((Tokens::of(&answer), owner));
            }
            format!("redeem {}", answer.status)
        }
        9 => {
            let Some((tokens, owner)) = dice.pick(&world.tokens).cloned() else {
                return "no tokens".into();
            };
            let thief = dice.roll(5) == 0;
            let caller = if thief { site } else { &sites[owner] };
            let answer = caller.refresh(tokens.refresh.as_deref().unwrap_or("none")).await;
            assert!(matches!(answer.status, 200 | 400), "{}", answer.text);
            if answer.status == 200 {
                assert_eq!(
                    caller.client_id, sites[owner].client_id,
                    "a stolen refresh token was good"
                );
                world.tokens.push((Tokens::of(&answer), owner));
            }
            format!("refresh {}", answer.status)
        }
        10 => {
            let Some((tokens, owner)) = dice.pick(&world.tokens).cloned() else {
                return "no tokens".into();
            };
            let userinfo = sites[owner].userinfo(&tokens.access).await;
            let active = sites[owner].introspect(&tokens.access).await.body["active"].clone();
            assert!(matches!(userinfo.status, 200 | 401), "{}", userinfo.text);
            assert_eq!(userinfo.status == 200, active == true, "both say the same");
            if dice.roll(4) == 0 {
                assert_eq!(sites[owner].revoke(&tokens.access).await.status, 200);
                assert_eq!(sites[owner].userinfo(&tokens.access).await.status, 401);
            }
            format!("userinfo {}", userinfo.status)
        }
        _ => {
            let path = ["/account", "/sign-out", "/"][dice.roll(3)];
            let page = browser.visit(path).await;
            take(who, page, world, &sites, path)
        }
    }
}

/// Looks at a page and keeps what can be used of it.
fn take(who: usize, page: Page, world: &mut World, sites: &[Site], what: &str) -> String {
    assert!(page.status < 500, "{what}: {} {}", page.status, page.body);
    let said =
        format!("{what} {} {}", page.status, page.url.path().split('/').nth(1).unwrap_or_default());
    if page.location().is_some() {
        let answer = page.answer();
        let site = sites.iter().position(|site| site.redirect_uri == answer.to);
        assert!(site.is_some(), "an answer goes to a registered address: {}", answer.to);
        if let (Some(code), Some(site), Some(request)) =
            (answer.code, site, world.requests.get(&who))
            && answer.state.as_deref() == Some(request.state.as_str())
        {
            world.codes.push((request.clone(), code, site));
        }
    } else {
        let tabs = world.tabs.entry(who).or_default();
        tabs.push(page);
        if tabs.len() > 4 {
            tabs.remove(0);
        }
    }
    said
}

async fn in_whatever_order_requests_come_nothing_breaks(idp: Fresh) {
    let mut dice = Dice::new();
    let mut browsers: Vec<Browser> = (0..4).map(|_| idp.browser()).collect();
    let mut world = World::default();
    let mut history = Vec::new();
    // At least three hundred, and on until some code has been redeemed: dice may take their time.
    while history.len() < 300 || (world.redeemed.is_empty() && history.len() < 5_000) {
        history.push(step(&idp, &mut dice, &mut browsers, &mut world).await);
    }
    assert!(!world.redeemed.is_empty(), "something happened: {history:#?}");
    let verified = idp.cli(&["audit", "verify"]);
    assert_eq!(verified.code, 0, "{verified:?}");
    // Everybody leaves: nothing that was given is good for anything any more.
    for browser in &mut browsers {
        let page = browser.visit("/sign-out").await;
        if page.has("logout-confirm") {
            browser.submit(&page, "logout-confirm", &[]).await;
        }
    }
    let live = idp.database.number(
        "SELECT COUNT(*) AS v FROM site_grant g JOIN session s ON s.id = g.session_id \
         WHERE s.ended_at IS NOT NULL AND g.ended_at IS NULL",
    );
    assert_eq!(live, 0, "a grant outlives its session");
}
