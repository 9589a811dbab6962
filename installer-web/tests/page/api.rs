//! The API: the same in JSON.

use axum::body::Body;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, IF_NONE_MATCH};
use axum::http::{Method, StatusCode};
use muster_adequacy::Verdict;
use muster_model::Inventory;
use serde_json::{Value, json};

use crate::support::{Answer, Visitor, rich};

async fn begin(visitor: &Visitor, body: &str) -> Answer {
    let request = visitor.request(Method::POST, "/api/v1/session");
    let request = request.header(CONTENT_TYPE, "application/json");
    visitor
        .send(request.body(Body::from(body.to_owned())).unwrap())
        .await
}

async fn ask(visitor: &Visitor, method: Method, path: &str, token: &str) -> Answer {
    let request = visitor.request(method, path);
    let request = request.header(AUTHORIZATION, format!("Bearer {token}"));
    visitor.send(request.body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn a_program_signs_in_reads_and_signs_out() {
    let visitor = Visitor::of(rich());
    let code = visitor.page.sign_in().make_code().unwrap();
    let begun = begin(&visitor, &json!({"code": code.reveal()}).to_string()).await;
    assert_eq!(begun.status, StatusCode::CREATED, "{}", begun.body);
    let begun: Value = serde_json::from_str(&begun.body).unwrap();
    let token = begun["token"].as_str().unwrap();

    let inventory = ask(&visitor, Method::GET, "/api/v1/inventory", token).await;
    let read = Inventory::from_json(inventory.body.as_bytes()).unwrap();
    assert_eq!(read, rich());
    let verdict = ask(&visitor, Method::GET, "/api/v1/verdict?role=worker", token).await;
    let verdict: Verdict = serde_json::from_str(&verdict.body).unwrap();
    assert_eq!(verdict.roles.len(), 1);
    let status = ask(&visitor, Method::GET, "/api/v1/status", token).await;
    assert_eq!(status.body, r#"{"node_id":"5f1c"}"#);
    let policies = ask(&visitor, Method::GET, "/api/v1/policies", token).await;
    assert_eq!(
        policies.body,
        r#"{"policies":["default","worker-production"]}"#
    );

    let ended = ask(&visitor, Method::DELETE, "/api/v1/session", token).await;
    assert_eq!(ended.status, StatusCode::NO_CONTENT);
    let after = ask(&visitor, Method::GET, "/api/v1/inventory", token).await;
    assert_eq!(after.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn what_is_known_already_is_not_sent_again() {
    let visitor = Visitor::inside(rich()).await;
    let first = visitor.get("/api/v1/inventory").await;
    let tag = first.header("etag").to_owned();
    for (known, expected) in [
        (tag.clone(), StatusCode::NOT_MODIFIED),
        (format!("\"other\", W/{tag}"), StatusCode::NOT_MODIFIED),
        ("\"other\"".to_owned(), StatusCode::OK),
    ] {
        let request = visitor.request(Method::GET, "/api/v1/inventory");
        let request = request.header(IF_NONE_MATCH, &known);
        let again = visitor.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(again.status, expected, "{known}");
        assert_eq!(again.body.is_empty(), expected == StatusCode::NOT_MODIFIED);
    }
    let style = visitor.get("/installer/style.css").await;
    assert_eq!(style.header("cache-control"), "no-cache");
    assert!(style.header("etag").len() > 20);
}

#[tokio::test]
async fn problems_are_documents() {
    let visitor = Visitor::inside(rich()).await;
    let stranger = Visitor::of(rich());
    let cases = [
        (
            stranger.get("/api/v1/inventory").await,
            401,
            "not-signed-in",
        ),
        (visitor.get("/api/v1/nothing").await, 404, "not-found"),
        (
            visitor.get("/api/v1/verdict?policy=none").await,
            404,
            "no-policy",
        ),
        (
            visitor.get("/api/v1/verdict?role=king").await,
            400,
            "malformed",
        ),
        (
            begin(&stranger, r#"{"code": "wrong"}"#).await,
            403,
            "wrong-code",
        ),
        (begin(&stranger, "{").await, 400, "malformed"),
        (begin(&stranger, "[]").await, 422, "malformed"),
        (
            ask(&stranger, Method::PUT, "/api/v1/session", "x").await,
            405,
            "method-not-allowed",
        ),
    ];
    for (answer, status, key) in cases {
        assert_eq!(answer.status.as_u16(), status, "{key}: {}", answer.body);
        assert_eq!(
            answer.header("content-type"),
            "application/problem+json",
            "{key}"
        );
        let problem: Value = serde_json::from_str(&answer.body).unwrap();
        assert_eq!(problem["type"], format!("urn:muster:problem:{key}"));
        assert_eq!(problem["status"], status);
        assert!(!problem["title"].as_str().unwrap().is_empty());
        assert!(!problem["detail"].as_str().unwrap().is_empty(), "{key}");
    }
    assert_eq!(
        stranger
            .get("/api/v1/status")
            .await
            .header("www-authenticate"),
        "Bearer"
    );
    let answer = ask(&stranger, Method::PUT, "/api/v1/session", "x").await;
    assert_eq!(answer.header("allow"), "POST,DELETE");
}
