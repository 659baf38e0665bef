//! What people hold in their hands: authenticator apps, security keys, and a mailbox.

use aws_lc_rs::hmac;
use serde_json::{Value, json};
use webauthn_authenticator_rs::{
    prelude::{
        CreationChallengeResponse, PublicKeyCredential, RequestChallengeResponse, Url,
        WebauthnAuthenticator as _,
    },
    softpasskey::SoftPasskey,
};

use crate::{
    browser::{Browser, Page, Person},
    claims::now,
    idp::TestIdp,
};

/// An authenticator app (RFC 6238), which knows what the clock of the test's Hilum says.
#[derive(Clone, Debug)]
pub struct App {
    seed: Vec<u8>,
    /// The step whose code set it up.
    pub set_up_in: i64,
    /// How far the clock of Hilum is ahead, in seconds.
    pub offset: i64,
}

impl App {
    /// An app that was told the text key of a page.
    #[must_use]
    pub fn of(page: &Page) -> Self {
        Self::told(&page.text("text-key").unwrap_or_else(|| panic!("no key: {}", page.body)))
    }

    /// An app into which somebody typed this text key.
    #[must_use]
    pub fn told(key: &str) -> Self {
        Self { seed: base32(key), set_up_in: 0, offset: 0 }
    }

    /// The same app when the clock of Hilum is so many seconds ahead.
    #[must_use]
    pub fn when(self, offset: i64) -> Self {
        Self { offset, ..self }
    }

    /// The code of the step that is so many steps away from now.
    #[must_use]
    pub fn code(&self, steps_away: i64) -> String {
        self.code_of(self.step() + steps_away)
    }

    /// The step that is now.
    #[must_use]
    pub fn step(&self) -> i64 {
        (now() + self.offset).div_euclid(30)
    }

    /// The code of a step.
    #[must_use]
    pub fn code_of(&self, step: i64) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &self.seed);
        let tag = hmac::sign(&key, &step.to_be_bytes());
        let tag = tag.as_ref();
        let at = usize::from(tag[19] & 15);
        let number = u32::from_be_bytes([tag[at] & 0x7f, tag[at + 1], tag[at + 2], tag[at + 3]]);
        format!("{:06}", number % 1_000_000)
    }

    /// A code that no step near now has.
    #[must_use]
    pub fn wrong_code(&self) -> String {
        let near: Vec<String> = (-4..=4).map(|away| self.code(away)).collect();
        let mut number = 0;
        loop {
            let code = format!("{number:06}");
            if !near.contains(&code) {
                return code;
            }
            number += 1;
        }
    }
}

fn base32(text: &str) -> Vec<u8> {
    let digits = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).map(|byte| match byte {
        b'A'..=b'Z' => u32::from(byte - b'A'),
        b'2'..=b'7' => u32::from(byte - b'2') + 26,
        _ => panic!("not base 32: {text}"),
    });
    let (mut octets, mut bits, mut count) = (Vec::new(), 0_u32, 0);
    for digit in digits {
        bits = (bits << 5) | digit;
        count += 5;
        if count >= 8 {
            count -= 8;
            octets.push(u8::try_from((bits >> count) & 0xff).expect("an octet"));
        }
    }
    octets
}

/// A security key, or the passkeys of a phone.
pub struct SecurityKey {
    device: SoftPasskey,
    /// What it says of where it is: the page's origin, or somebody's who pretends to be it.
    pub origin: String,
    credential: Option<String>,
}

impl SecurityKey {
    /// One that checks its person by PIN or finger, or only feels a touch.
    #[must_use]
    pub fn new(idp: &TestIdp, verifies_person: bool) -> Self {
        Self::at(&idp.origin, verifies_person)
    }

    /// The same for a page of this origin.
    #[must_use]
    pub fn at(origin: &str, verifies_person: bool) -> Self {
        let device = SoftPasskey::new(verifies_person);
        Self { device, origin: origin.to_owned(), credential: None }
    }

    /// Makes a new passkey; what the page's script would send.
    pub fn register(&mut self, options: &Value) -> String {
        let options: CreationChallengeResponse =
            serde_json::from_value(json!({ "publicKey": options })).expect("options");
        let origin = Url::parse(&self.origin).expect("an origin");
        let made = self.device.do_registration(origin, options).expect("a passkey");
        self.credential = Some(made.id.clone());
        serde_json::to_string(&made).expect("JSON")
    }

    /// Answers a question; what the page's script would send.
    pub fn answer(&mut self, options: &Value) -> String {
        self.answer_for(options, None)
    }

