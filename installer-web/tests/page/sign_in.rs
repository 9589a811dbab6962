//! Who comes in, for how long, and who does not.

use std::net::IpAddr;
use std::time::Duration;

use axum::http::StatusCode;
use axum::http::header::SET_COOKIE;

use crate::support::{Visitor, rich};

const PAGES: [&str; 5] = [
    "/installer",
    "/installer/hardware",
    "/installer/inventory.json",
    "/installer/adequacy",
    "/installer/node",
];

#[tokio::test]
async fn nothing_is_told_to_who_is_not_signed_in() {
    let visitor = Visitor::of(rich());
    for page in PAGES {
        let answer = visitor.get(page).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{page}");
        assert_eq!(answer.header("location"), "/installer/sign-in");
        assert!(!answer.body.contains("node17"), "{page}");
    }
    let form = visitor.get("/installer/sign-in").await;
    assert_eq!(form.status, StatusCode::OK);
    assert!(!form.body.contains("node17"), "{}", form.body);
    let done = visitor.post("/installer/read-again", "").await;
    assert_eq!(done.status, StatusCode::SEE_OTHER);
    let read = visitor
        .machine
        .read_again
        .load(std::sync::atomic::Ordering::Relaxed);
    assert_eq!(read, 0, "a stranger had the machine read");
}

#[tokio::test]
async fn a_code_opens_one_session_and_no_second() {
    let mut visitor = Visitor::of(rich());
    let code = visitor.page.sign_in().make_code().unwrap();
    let entered = visitor.sign_in(code.reveal()).await;
    assert_eq!(entered.header("location"), "/installer");
    let cookie = entered.header("set-cookie").to_owned();
    assert!(cookie.starts_with("__Host-muster="), "{cookie}");
    for attribute in ["; Path=/", "; Secure", "; HttpOnly", "; SameSite=Strict"] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
    assert!(!cookie.contains("Domain"), "{cookie}");
    assert_eq!(visitor.get("/installer").await.status, StatusCode::OK);
    visitor.cookie = None;
    let again = visitor.sign_in(code.reveal()).await;
    assert_eq!(again.status, StatusCode::FORBIDDEN);
    assert_eq!(again.headers.get(SET_COOKIE), None);
    assert!(again.body.contains("This is not the code"));
}

#[tokio::test(start_paused = true)]
async fn a_code_expires_and_a_newer_one_replaces_it() {
    let mut visitor = Visitor::of(rich());
    let code = visitor.page.sign_in().make_code().unwrap();
    tokio::time::advance(muster_installer_web::CODE_LASTS).await;
    assert_eq!(
        visitor.sign_in(code.reveal()).await.status,
        StatusCode::FORBIDDEN
    );
    let older = visitor.page.sign_in().make_code().unwrap();
    let newer = visitor.page.sign_in().make_code().unwrap();
    assert_eq!(
        visitor.sign_in(older.reveal()).await.status,
        StatusCode::FORBIDDEN
    );
    assert_eq!(
        visitor.sign_in(newer.reveal()).await.status,
        StatusCode::SEE_OTHER
    );
}

#[tokio::test(start_paused = true)]
async fn whoever_shows_the_code_hears_when_it_is_no_good_any_more() {
    let mut visitor = Visitor::of(rich());
    let code = visitor.page.sign_in().make_code().unwrap();
    let page = std::sync::Arc::clone(&visitor.page);
    let waiting = tokio::spawn(async move { page.sign_in().no_code_left().await });
    tokio::task::yield_now().await;
    assert!(!waiting.is_finished());
    visitor.sign_in(code.reveal()).await;
    waiting.await.unwrap();
    let _unused = visitor.page.sign_in().make_code().unwrap();
    // Time is made up: it goes on when everybody waits.
    visitor.page.sign_in().no_code_left().await;
}

#[tokio::test]
async fn a_code_is_not_taken_from_an_address() {
    let visitor = Visitor::of(rich());
    let code = visitor.page.sign_in().make_code().unwrap();
    let path = format!("/installer/sign-in?code={}", code.reveal());
    let answer = visitor.get(&path).await;
    assert_eq!(answer.headers.get(SET_COOKIE), None);
    let answer = visitor.post(&path, "").await;
    assert!(answer.status.is_client_error(), "{}", answer.status);
}

#[tokio::test(start_paused = true)]
async fn guessing_is_slowed_down_and_leaves_room_for_others() {
    let mut visitor = Visitor::of(rich());
    let code = visitor.page.sign_in().make_code().unwrap();
    let mut refused = 0;
    for guess in 0..100 {
        let answer = visitor.sign_in(&format!("{guess:016}")).await;
        refused += usize::from(answer.status == StatusCode::TOO_MANY_REQUESTS);
    }
    assert_eq!(refused, 94);
    let right = visitor.sign_in(code.reveal()).await;
    assert_eq!(right.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(right.header("retry-after").parse::<u64>().unwrap() > 0);
    visitor.from = IpAddr::from([192, 0, 2, 2]);
    assert_eq!(
        visitor.sign_in(code.reveal()).await.status,
        StatusCode::SEE_OTHER
    );
}

#[tokio::test]
async fn a_session_that_was_brought_along_is_not_the_one_that_opens() {
    let mut visitor = Visitor::of(rich());
    visitor.cookie = Some("__Host-muster=chosen-by-somebody-else".to_owned());
    let code = visitor.page.sign_in().make_code().unwrap();
    visitor.sign_in(code.reveal()).await;
    let mine = visitor.cookie.clone().unwrap();
    assert_ne!(mine, "__Host-muster=chosen-by-somebody-else");
    // Who signs in anew leaves the session from before.
    let code = visitor.page.sign_in().make_code().unwrap();
    visitor.sign_in(code.reveal()).await;
    assert_ne!(visitor.cookie.as_ref(), Some(&mine));
    visitor.cookie = Some(mine);
    assert_eq!(
        visitor.get("/installer").await.status,
        StatusCode::SEE_OTHER
    );
}

#[tokio::test]
async fn a_cookie_that_was_stolen_is_worth_nothing_after_signing_out() {
    let visitor = Visitor::inside(rich()).await;
    assert_eq!(visitor.get("/installer").await.status, StatusCode::OK);
    let left = visitor.post("/installer/sign-out", "").await;
    assert!(left.header("set-cookie").contains("Max-Age=0"));
    assert_eq!(
        visitor.get("/installer").await.status,
        StatusCode::SEE_OTHER
    );
}

#[tokio::test(start_paused = true)]
async fn a_session_ends_when_nobody_uses_it() {
    let visitor = Visitor::inside(rich()).await;
    tokio::time::advance(Duration::from_mins(29)).await;
    assert_eq!(visitor.get("/installer").await.status, StatusCode::OK);
    tokio::time::advance(Duration::from_mins(31)).await;
    assert_eq!(
        visitor.get("/installer").await.status,
        StatusCode::SEE_OTHER
    );
}
