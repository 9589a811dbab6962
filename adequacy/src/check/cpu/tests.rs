use serde_json::{Value, json};

use crate::check::Outcome::{Fail, Pass, Undetermined};
use crate::check::testing::{hold, judged};

const V1: &[&str] = &[
    "cmov", "cx8", "fpu", "fxsr", "lm", "mmx", "sse", "sse2", "syscall",
];
const V2: &[&str] = &[
    "cx16", "lahf_lm", "pni", "popcnt", "sse4_1", "sse4_2", "ssse3",
];
const V3: &[&str] = &[
    "abm", "avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "movbe", "xsave",
];
const V4: &[&str] = &["avx512bw", "avx512cd", "avx512dq", "avx512f", "avx512vl"];

fn x86(flags: &[&[&str]]) -> Value {
    json!({"cpu": {"architecture": "x86_64", "flags": (flags.concat())}})
}

fn vulnerable(texts: &Value) -> Value {
    json!({"cpu": {"vulnerabilities": texts}})
}

#[test]
fn architecture() {
    let of = |name: &str| json!({"cpu": {"architecture": name}});
    let both = r#"{ one_of = ["x86_64", "aarch64"] }"#;
    hold(
        "cpu_architecture",
        &[
            (both, of("aarch64"), Pass, Some("aarch64")),
            (both, of("riscv64"), Fail, Some("riscv64")),
            (both, json!({"cpu": {}}), Undetermined, None),
            (both, json!({}), Undetermined, None),
        ],
    );
}

#[test]
fn counts() {
    for (name, field) in [("cpu_cores", "cores"), ("cpu_threads", "online_threads")] {
        let of = |count: u32| json!({"cpu": {field: count}});
        hold(
            name,
            &[
                ("{ at_least = 4 }", of(4), Pass, Some("4")),
                ("{ at_least = 4 }", of(3), Fail, Some("3")),
                ("{ at_least = 4 }", json!({"cpu": {}}), Undetermined, None),
                ("{ at_least = 4 }", json!({}), Undetermined, None),
            ],
        );
    }
}

#[test]
fn threads_that_are_offline_do_not_count() {
    let sections = json!({"cpu": {"threads": 20, "online_threads": 17}});
    let finding = judged("cpu_threads", "{ at_least = 18 }", sections);
    assert_eq!(
        (finding.outcome, finding.actual.as_deref()),
        (Fail, Some("17"))
    );
}

#[test]
fn flags() {
    let wanted = r#"{ all_of = ["avx2", "aes", "pni"] }"#;
    let of = |flags: &[&str]| json!({"cpu": {"flags": flags}});
    hold(
        "cpu_flags",
        &[
            (
                wanted,
                of(&["aes", "avx2", "fpu", "pni"]),
                Pass,
                Some("aes, avx2, pni"),
            ),
            (wanted, of(&["aes"]), Fail, Some("not avx2, pni")),
            (wanted, of(&[]), Undetermined, None),
            (wanted, json!({}), Undetermined, None),
        ],
    );
}