    /// Answers the question of who is there, with the user handle that it was told.
    pub fn answer_for(&mut self, options: &Value, user_handle: Option<&str>) -> String {
        let mut options = options.clone();
        if let (Some(id), Some(true)) =
            (&self.credential, options["allowCredentials"].as_array().map(Vec::is_empty))
        {
            options["allowCredentials"] = json!([{ "type": "public-key", "id": id }]);
        }
        let options: RequestChallengeResponse =
            serde_json::from_value(json!({ "publicKey": options })).expect("options");
        let origin = Url::parse(&self.origin).expect("an origin");
        let answer: PublicKeyCredential =
            self.device.do_authentication(origin, options).expect("an answer");
        let mut answer = serde_json::to_value(&answer).expect("JSON");
        if let Some(handle) = user_handle {
            answer["response"]["userHandle"] = handle.into();
        }
        answer.to_string()
    }
}

impl Browser {
    /// Asks for a question to a passkey, as the page's script does: its name, and the options.
    pub async fn question(&mut self, page: &Page, button: &str) -> (String, Value) {
        let form = page.form(button);
        let path = form.action.clone() + "/options";
        let token = form.value("form_token").expect("a token").to_owned();
        let url = self.url(&path);
        let request = self
            .request(reqwest::Method::POST, &url)
            .header("Sec-Fetch-Site", "same-origin")
            .form(&[("form_token", token)]);
        let answer = self.send(&url, request).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        let body: Value = serde_json::from_str(&answer.body).expect("JSON");
        (body["question"].as_str().expect("a name").to_owned(), body["options"].clone())
    }

    /// Opens the address of a link of a page.
    pub async fn follow_link(&mut self, page: &Page, id: &str) -> Page {
        let (before, _) = page.body.split_once(&format!("id=\"{id}\"")).unwrap_or_else(|| {
            panic!("no link {id} in {} {}\n{}", page.status, page.url, page.body)
        });
        let element = before.rsplit('<').next().unwrap_or_default();
        let (_, after) = page.body.split_once(&format!("id=\"{id}\"")).expect("a link");
        let whole = format!("{element} {}", after.split('>').next().unwrap_or_default());
        let (_, href) = whole.split_once("href=\"").expect("an address");
        let href = href.split('"').next().unwrap_or_default().replace("&amp;", "&");
        self.open(&page.url.join(&href).expect("an address")).await
    }

    /// Opens a page of a console as somebody of the demo community who has an authenticator app.
    pub async fn work_at(&mut self, path: &str, user_id: &str, app: &App) -> Page {
        let page = self.visit(path).await;
        let page = self.sign_in(&page, &Person::new(user_id)).await;
        self.submit(&page, "factor-submit", &[("code", &app.code(0))]).await
    }

    /// Shows that the mailbox is theirs.
    pub async fn confirm_mailbox(&mut self, idp: &TestIdp, page: &Page, address: &str) -> Page {
        let page = self.submit(page, "factor-send", &[]).await;
        let code = idp.mailed_code(address).await;
        self.submit(&page, "factor-submit", &[("code", &code)]).await
    }

    /// Sets an authenticator app up on the page that offers it; gives the app, the recovery codes
    /// and the page after them.
    pub async fn set_up_app(&mut self, page: &Page) -> (App, Vec<String>, Page) {
        let page = if page.has("enrol-app") {
            self.follow_link(page, "enrol-app").await
        } else {
            page.clone()
        };
        let mut app = App::of(&page);
        app.set_up_in = app.step();
        let code = app.code_of(app.set_up_in);
        let page = self.submit(&page, "enrol-submit", &[("code", &code)]).await;
        let codes = recovery_codes(&page);
        assert_eq!(codes.len(), 10, "{} {}", page.status, page.body);
        let next = self.follow_link(&page, "recovery-continue").await;
        (app, codes, next)
    }
}

/// The codes of the page that shows them.
#[must_use]
pub fn recovery_codes(page: &Page) -> Vec<String> {
    let (_, list) = page.body.split_once("id=\"recovery-codes\"").unwrap_or_default();
    let list = list.split("</ul>").next().unwrap_or_default();
    list.split("<code>")
        .skip(1)
        .filter_map(|rest| rest.split("</code>").next())
        .map(str::to_owned)
        .collect()
}

/// Signs a person on to `strong` for the first time: mailbox, app, recovery codes, notice.
pub async fn first_app(
    idp: &TestIdp,
    browser: &mut Browser,
    user_id: &str,
    address: &str,
) -> (App, Vec<String>) {
    let (site, request) = (idp.site("strong"), idp.site("strong").request());
    let page = browser.open(&request.url()).await;
    let page = browser.sign_in(&page, &Person::new(user_id)).await;
    let page = browser.confirm_mailbox(idp, &page, address).await;
    let (app, codes, page) = browser.set_up_app(&page).await;
    let page =
        if page.is_notice() { browser.submit(&page, "consent-allow", &[]).await } else { page };
    // A site that has tokens has been visited: its notice is not shown again.
    let redeemed = site.redeem(&request, &page.answer().code.expect("a code")).await;
    assert_eq!(redeemed.status, 200, "{}", redeemed.text);
    (app, codes)
}
