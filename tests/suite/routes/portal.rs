//! `/portal`: which sites a person opens from here, and why not the others.

use hilum_tests::{Person, Shared, on_every_store};

on_every_store![a_person_sees_what_is_open_to_them_and_why_the_rest_is_not];

async fn a_person_sees_what_is_open_to_them_and_why_the_rest_is_not(idp: Shared) {
    for (user_id, credentia_is_open) in [("practitioner", true), ("unaffiliated", false)] {
        let mut browser = idp.browser();
        let page = browser.visit("/portal").await;
        assert!(page.is_sign_in(), "{}", page.body);
        let page = browser.sign_in(&page, &Person::new(user_id)).await;
        assert_eq!((page.status, page.url.path()), (200, "/portal"), "{}", page.body);
        let (open, closed) =
            page.body.split_once("id=\"portal-closed\"").unwrap_or((&page.body, ""));
        let link = open.contains("href=\"http://localhost:8091/\"");
        assert_eq!(link, credentia_is_open, "{user_id}: {open}");
        let reason = "You are not affiliated with an organization that";
        assert_eq!(closed.contains(reason), !credentia_is_open, "{user_id}: {closed}");
        assert!(!page.body.contains("Exchange gateway"), "a program opens no page");
        assert_eq!(page.header("cache-control"), "no-store");
    }
}
