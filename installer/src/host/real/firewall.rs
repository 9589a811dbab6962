//! firewall-cmd(1) and nft(8), as their manuals describe them.

use serde_json::Value;

use super::Real;
use super::runner::Tool;
use crate::host::firewall::{Firewall, Guard, Open};
use crate::host::{HostError, Machine as _};
use crate::value::{Opening, UnitName};

/// The hooks that what is for this machine passes: nft(8).
const INWARD: [&str; 2] = ["input", "prerouting"];

impl Firewall for Real {
    fn guard(&self) -> Result<Guard, HostError> {
        self.require_running("look at", "the firewall")?;
        let unit = UnitName::try_from("firewalld.service".to_owned());
        let unit = unit.map_err(|why| HostError::because("look at", "firewalld", &why.0))?;
        if self.is_active(&unit)? {
            return Ok(Guard::Firewalld);
        }
        match ruleset()? {
            Some(ruleset) if keeps_out(&ruleset) => Ok(Guard::Rules),
            _ => Ok(Guard::Nobody),
        }
    }

    fn is_open(&self, opening: &Opening) -> Result<Open, HostError> {
        match self.guard()? {
            Guard::Nobody => Ok(Open {
                now: true,
                at_boot: true,
            }),
            Guard::Firewalld => Ok(Open {
                now: asked(opening, &[])?,
                at_boot: asked(opening, &["--permanent"])?,
            }),
            Guard::Rules => {
                let is_open = ruleset()?.is_some_and(|ruleset| lets_in(&ruleset, opening));
                Ok(Open {
                    now: is_open,
                    at_boot: is_open,
                })
            }
        }
    }

    fn set_open_at_boot(&mut self, opening: &Opening, to: bool) -> Result<(), HostError> {
        let option = told(verb(to), opening);
        Tool::FirewallCmd
            .succeed(&["--permanent", &option])
            .map(drop)
    }

    fn set_open_now(&mut self, opening: &Opening, to: bool) -> Result<(), HostError> {
        Tool::FirewallCmd
            .succeed(&[&told(verb(to), opening)])
            .map(drop)
    }
}

fn verb(to: bool) -> &'static str {
    match to {
        true => "add",
        false => "remove",
    }
}

/// firewall-cmd(1): to what is asked with `--query` it ends with 0 for yes, and with 1 for no.
fn asked(opening: &Opening, options: &[&str]) -> Result<bool, HostError> {
    let query = told("query", opening);
    let ran = Tool::FirewallCmd.run(&[options, &[&query]].concat())?;
    match ran.code {
        Some(0) => Ok(true),
        Some(1) => Ok(false),
        _ => Tool::FirewallCmd.judged(ran).map(|_| false),
    }
}

/// In the zone that is the default. A source takes a rich rule: firewalld.richlanguage(5).
fn told(verb: &str, opening: &Opening) -> String {
    let (port, protocol) = (opening.port.0, opening.protocol.name());
    match &opening.source {
        None => format!("--{verb}-port={port}/{protocol}"),
        Some(source) => format!(
            "--{verb}-rich-rule=rule family=\"{}\" source address=\"{}\" port port=\"{port}\" protocol=\"{protocol}\" accept",
            source.family(),
            source.as_str()
        ),
    }
}

/// All rules of nftables, as libnftables-json(5) writes them; none where there is no nft.
fn ruleset() -> Result<Option<Vec<Value>>, HostError> {
    if Tool::Nft.find().is_err() {
        return Ok(None);
    }
    let said = Tool::Nft.succeed(&["--json", "list", "ruleset"])?.said;
    let parsed: Value = serde_json::from_str(&said)
        .map_err(|error| HostError::because("read", "the rules of nft", &error.to_string()))?;
    Ok(Some(
        at(&parsed, "/nftables")
            .as_array()
            .cloned()
            .unwrap_or_default(),
    ))
}

/// Whether anything of what comes in may be dropped: by the policy of a chain for input, or by a rule that is reached from there.
fn keeps_out(ruleset: &[Value]) -> bool {
    let chains = ruleset.iter().filter_map(|entry| entry.get("chain"));
    let mut inward = chains.filter(|chain| INWARD.iter().any(|hook| *at(chain, "/hook") == **hook));
    inward.any(|chain| {
        let rules = reached(ruleset, chain);
        let mut rules = rules.iter();
        *at(chain, "/policy") == "drop"
            || rules.any(|rule| has(rule, "drop") || has(rule, "reject"))
    })
}

/// The rules of a chain, and of those of its table that are jumped to from there.
fn reached<'a>(ruleset: &'a [Value], from: &'a Value) -> Vec<&'a Value> {
    let (family, table) = (at(from, "/family"), at(from, "/table"));
    let mut chains = vec![at(from, "/name")];
    let mut rules = Vec::new();
    let mut next = 0;
    while let Some(chain) = chains.get(next).copied() {
        next += 1;
        for rule in ruleset.iter().filter_map(|entry| entry.get("rule")) {
            let place = [at(rule, "/family"), at(rule, "/table"), at(rule, "/chain")];
            if place != [family, table, chain] {
                continue;
            }
            rules.push(rule);
            for statement in at(rule, "/expr").as_array().into_iter().flatten() {
                let targets = ["/jump/target", "/goto/target"].map(|target| at(statement, target));
                let new = targets.into_iter().filter(|target| target.is_string());
                let new: Vec<&Value> = new.filter(|target| !chains.contains(target)).collect();
                chains.extend(new);
            }
        }
    }
    rules
}

