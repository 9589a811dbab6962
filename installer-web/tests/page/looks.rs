//! Pages as they are, word for word.

use axum::body::Body;
use axum::http::Method;
use axum::http::header::ACCEPT_LANGUAGE;

use crate::support::{Visitor, of_file, rich};

/// A line an element, for whoever reads differences.
fn lines(page: &str) -> String {
    page.replace("><", ">\n<")
}

#[tokio::test]
async fn goldens() {
    let visitor = Visitor::inside(rich()).await;
    for (name, path) in [
        ("overview", "/installer"),
        ("hardware", "/installer/hardware"),
        (
            "adequacy",
            "/installer/adequacy?policy=worker-production&role=worker",
        ),
        ("node", "/installer/node"),
        ("nowhere", "/installer/nowhere"),
    ] {
        let answer = visitor.get(path).await;
        insta::assert_snapshot!(name, lines(&answer.body));
    }
    let stranger = Visitor::of(rich());
    let form = stranger.get("/installer/sign-in").await;
    insta::assert_snapshot!("sign-in", lines(&form.body));
}

#[tokio::test]
async fn every_gap_leads_to_its_reason() {
    for file in [
        "tests/golden/rich.json",
        "tests/fixtures/small-vm-as-nobody.json",
        "tests/fixtures/systemd-nspawn.json",
        "tests/fixtures/emulated-metal.json",
    ] {
        let visitor = Visitor::inside(of_file(file)).await;
        let page = visitor.get("/installer/hardware").await.body;
        let ids: Vec<&str> = page
            .split("id=\"")
            .skip(1)
            .filter_map(|rest| rest.split('"').next())
            .collect();
        let links: Vec<&str> = page
            .split("href=\"#")
            .skip(1)
            .filter_map(|rest| rest.split('"').next())
            .collect();
        assert!(links.len() > 8, "{file}");
        for link in links {
            assert!(ids.contains(&link), "{file}: nothing has the id {link}");
        }
        let mut once = ids.clone();
        once.sort_unstable();
        once.dedup();
        assert_eq!(once.len(), ids.len(), "{file}: an id is there twice");
        for warning in of_file(file).warnings {
            let message = warning.message.replace('&', "&amp;").replace('"', "&quot;");
            assert!(page.contains(&message), "{file}: {message}");
        }
    }
}

#[tokio::test]
async fn german_is_spoken() {
    let visitor = Visitor::inside(rich()).await;
    let request = visitor.request(Method::GET, "/installer");
    let request = request.header(ACCEPT_LANGUAGE, "de-DE,de;q=0.9,en;q=0.7");
    let page = visitor
        .send(request.body(Body::empty()).unwrap())
        .await
        .body;
    assert!(page.contains("<html lang=\"de\">"));
    assert!(
        page.contains("ist nicht geeignet als") || page.contains("ist geeignet als"),
        "{page}"
    );
}

#[tokio::test]
async fn the_first_page_is_small() {
    let visitor = Visitor::inside(rich()).await;
    let page = visitor.get("/installer").await.body;
    let style = visitor.get("/installer/style.css").await.body;
    // Without compression even.
    assert!(
        page.len() + style.len() < 60 << 10,
        "{} + {}",
        page.len(),
        style.len()
    );
    assert!(!page.contains("<script"));
    assert!(!page.contains("style="));
}
