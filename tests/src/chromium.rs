//! Chromium, driven through chromedriver, and what axe-core says of a page.

use std::{env, fs, time::Duration};

use fantoccini::{Client, ClientBuilder, Locator, key::Key, wd::WebDriverCompatibleCommand};
use hyper_util::client::legacy::connect::HttpConnector;
use reqwest::Method;
use serde_json::{Map, Value, json};
use url::Url;

use crate::runtime::eventually;

/// Rules of WCAG 2.0 to 2.2, level A and AA.
const WCAG: [&str; 5] = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];

/// A browser window with a fresh profile.
pub struct Chromium {
    /// The session with chromedriver.
    pub client: Client,
}

impl Chromium {
    /// Whether there is one here.
    #[must_use]
    pub fn is_available() -> bool {
        env::var_os("HILUM_TEST_WEBDRIVER").is_some()
    }

    /// Opens a window, with scripts in the pages or without.
    pub async fn open(scripts: bool) -> Self {
        let mut options = json!({ "args": [
            "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync",
            "--window-size=1200,900",
        ] });
        if !scripts {
            options["prefs"] = json!({ "profile.managed_default_content_settings.javascript": 2 });
        }
        let mut capabilities = Map::new();
        capabilities.insert("goog:chromeOptions".to_owned(), options);
        let driver = env::var("HILUM_TEST_WEBDRIVER").expect("HILUM_TEST_WEBDRIVER is set");
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities)
            .connect(&driver)
            .await
            .expect("chromedriver opens a window");
        let this = Self { client };
        this.go("data:text/html,<title>off</title><script>document.title='on'</script>").await;
        let title = this.client.title().await.expect("a title");
        assert_eq!(title == "on", scripts, "scripts run in pages, or they do not: {title}");
        this
    }

    /// Gives the window a passkey device that checks its person and always finds them there
    /// (`WebAuthn` Level 3 §11.3).
    pub async fn add_passkey_device(&self) {
        self.client.issue_cmd(AddDevice).await.expect("a virtual authenticator");
    }

    /// Forgets every cookie of the site that is shown.
    pub async fn forget_cookies(&self) {
        self.client.delete_all_cookies().await.expect("cookies go");
    }

    /// Closes the window.
    pub async fn close(self) {
        self.client.close().await.expect("the window closes");
    }

    /// Goes to an address.
    pub async fn go(&self, address: &str) {
        self.client.goto(address).await.expect(address);
    }

    /// Waits until the address begins like this.
    pub async fn arrive(&self, address: &str) {
        eventually(address, || async { self.address().await.starts_with(address).then_some(()) })
            .await;
        self.wait("main").await;
    }

    /// Waits for an element.
    pub async fn wait(&self, css: &str) -> fantoccini::elements::Element {
        let waiting = self.client.wait().at_most(Duration::from_secs(30));
        match waiting.for_element(Locator::Css(css)).await {
            Ok(element) => element,
            Err(error) => {
                let address = self.client.current_url().await.map(String::from);
                let source = self.client.source().await.unwrap_or_default();
                panic!("{css} never came at {address:?}: {error}\n{source}");
            }
        }
    }

    /// Waits for an element and clicks on it.
    pub async fn click(&self, css: &str) {
        self.wait(css).await.click().await.expect(css);
    }

    /// Waits for a field and types into it.
    pub async fn type_into(&self, css: &str, text: &str) {
        self.wait(css).await.send_keys(text).await.expect(css);
    }

    /// Presses keys where the focus is.
    pub async fn press(&self, text: &str) {
        let focused = self.client.active_element().await.expect("something has the focus");
        focused.send_keys(text).await.expect("keys");
    }

    /// Presses Tab until the element with this `id` has the focus, as a person without a mouse.
    pub async fn tab_to(&self, id: &str) {
        for _ in 0..40 {
            let focused = self.client.active_element().await.expect("something has the focus");
            if focused.attr("id").await.ok().flatten().as_deref() == Some(id) {
                return;
            }
            focused.send_keys(&Key::Tab.to_string()).await.expect("a key");
        }
        panic!("{id} cannot be reached by the Tab key");
    }

    /// The text of the page.
    pub async fn text(&self) -> String {
        self.wait("body").await.text().await.expect("a text")
    }

    /// Where it is.
    pub async fn address(&self) -> String {
        self.client.current_url().await.expect("an address").into()
    }

    /// Takes a picture of the page at the width of a telephone and of a desktop, where
    /// `HILUM_TEST_PICTURES` names a folder for them.
    pub async fn picture(&self, name: &str) {
        let Some(folder) = env::var_os("HILUM_TEST_PICTURES") else { return };
        for (width, height) in [(390, 844), (1280, 900)] {
            self.client.set_window_size(width, height).await.expect("a size");
            let picture = self.client.screenshot().await.expect("a picture");
            let file = std::path::Path::new(&folder).join(format!("{name}-{width}.png"));
            fs::write(file, picture).expect("a folder for pictures");
        }
        self.client.set_window_size(1200, 900).await.expect("a size");
    }

    /// Expects that the page has no fault that axe-core can find.
    ///
    /// The script goes in by the debugger's door, so the page's policy against foreign scripts
    /// stays as it is.
    pub async fn is_accessible(&self, page: &str) {
        let Ok(path) = env::var("HILUM_TEST_AXE") else { return };
        let axe = fs::read_to_string(path).expect("axe.min.js");
        self.client.execute(&axe, Vec::new()).await.expect("axe loads");
        let check = "const done = arguments[arguments.length - 1]; \
             axe.run({ runOnly: arguments[0] }).then( \
               found => done(found.violations.map(v => v.id + ': ' + v.nodes.map(n => n.html))), \
               error => done(['axe failed: ' + error]));";
        let found = self.client.execute_async(check, vec![json!(WCAG)]).await.expect("axe runs");
        assert_eq!(found, Value::Array(Vec::new()), "{page}");
    }
}

/// `POST /session/{id}/webauthn/authenticator`.
#[derive(Debug)]
struct AddDevice;

impl WebDriverCompatibleCommand for AddDevice {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, url::ParseError> {
        base.join(&format!("session/{}/webauthn/authenticator", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        let device = json!({
            "protocol": "ctap2", "transport": "internal", "hasResidentKey": true,
            "hasUserVerification": true, "isUserVerified": true, "isUserConsenting": true,
        });
        (Method::POST, Some(device.to_string()))
    }
}
