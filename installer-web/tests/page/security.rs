//! What other pages, other names and odd requests come to.

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, HOST, ORIGIN};
use axum::http::{Method, Request, StatusCode};
use muster_installer_web::Remote;

use crate::support::{Answer, Visitor, rich};

/// A form from elsewhere, or so it looks.
async fn form(visitor: &Visitor, headers: &[(&str, &str)]) -> Answer {
    let mut request = visitor.request(Method::POST, "/installer/read-again");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let kind = "application/x-www-form-urlencoded";
    visitor
        .send(
            request
                .header(CONTENT_TYPE, kind)
                .body(Body::empty())
                .unwrap(),
        )
        .await
}

#[tokio::test]
async fn a_name_that_somebody_else_leads_here_is_not_answered() {
    let visitor = Visitor::inside(rich()).await;
    let cookie = visitor.cookie.clone().unwrap();
    for host in ["evil.example", "node17.evil.example", "node17:443:1", ""] {
        for path in [
            "/installer",
            "/installer/sign-in",
            "/installer/style.css",
            "/api/v1/inventory",
        ] {
            let request = Request::get(path)
                .header(HOST, host)
                .header("cookie", &cookie)
                .extension(Remote(visitor.from));
            let answer = visitor.send(request.body(Body::empty()).unwrap()).await;
            assert_eq!(
                answer.status,
                StatusCode::MISDIRECTED_REQUEST,
                "{host} {path}"
            );
            assert!(!answer.body.contains("Rackmaster"), "{host} {path}");
        }
    }
    let without = Request::get("/installer").header("cookie", &cookie);
    let answer = visitor.send(without.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.status, StatusCode::MISDIRECTED_REQUEST);
    let twice = visitor
        .request(Method::GET, "/installer")
        .header(HOST, "node17");
    let answer = visitor.send(twice.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.status, StatusCode::MISDIRECTED_REQUEST);
}

#[tokio::test]
async fn forms_of_other_pages_do_nothing() {
    let visitor = Visitor::inside(rich()).await;
    let here = ("origin", "https://node17");
    let refused: [&[(&str, &str)]; 8] = [
        &[],
        &[("origin", "https://evil.example")],
        &[("origin", "null")],
        &[("origin", "http://node17")],
        &[("origin", "https://node17.evil.example")],
        &[("sec-fetch-site", "same-origin")],
        &[here, ("sec-fetch-site", "cross-site")],
        &[here, ("sec-fetch-site", "same-site")],
    ];
    for headers in refused {
        let answer = form(&visitor, headers).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{headers:?}");
    }
    let count = || {
        visitor
            .machine
            .read_again
            .load(std::sync::atomic::Ordering::Relaxed)
    };
    assert_eq!(count(), 0);
    for headers in [&[here][..], &[here, ("sec-fetch-site", "same-origin")]] {
        let answer = form(&visitor, headers).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{headers:?}");
    }
    assert_eq!(count(), 2);
}

#[tokio::test]
async fn a_cookie_does_nothing_in_the_api_that_another_page_could_have_sent() {
    let visitor = Visitor::inside(rich()).await;
    let request = visitor.request(Method::DELETE, "/api/v1/session");
    let answer = visitor.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert_eq!(visitor.get("/installer").await.status, StatusCode::OK);
}

#[tokio::test]
async fn every_answer_is_hardened() {
    let visitor = Visitor::inside(rich()).await;
    let stranger = Visitor::of(rich());
    let mut answers = Vec::new();
    for path in [
        "/installer",
        "/installer/inventory.json",
        "/api/v1/verdict",
        "/nowhere",
    ] {
        answers.push(visitor.get(path).await);
        answers.push(stranger.get(path).await);
    }
    let misled = Request::get("/installer").header(HOST, "evil.example");
    answers.push(visitor.send(misled.body(Body::empty()).unwrap()).await);
    answers.push(form(&visitor, &[]).await);
    for answer in answers {
        let policy = answer.header("content-security-policy");
        for part in [
            "default-src 'none'",
            "frame-ancestors 'none'",
            "form-action 'self'",
            "base-uri 'none'",
        ] {
            assert!(policy.contains(part), "{policy}");
        }
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("x-frame-options"), "DENY");
        assert_eq!(answer.header("referrer-policy"), "same-origin");
        assert_eq!(answer.header("cache-control"), "no-store");
    }
}

#[tokio::test]
async fn what_is_too_long_or_not_understood_is_refused() {
    let visitor = Visitor::inside(rich()).await;
    let long = format!("code={}", "A".repeat(17 << 10));
    let answer = visitor.post("/installer/sign-in", &long).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert!(answer.body.contains("<!DOCTYPE html>"), "{}", answer.body);
    let request = visitor.request(Method::POST, "/installer/sign-in");
    let request = request
        .header(ORIGIN, "https://node17")
        .header(CONTENT_TYPE, "text/plain");
    let answer = visitor
        .send(request.body(Body::from("code=a")).unwrap())
        .await;
    assert_eq!(answer.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    for path in [
        "/installer/adequacy?role=king",
        "/installer/adequacy?policy=../../etc/shadow",
        "/installer/../etc/passwd",
        "/installer/%2e%2e/%2e%2e/etc/passwd",
        "/installer/style.css/..",
        "/api/v1/verdict?policy=%00",
    ] {
        let answer = visitor.get(path).await;
        assert!(answer.status.is_client_error(), "{path}: {}", answer.status);
    }
    for method in ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND"] {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let request = visitor.request(method.clone(), "/installer");
        let request = request.header(ORIGIN, "https://node17");
        let answer = visitor.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED, "{method}");
    }
}

#[tokio::test]
async fn plain_http_only_leads_here() {
    let hosts = muster_installer_web::Hosts::new(["node17".to_owned()]);
    let visitor = Visitor {
        router: muster_installer_web::redirect(hosts, 8443),
        ..Visitor::of(rich())
    };
    let led = visitor.get("/installer?a=b").await;
    assert_eq!(led.status, StatusCode::PERMANENT_REDIRECT);
    assert_eq!(led.header("location"), "https://node17:8443/installer?a=b");
    assert_eq!(led.body, "");
    for (host, path) in [("evil.example", "/installer"), ("", "/")] {
        let request = Request::get(path).header(HOST, host);
        let answer = visitor.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status, StatusCode::MISDIRECTED_REQUEST);
    }
    let request = visitor.request(Method::GET, "http://evil.example/a");
    let answer = visitor.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.header("location"), "https://node17:8443/a");
}

#[tokio::test]
async fn nobody_is_led_elsewhere_after_a_form() {
    let visitor = Visitor::inside(rich()).await;
    for (referer, expected) in [
        (
            "https://node17/installer/adequacy?policy=default",
            "/installer/adequacy?policy=default",
        ),
        ("https://node17//evil.example/installer", "/installer"),
        ("https://evil.example", "/installer"),
        ("//evil.example/installer", "/installer"),
    ] {
        let headers = [("origin", "https://node17"), ("referer", referer)];
        let answer = form(&visitor, &headers).await;
        assert_eq!(answer.header("location"), expected, "{referer}");
    }
}
