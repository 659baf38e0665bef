//! Many people with an app for codes each, since a code is good only once; and a passkey for each
//! connection.

use std::{
    collections::VecDeque,
    fmt::Write as _,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use hilum_tests::{App, SecurityKey};

use crate::{
    Outcome,
    measure::{CONNECTIONS, Step},
    site::{Browser, Ready, Site},
    wire::Wire,
};

/// How many codes a round may use.
pub const OF_A_ROUND: usize = 160;
/// Enough for warming up and for five rounds.
const PEOPLE: usize = 80 + 6 * OF_A_ROUND;
/// The password of the demo, hashed once for all of them.
const HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$rGrEp3RmqMEnAGOa4CgkxQ$\
                    4nQqtVkxHGclsCQsFwtIcPTx7KO/nWGaN3nhgmUXzGU";

/// The people, and who of them has not been there yet.
pub struct Crowd {
    next: AtomicUsize,
    passkeys: Mutex<VecDeque<Passkey>>,
}

/// A passkey that checks its person.
struct Passkey {
    device: SecurityKey,
    /// What it calls the person.
    handle: String,
}

impl Crowd {
    /// Nobody has been there.
    pub fn new() -> Self {
        Self { next: AtomicUsize::new(0), passkeys: Mutex::new(VecDeque::new()) }
    }

    /// What is to be added to the community file of the demo.
    pub fn entries() -> Outcome<String> {
        let mut entries = String::new();
        for number in 0..PEOPLE {
            write!(
                entries,
                "\n[[subscriber]]\nuser_id = \"{}\"\ntotp_seed = \"{}\"\n\
                 given_name = \"Crowd\"\nfamily_name = \"Member\"\npassword_hash = \"{HASH}\"\n\
                 [[subscriber.affiliation]]\norganization = \"org_cedar-falls\"\n\
                 roles = [\"billing-specialist\"]\nsince = 2026-01-01\n",
                user_id(number),
                seed(number),
            )?;
        }
        Ok(entries)
    }

    /// Somebody else each time.
    fn somebody(&self) -> Outcome<usize> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        if number < PEOPLE { Ok(number) } else { Err("nobody is left in the crowd".into()) }
    }

    /// Codes of apps, each in a sign-on that waits for it.
    pub fn codes(&self, site: &Site, wire: &mut Wire, count: usize) -> Outcome<Step> {
        let mut waiting = Vec::new();
        for _ in 0..count {
            let (number, mut browser) = (self.somebody()?, Browser::default());
            let ready = site.to_second_factor(wire, &mut browser, &user_id(number))?;
            waiting.push((browser, ready, App::told(&seed(number))));
        }
        Ok(Box::new(move |wire| {
            let (mut browser, ready, app) = waiting.pop().ok_or("no sign-on is left")?;
            browser.send(wire, &ready, &[("code", &app.code(0))]).map(drop)
        }))
    }

    /// Answers of a passkey, each to the question of a sign-in page.
    pub fn passkeys(&self, site: &Site, wire: &mut Wire, count: usize) -> Outcome<Step> {
        let mut kept = self.passkeys.lock().map_err(|_| "another connection failed")?;
        // A passkey counts its answers, and they must come in this order: one for a connection.
        let mut passkey = match kept.pop_front() {
            Some(passkey) if kept.len() + 1 == CONNECTIONS => passkey,
            spare => {
                kept.extend(spare);
                self.set_up(site, wire)?
            }
        };
        let mut waiting: VecDeque<(Browser, Ready, String, String)> = VecDeque::new();
        for _ in 0..count {
            let mut browser = Browser::default();
            let ready = site.to_sign_in(wire, &mut browser)?.form("/passkey")?;
            let (question, options) = browser.question(wire, &ready)?;
            let answer = passkey.device.answer_for(&options, Some(&passkey.handle));
            waiting.push_back((browser, ready, question, answer));
        }
        kept.push_back(passkey);
        Ok(Box::new(move |wire| {
            let (mut browser, ready, question, answer) =
                waiting.pop_front().ok_or("no question is left")?;
            let fields = [("question", &*question), ("credential", &*answer)];
            browser.send(wire, &ready, &fields).map(drop)
        }))
    }

    /// Somebody sets a passkey up on the account.
    fn set_up(&self, site: &Site, wire: &mut Wire) -> Outcome<Passkey> {
        let (number, mut browser) = (self.somebody()?, Browser::default());
        let ready = site.to_second_factor(wire, &mut browser, &user_id(number))?;
        browser.send(wire, &ready, &[("code", &App::told(&seed(number)).code(0))])?;
        let page = browser.open(wire, "/account/security/passkey")?;
        let ready = page.form("/account/security/passkey")?;
        let (question, options) = browser.question(wire, &ready)?;
        let mut device = SecurityKey::at(&site.issuer(), true);
        let credential = device.register(&options);
        let handle = options.pointer("/user/id").and_then(serde_json::Value::as_str);
        let handle = handle.ok_or("the options name nobody")?.to_owned();
        let fields = [("question", &*question), ("credential", &*credential), ("name", "Bench")];
        browser.send_for_page(wire, &ready, &fields)?;
        Ok(Passkey { device, handle })
    }
}

fn user_id(number: usize) -> String {
    format!("crowd-{number}")
}

/// The number as a text key: its decimal digits as letters.
fn seed(number: usize) -> String {
    let letter = |digit: u8| char::from(digit - b'0' + b'A');
    format!("{number:032}").bytes().map(letter).collect()
}