#[test]
fn level() {
    let least = |level: u8| format!(r#"{{ at_least = "x86-64-v{level}" }}"#);
    let (v1, v2, v3, v4) = (least(1), least(2), least(3), least(4));
    let nearly_v3: Vec<&str> = V3.iter().copied().filter(|flag| *flag != "abm").collect();
    let no_flags = json!({"cpu": {"architecture": "x86_64"}});
    let no_architecture = json!({"cpu": {"flags": V1}});
    let arm = json!({"cpu": {"architecture": "aarch64", "flags": ["asimd"]}});
    let narrow = json!({"cpu": {"architecture": "i686", "flags": ([V1, V2].concat())}});
    hold(
        "cpu_level",
        &[
            (&v1, x86(&[V1]), Pass, Some("x86-64-v1")),
            (&v2, x86(&[V1]), Fail, Some("x86-64-v1")),
            (&v2, x86(&[V1, V2]), Pass, Some("x86-64-v2")),
            (&v2, x86(&[V1, V2, V3]), Pass, Some("x86-64-v3")),
            (&v3, x86(&[V1, V2, &nearly_v3]), Fail, Some("x86-64-v2")),
            // Features of a higher level do not make up for one that lacks.
            (&v4, x86(&[V1, V2, &nearly_v3, V4]), Fail, Some("x86-64-v2")),
            (&v4, x86(&[V1, V2, V3, V4]), Pass, Some("x86-64-v4")),
            (&v1, x86(&[V2]), Fail, Some("less than x86-64-v1")),
            (&v1, arm, Fail, Some("aarch64")),
            (&v1, narrow, Fail, Some("i686")),
            (&v1, no_flags, Undetermined, None),
            (&v1, no_architecture.clone(), Undetermined, None),
            // Whatever the architecture, it is not of that level.
            (&v2, no_architecture, Fail, Some("x86-64-v1")),
            (&v1, json!({}), Undetermined, None),
        ],
    );
    let finding = judged("cpu_level", &v3, x86(&[V1, V2, &nearly_v3]));
    assert_eq!(
        finding.reasons,
        ["the CPU does not have abm, or firmware hides it"]
    );
}

#[test]
fn virtualization() {
    let of = |architecture: &str, flags: &[&str]| json!({"cpu": {"architecture": architecture, "flags": flags}});
    let known = |kind: &str| json!({"cpu": {"virtualization": kind}});
    hold(
        "cpu_virtualization",
        &[
            ("{}", known("vt-x"), Pass, Some("VT-x")),
            ("{}", known("amd-v"), Pass, Some("AMD-V")),
            ("{}", of("x86_64", &["fpu"]), Fail, Some("none")),
            ("{}", of("x86_64", &[]), Undetermined, None),
            ("{}", of("s390x", &["msa", "sie"]), Pass, Some("SIE")),
            ("{}", of("s390x", &["msa"]), Undetermined, None),
            (
                "{}",
                of("riscv64", &["rv64imafdch", "zba"]),
                Pass,
                Some("H extension"),
            ),
            (
                "{}",
                of("riscv64", &["rv64imafdc", "zihpm"]),
                Undetermined,
                None,
            ),
            ("{}", of("aarch64", &["asimd"]), Undetermined, None),
            ("{}", of("ppc64le", &[]), Undetermined, None),
            ("{}", json!({}), Undetermined, None),
        ],
    );
}

#[test]
fn mitigated() {
    let fine = vulnerable(&json!({
        "mds": "Not affected",
        "meltdown": "Mitigation: PTI",
        "itlb_multihit": "KVM: Mitigation: VMX unsupported",
    }));
    let open = vulnerable(&json!({
        "gather_data_sampling": "Unknown: Dependent on hypervisor status",
        "itlb_multihit": "KVM: Vulnerable",
        "mds": "Vulnerable: Clear CPU buffers attempted, no microcode",
    }));
    let unsure = vulnerable(&json!({
        "gather_data_sampling": "Unknown: Dependent on hypervisor status",
    }));
    let partly = vulnerable(&json!({
        "mmio_stale_data": "Mitigation: Clear CPU buffers; SMT vulnerable",
        "spectre_v2": "Mitigation: Enhanced / Automatic IBRS; IBPB: conditional; BHI: Vulnerable",
    }));
    let without_kvm = vulnerable(&json!({"itlb_multihit": "Processor vulnerable"}));
    let except = r#"{ except = ["mds", "itlb_multihit", "gather_data_sampling"] }"#;
    let denied = json!({
        "cpu": {"vulnerabilities": {"mds": "Not affected"}},
        "warnings": [{
            "probe": "cpu", "subject": "vulnerabilities", "kind": "denied", "message": "l1tf: permission denied",
        }],
    });
    hold(
        "cpu_mitigated",
        &[
            ("{}", fine, Pass, Some("none")),
            ("{}", open.clone(), Fail, Some("itlb_multihit, mds")),
            (except, open, Pass, Some("none")),
            ("{}", partly, Fail, Some("spectre_v2")),
            ("{}", without_kvm, Fail, Some("itlb_multihit")),
            ("{}", unsure.clone(), Undetermined, Some("none for certain")),
            (
                r#"{ except = ["gather_data_sampling"] }"#,
                unsure,
                Pass,
                Some("none"),
            ),
            ("{}", denied, Undetermined, None),
            ("{}", vulnerable(&json!({})), Undetermined, None),
            ("{}", json!({}), Undetermined, None),
        ],
    );
}

#[test]
fn iommu() {
    let of = |enabled: Option<bool>, kind: Option<&str>| json!({"iommu": {"enabled": enabled, "kind": kind}});
    hold(
        "iommu",
        &[
            (
                "{}",
                of(Some(true), Some("intel")),
                Pass,
                Some("at work (intel)"),
            ),
            ("{}", of(Some(true), None), Pass, Some("at work")),
            (
                "{}",
                of(Some(false), Some("amd")),
                Fail,
                Some("none at work"),
            ),
            ("{}", of(None, None), Undetermined, None),
            ("{}", json!({}), Undetermined, None),
        ],
    );
}
