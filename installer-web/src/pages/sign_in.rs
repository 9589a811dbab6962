//! Signing in with the code from the console, and out again.

use axum::extract::{Form, State};
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Redirect, Response};
use maud::{Markup, html};

use crate::api::Typed;
use crate::parts;
use crate::problem::Problem;
use crate::session::{self, Origin};
use crate::words::{Reader, Words};
use crate::{Remote, Shared};

/// Asks for the code.
pub(crate) async fn show(
    State(page): State<Shared>,
    Reader(words): Reader,
    headers: HeaderMap,
) -> Response {
    let token = session::carried(&headers);
    if token.is_some_and(|token| page.sign_in().is_open(&token)) {
        return Redirect::to(super::HOME).into_response();
    }
    form(words, None).into_response()
}

/// Opens a session for whoever has the code.
pub(crate) async fn enter(
    State(page): State<Shared>,
    Origin(Remote(from)): Origin,
    Reader(words): Reader,
    headers: HeaderMap,
    Form(typed): Form<Typed>,
) -> Result<Response, Problem> {
    let before = session::kept(&headers);
    let entered = page.sign_in().enter(&typed.code, from, before.as_ref());
    match entered.map_err(Problem::from) {
        Ok(token) => Ok(with_cookie(
            Redirect::to(super::HOME),
            session::keep(&token),
        )),
        Err(problem @ Problem::WrongCode) => {
            Ok((problem.status(), form(words, Some(&problem))).into_response())
        }
        Err(problem) => Err(problem),
    }
}

/// Closes the session.
pub(crate) async fn leave(State(page): State<Shared>, headers: HeaderMap) -> Response {
    if let Some(token) = session::carried(&headers) {
        page.sign_in().leave(&token);
    }
    with_cookie(Redirect::to("/installer/sign-in"), session::forget())
}

fn with_cookie<E>(lead: Redirect, cookie: Result<axum::http::HeaderValue, E>) -> Response {
    match cookie {
        Ok(cookie) => ([(SET_COOKIE, cookie)], lead).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

fn form(words: &Words, problem: Option<&Problem>) -> Markup {
    let told = problem.map(|problem| problem.told(words));
    let main = html! {
        section.card.narrow {
            h1 { (words.sign_in) }
            p { (words.sign_in_help) }
            @if let Some((title, help)) = &told {
                div.alert role="alert" #wrong {
                    (parts::marked(crate::pictures::Mark::Bad, title))
                    p { (help) }
                }
            }
            form method="post" action="/installer/sign-in" {
                label for="code" { (words.code) }
                input.code #code name="code" type="text" required autofocus autocomplete="one-time-code"
                    autocapitalize="characters" spellcheck="false" maxlength="64" placeholder="XXXX-XXXX-XXXX-XXXX"
                    aria-describedby="where" aria-invalid=[told.is_some().then_some("true")]
                    aria-errormessage=[told.is_some().then_some("wrong")];
                button type="submit" { (words.sign_in) }
            }
            div.where #where {
                h2 { (words.where_is_the_code) }
                ul {
                    li { (words.code_on_console) }
                    li { (words.code_in_journal) " " code { "sudo journalctl -u muster-agent -g sign-in" } }
                    li { (words.code_by_command) " " code { "sudo muster page code" } }
                }
            }
        }
    };
    parts::stranger(words, words.sign_in, &main)
}