/// Whether a rule accepts what comes to this port and asks for nothing else but, if that is wanted, its source.
fn lets_in(ruleset: &[Value], opening: &Opening) -> bool {
    let mut rules = ruleset.iter().filter_map(|entry| entry.get("rule"));
    rules.any(|rule| {
        let statements = at(rule, "/expr")
            .as_array()
            .map(Vec::as_slice)
            .unwrap_or_default();
        let mut matches = statements.iter().filter_map(|one| one.get("match"));
        has(rule, "accept")
            && matches.clone().any(|one| is_port(one, opening))
            && matches.all(|one| is_port(one, opening) || is_source(one, opening))
    })
}

fn has(rule: &Value, verdict: &str) -> bool {
    let statements = at(rule, "/expr").as_array();
    statements.is_some_and(|all| all.iter().any(|one| one.get(verdict).is_some()))
}

fn is_port(one: &Value, opening: &Opening) -> bool {
    let payload = at(one, "/left/payload");
    let port = Value::from(opening.port.0);
    let right = at(one, "/right");
    let is_in_set = at(right, "/set")
        .as_array()
        .is_some_and(|set| set.contains(&port));
    *at(payload, "/protocol") == opening.protocol.name()
        && *at(payload, "/field") == "dport"
        && *at(one, "/op") == "=="
        && (*right == port || is_in_set)
}

fn is_source(one: &Value, opening: &Opening) -> bool {
    let Some((address, length)) = opening
        .source
        .as_ref()
        .and_then(|source| source.as_str().split_once('/'))
    else {
        return false;
    };
    let prefix = at(one, "/right/prefix");
    let is_same = *at(prefix, "/addr") == address
        && at(prefix, "/len")
            .as_u64()
            .map(|len| len.to_string())
            .as_deref()
            == Some(length);
    *at(one, "/left/payload/field") == "saddr" && *at(one, "/op") == "==" && is_same
}

/// What is there, or null.
fn at<'a>(value: &'a Value, pointer: &str) -> &'a Value {
    value.pointer(pointer).unwrap_or(&Value::Null)
}

#[cfg(test)]
#[allow(clippy::needless_pass_by_value, reason = "json! is written in place")]
mod tests {
    use serde_json::json;

    use super::*;

    fn opening(source: Option<&str>) -> Opening {
        let mut written = json!({"port": "6443"});
        if let Some(source) = source {
            written["source"] = json!(source);
        }
        serde_json::from_value(written).unwrap()
    }

    /// As nft(8) 1.0 writes `table inet filter { chain input { type filter hook input priority 0; policy drop; RULE } }`.
    fn ruleset(policy: &str, expr: Value) -> Vec<Value> {
        let found = json!([
            {"metainfo": {"version": "1.0.6", "json_schema_version": 1}},
            {"table": {"family": "inet", "name": "filter", "handle": 1}},
            {"chain": {"family": "inet", "table": "filter", "name": "input", "handle": 1, "type": "filter", "hook": "input", "prio": 0, "policy": policy}},
            {"rule": {"family": "inet", "table": "filter", "chain": "input", "handle": 2, "expr": expr}},
        ]);
        found.as_array().unwrap().clone()
    }

    fn port(right: Value) -> Value {
        json!({"match": {"op": "==", "left": {"payload": {"protocol": "tcp", "field": "dport"}}, "right": right}})
    }

    #[test]
    fn who_keeps_packets_out_is_found() {
        assert!(keeps_out(&ruleset("drop", json!([{"accept": null}]))));
        assert!(keeps_out(&ruleset(
            "accept",
            json!([{"reject": {"type": "icmpx"}}])
        )));
        assert!(!keeps_out(&ruleset(
            "accept",
            json!([{"counter": {"packets": 0, "bytes": 0}}])
        )));
        assert!(!keeps_out(&[]));
        // What is dropped elsewhere, where packets only pass through, keeps nothing out.
        let mut rules = ruleset("accept", json!([{"jump": {"target": "more"}}]));
        let rule = |chain: &str| json!({"rule": {"family": "inet", "table": "filter", "chain": chain, "handle": 3, "expr": [{"drop": null}]}});
        rules.push(rule("forward"));
        assert!(!keeps_out(&rules));
        rules.push(rule("more"));
        assert!(keeps_out(&rules));
    }

    #[test]
    fn a_rule_that_lets_exactly_this_in_is_found() {
        let accept = json!({"accept": null});
        for right in [json!(6443), json!({"set": [80, 6443]})] {
            let found = ruleset("drop", json!([port(right), accept]));
            assert!(lets_in(&found, &opening(None)));
        }
        let source = json!({"match": {"op": "==", "left": {"payload": {"protocol": "ip", "field": "saddr"}}, "right": {"prefix": {"addr": "10.0.0.0", "len": 8}}}});
        let found = ruleset("drop", json!([source, port(json!(6443)), accept]));
        assert!(lets_in(&found, &opening(Some("10.0.0.0/8"))));
        assert!(
            !lets_in(&found, &opening(None)) && !lets_in(&found, &opening(Some("10.0.0.0/16")))
        );
        let other = ruleset("drop", json!([port(json!(80)), accept]));
        assert!(!lets_in(&other, &opening(None)));
        let dropped = ruleset("accept", json!([port(json!(6443)), {"drop": null}]));
        assert!(!lets_in(&dropped, &opening(None)));
    }

    #[test]
    fn firewalld_is_told_of_a_port_or_by_a_rich_rule() {
        assert_eq!(told("add", &opening(None)), "--add-port=6443/tcp");
        assert_eq!(
            told("query", &opening(Some("fd00::/8"))),
            "--query-rich-rule=rule family=\"ipv6\" source address=\"fd00::/8\" port port=\"6443\" protocol=\"tcp\" accept"
        );
    }
}
