//! A machine that is made up, and a visitor of its page.

use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use axum::http::header::{COOKIE, HOST, ORIGIN, SET_COOKIE};
use axum::http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::BodyExt as _;
use muster_adequacy::{Policy, Verdict, judge};
use muster_installer_web::ports::{Controller, NoVerdict, Node, Unknown};
use muster_installer_web::{Hosts, Machine, Page, Remote, router};
use muster_model::Inventory;
use tower::ServiceExt as _;

pub(crate) const POLICIES: [(&str, &str); 2] = [
    (
        "default",
        include_str!("../../../packaging/policies/default.toml"),
    ),
    (
        "worker-production",
        include_str!("../../../packaging/policies/worker-production.toml"),
    ),
];

/// An inventory with the usual policies.
pub(crate) struct Made {
    pub(crate) inventory: Arc<Inventory>,
    pub(crate) node: Node,
    pub(crate) read_again: AtomicUsize,
}

#[async_trait]
impl Machine for Made {
    async fn inventory(&self) -> Result<Arc<Inventory>, Unknown> {
        Ok(Arc::clone(&self.inventory))
    }

    async fn policies(&self) -> Vec<String> {
        POLICIES.map(|(name, _)| name.to_owned()).into()
    }

    async fn judge(&self, policy: &str) -> Result<Verdict, NoVerdict> {
        let known = POLICIES.iter().find(|(name, _)| *name == policy);
        let (_, text) = known.ok_or_else(|| NoVerdict::NoPolicy {
            policy: policy.to_owned(),
        })?;
        Ok(judge(&Policy::parse(text).unwrap(), &self.inventory))
    }

    async fn node(&self) -> Result<Node, Unknown> {
        Ok(self.node.clone())
    }

    fn read_again(&self) {
        self.read_again.fetch_add(1, Ordering::Relaxed);
    }
}

/// Whoever asks, with what a browser keeps.
pub(crate) struct Visitor {
    pub(crate) router: Router,
    pub(crate) page: Arc<Page>,
    pub(crate) machine: Arc<Made>,
    pub(crate) cookie: Option<String>,
    pub(crate) from: IpAddr,
}

/// What was answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }
}

pub(crate) fn rich() -> Inventory {
    of_file("tests/golden/rich.json")
}

pub(crate) fn of_file(path: &str) -> Inventory {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    Inventory::from_json(&std::fs::read(root.join(path)).unwrap()).unwrap()
}

pub(crate) fn node() -> Node {
    Node {
        document: serde_json::json!({"node_id": "5f1c"}),
        id: Some("5f1c0a7e9d2b4c6f8a3e1d5b7c9f0a2e".to_owned()),
        summary: Some("connected to c1.example:7443".to_owned()),
        status: Some("active".to_owned()),
        role: Some("worker".to_owned()),
        run_workloads: Some(true),
        certificate_until: Some("2026-03-21T09:00:00Z".to_owned()),
        controllers: vec![
            Controller {
                address: "c1.example:7443".to_owned(),
                connected: Some(true),
                round_trip: Some(Duration::from_micros(1840)),
                heartbeats: Some(1284),
                lease_left: Some(Duration::from_secs(27)),
                error: None,
            },
            Controller {
                address: "c2.example:7443".to_owned(),
                connected: Some(false),
                error: Some("connection refused".to_owned()),
                ..Controller::default()
            },
        ],
    }
}

impl Visitor {
    /// Of the page of the machine with that inventory.
    pub(crate) fn of(inventory: Inventory) -> Self {
        let machine = Arc::new(Made {
            inventory: Arc::new(inventory),
            node: node(),
            read_again: AtomicUsize::new(0),
        });
        let hosts = Hosts::new(["node17".to_owned()]);
        let page = Arc::new(Page::new(Arc::clone(&machine) as _, hosts));
        Self {
            router: router(Arc::clone(&page)),
            page,
            machine,
            cookie: None,
            from: IpAddr::from([192, 0, 2, 1]),
        }
    }

    /// The same, signed in.
    pub(crate) async fn inside(inventory: Inventory) -> Self {
        let mut visitor = Self::of(inventory);
        let code = visitor.page.sign_in().make_code().unwrap();
        let answer = visitor.sign_in(code.reveal()).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
        visitor
    }

    /// Takes the cookie that is given, as a browser does.
    pub(crate) async fn sign_in(&mut self, code: &str) -> Answer {
        let answer = self
            .post("/installer/sign-in", &format!("code={code}"))
            .await;
        if let Some(cookie) = answer.headers.get(SET_COOKIE) {
            let pair = cookie.to_str().unwrap().split(';').next().unwrap();
            self.cookie = Some(pair.to_owned());
        }
        answer
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path).body(Body::empty()).unwrap())
            .await
    }

    /// A form as a browser sends it.
    pub(crate) async fn post(&self, path: &str, form: &str) -> Answer {
        let request = self.request(Method::POST, path);
        let request = request
            .header(ORIGIN, "https://node17")
            .header("sec-fetch-site", "same-origin")
            .header("content-type", "application/x-www-form-urlencoded");
        self.send(request.body(Body::from(form.to_owned())).unwrap())
            .await
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> axum::http::request::Builder {
        let request = Request::builder().method(method).uri(path);
        let request = request.header(HOST, "node17").extension(Remote(self.from));
        match &self.cookie {
            Some(cookie) => request.header(COOKIE, cookie),
            None => request,
        }
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: String::from_utf8(body.into()).unwrap(),
        }
    }
}
