//! Parts of an organization (domain 3.1, 4.1).

use hilum_tests::{Fresh, on_every_store};

use super::{OWN, at_work};

on_every_store![a_part_takes_part_at_once_and_has_no_parts];

async fn a_part_takes_part_at_once_and_has_no_parts(idp: Fresh) {
    let mut browser = at_work(&idp).await;
    let page = browser.visit(&format!("{OWN}/parts")).await;
    assert!(page.has("none"), "{}", page.body);
    let wrong = browser.submit(&page, "part-submit", &[("name", " "), ("npi", "1")]).await;
    assert_eq!((wrong.status, wrong.has("npi-wrong")), (422, true), "{}", wrong.body);
    let page = browser.submit(&page, "part-submit", &[("name", "Cedar Falls Day Clinic")]).await;
    assert!(page.has("done") && page.body.contains("Cedar Falls Day Clinic"), "{}", page.body);
    idp.mail("joan.whitfield@cedar-falls.example", "Your organization has", 0).await;

    // It has a console of its own, for who added it.
    let query = "SELECT id AS v FROM organization WHERE parent_id = 'org_cedar-falls' \
                 AND status = 'active' AND name = 'Cedar Falls Day Clinic'";
    let part = format!("/organization/{}", idp.database.column(query)[0]);
    assert!(page.body.contains(&part), "{}", page.body);
    let page = browser.visit(&part).await;
    assert_eq!((page.status, page.url.path()), (200, &*part), "{}", page.body);
    let page = browser.visit(&format!("{part}/parts")).await;
    assert!(page.has("whole") && !page.has("part-submit"), "{}", page.body);
    let own = browser.visit(&format!("{OWN}/parts")).await.form("part-submit");
    let token = own.value("form_token").unwrap();
    let fields = [("form_token", token), ("name", "Ward 7"), ("npi", "")];
    let forced = browser.post(&idp.url(&format!("{part}/parts")), &fields).await;
    assert_eq!(forced.status, 409, "{}", forced.body);
    let all = "SELECT count(*) AS v FROM organization WHERE parent_id IS NOT NULL \
               AND name IN ('Ward 7', 'Cedar Falls Day Clinic')";
    assert_eq!(idp.database.number(all), 1);
}
