//! What keeps workloads off a node.

use std::fmt;
use std::str::FromStr;

use muster_proto::v1;

const EFFECTS: [&str; 3] = ["NoSchedule", "PreferNoSchedule", "NoExecute"];

/// What keeps workloads off a node, as in Kubernetes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Taint {
    key: String,
    value: String,
    effect: &'static str,
}

impl From<&Taint> for v1::Taint {
    fn from(taint: &Taint) -> Self {
        Self {
            key: taint.key.clone(),
            value: taint.value.clone(),
            effect: taint.effect.to_owned(),
        }
    }
}

impl fmt::Display for Taint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.value.is_empty() {
            true => write!(formatter, "{}:{}", self.key, self.effect),
            false => write!(formatter, "{}={}:{}", self.key, self.value, self.effect),
        }
    }
}

impl FromStr for Taint {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let form =
            || "give a taint as KEY=VALUE:EFFECT, such as dedicated=gpu:NoSchedule".to_owned();
        let (rest, effect) = text.rsplit_once(':').ok_or_else(form)?;
        let (key, value) = rest.split_once('=').unwrap_or((rest, ""));
        let known = EFFECTS.into_iter().find(|known| *known == effect);
        match known {
            None => Err(format!("{effect} is no effect: use {}", EFFECTS.join(", "))),
            Some(_) if key.is_empty() => Err(form()),
            Some(effect) => Ok(Self {
                key: key.to_owned(),
                value: value.to_owned(),
                effect,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn taints_have_a_key_and_an_effect() {
        let taint = |text: &str| text.parse::<Taint>();
        let read = |text: &str| v1::Taint::from(&taint(text).unwrap());
        let gpu = read("dedicated=gpu:NoSchedule");
        assert_eq!((gpu.key, gpu.value), ("dedicated".into(), "gpu".into()));
        assert_eq!(gpu.effect, "NoSchedule");
        assert_eq!(read("a:NoExecute").value, "");
        assert!(taint("a=b").is_err());
        assert!(taint("=b:NoExecute").is_err());
        assert!(taint("a:Never").unwrap_err().contains("PreferNoSchedule"));
    }
}
