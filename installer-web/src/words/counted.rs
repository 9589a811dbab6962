//! Sentences with numbers or names in them.

pub(super) mod english {
    /// `1 rule fails`
    fn count(number: usize, one: &str, many: &str) -> String {
        format!("{number}\u{a0}{}", if number == 1 { one } else { many })
    }

    pub(in super::super) fn rules_fail(rules: usize) -> String {
        count(rules, "rule fails", "rules fail")
    }

    pub(in super::super) fn rules_undetermined(rules: usize) -> String {
        count(rules, "rule is undetermined", "rules are undetermined")
    }

    pub(in super::super) fn concerns_counted(failing: usize, undetermined: usize) -> String {
        match (failing, undetermined) {
            (_, 0) => format!("{}.", rules_fail(failing)),
            (0, _) => format!("{}.", rules_undetermined(undetermined)),
            _ => format!(
                "{}, {}.",
                rules_fail(failing),
                rules_undetermined(undetermined)
            ),
        }
    }

    pub(in super::super) fn unknowns_counted(unknown: usize) -> String {
        count(
            unknown,
            "thing could not be found out",
            "things could not be found out",
        )
    }

    pub(in super::super) fn and_more(more: usize) -> String {
        format!("and {more} more")
    }

    pub(in super::super) fn threads_online(online: u32, all: u32) -> String {
        match online == all {
            true => format!("{all} logical processors"),
            false => format!("{online} of {all} logical processors online"),
        }
    }

    pub(in super::super) fn memory_used(used: &str, total: &str) -> String {
        format!("{used} of {total} in use")
    }

    pub(in super::super) fn slots_filled(filled: usize, slots: Option<usize>) -> String {
        match slots {
            Some(slots) => format!("{filled} of {slots} slots filled"),
            None => count(filled, "slot filled", "slots filled"),
        }
    }

    pub(in super::super) fn speed_of(now: u64, can: u64) -> String {
        format!("{now} of {can}\u{a0}MT/s")
    }

    pub(in super::super) fn partitions_counted(partitions: usize) -> String {
        count(partitions, "partition", "partitions")
    }

    pub(in super::super) fn too_many_attempts_help(wait_s: u64) -> String {
        format!(
            "Wait {}, then try again.",
            count(
                usize::try_from(wait_s).unwrap_or(usize::MAX),
                "second",
                "seconds"
            )
        )
    }
}

pub(super) mod german {
    fn count(number: usize, one: &str, many: &str) -> String {
        format!("{number}\u{a0}{}", if number == 1 { one } else { many })
    }

    pub(in super::super) fn rules_fail(rules: usize) -> String {
        count(rules, "Regel ist verletzt", "Regeln sind verletzt")
    }

    pub(in super::super) fn rules_undetermined(rules: usize) -> String {
        count(rules, "Regel ist unbestimmt", "Regeln sind unbestimmt")
    }

    pub(in super::super) fn concerns_counted(failing: usize, undetermined: usize) -> String {
        match (failing, undetermined) {
            (_, 0) => format!("{}.", rules_fail(failing)),
            (0, _) => format!("{}.", rules_undetermined(undetermined)),
            _ => format!(
                "{}, {}.",
                rules_fail(failing),
                rules_undetermined(undetermined)
            ),
        }
    }

    pub(in super::super) fn unknowns_counted(unknown: usize) -> String {
        count(
            unknown,
            "Angabe war nicht zu ermitteln",
            "Angaben waren nicht zu ermitteln",
        )
    }

    pub(in super::super) fn and_more(more: usize) -> String {
        format!("und {more} weitere")
    }

    pub(in super::super) fn threads_online(online: u32, all: u32) -> String {
        match online == all {
            true => format!("{all} logische Prozessoren"),
            false => format!("{online} von {all} logischen Prozessoren in Betrieb"),
        }
    }

    pub(in super::super) fn memory_used(used: &str, total: &str) -> String {
        format!("{used} von {total} belegt")
    }

    pub(in super::super) fn slots_filled(filled: usize, slots: Option<usize>) -> String {
        match slots {
            Some(slots) => format!("{filled} von {slots} Steckplätzen belegt"),
            None => count(filled, "Steckplatz belegt", "Steckplätze belegt"),
        }
    }

    pub(in super::super) fn speed_of(now: u64, can: u64) -> String {
        format!("{now} von {can}\u{a0}MT/s")
    }

    pub(in super::super) fn partitions_counted(partitions: usize) -> String {
        count(partitions, "Partition", "Partitionen")
    }

    pub(in super::super) fn too_many_attempts_help(wait_s: u64) -> String {
        format!(
            "Warten Sie {}, dann versuchen Sie es erneut.",
            count(
                usize::try_from(wait_s).unwrap_or(usize::MAX),
                "Sekunde",
                "Sekunden"
            )
        )
    }
}
