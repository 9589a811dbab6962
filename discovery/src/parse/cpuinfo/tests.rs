use muster_model::cpu::CacheKind;

use super::*;

fn parse(content: &str) -> Cpuinfo {
    Cpuinfo::parse(content.as_bytes().to_vec())
}

#[test]
fn x86() {
    let info = parse(
        "processor\t: 0\nvendor_id\t: GenuineIntel\ncpu family\t: 6\nmodel\t\t: 37\n\
         model name\t: Intel(R) Core(TM) i5 CPU       M 560  @ 2.67GHz\nstepping\t: 5\n\
         microcode\t: 0x19\nflags\t\t: fpu vmx lm hypervisor\npower management:\n\n\
         processor\t: 1\nvendor_id\t: Other\n",
    );
    assert_eq!(info.architecture.as_deref(), Some("x86_64"));
    assert_eq!(info.vendor_id.as_deref(), Some("GenuineIntel"));
    assert_eq!(
        info.model_name.as_deref(),
        Some("Intel(R) Core(TM) i5 CPU       M 560  @ 2.67GHz")
    );
    assert_eq!(info.family.as_deref(), Some("6"));
    assert_eq!(info.model.as_deref(), Some("37"));
    assert_eq!(info.stepping.as_deref(), Some("5"));
    assert_eq!(info.microcode.as_deref(), Some("0x19"));
    assert_eq!(info.flags, ["fpu", "hypervisor", "lm", "vmx"]);
    assert_eq!(info.virtualization, Some(CpuVirtualization::VtX));
    assert_eq!(info.base_mhz, Some(2670.0));
    assert!(info.hypervisor && !info.malformed);
    assert_eq!(info.processors().to_string(), "0-1");
}

#[test]
fn x86_of_32_bits() {
    let long_mode = parse("vendor_id: GenuineIntel\nfdiv_bug: no\nflags: fpu lm\n");
    assert_eq!(long_mode.architecture.as_deref(), Some("i686"));
    let old = parse("vendor_id: GenuineIntel\nflags: fpu\n");
    assert_eq!(old.architecture.as_deref(), Some("i686"));
}

#[test]
fn arm64_of_two_kinds() {
    let block = |number: u32, part: &str| {
        format!(
            "processor\t: {number}\nFeatures\t: fp asimd aes\nCPU implementer\t: 0x41\n\
             CPU architecture: 8\nCPU variant\t: 0x3\nCPU part\t: {part}\nCPU revision\t: 1\n\n"
        )
    };
    let info = parse(&(block(0, "0xd05") + &block(1, "0xd05") + &block(2, "0xd0b")));
    assert_eq!(info.architecture.as_deref(), Some("aarch64"));
    assert_eq!(info.vendor_id.as_deref(), Some("ARM"));
    assert_eq!(info.model_name.as_deref(), Some("Cortex-A55 + Cortex-A76"));
    assert_eq!(info.model.as_deref(), Some("1"));
    assert_eq!(info.stepping.as_deref(), Some("r3p1"));
    assert_eq!(info.processors().to_string(), "0-2");
}

#[test]
fn arm_whose_maker_or_part_has_no_name() {
    let info = parse("CPU implementer: 0x99\nCPU part: 0x123\nFeatures: fp\nCPU architecture: 8\n");
    assert_eq!(info.vendor_id.as_deref(), Some("0x99"));
    assert_eq!(info.model_name, None);
}

#[test]
fn old_arm_has_one_block_for_all() {
    let info = parse(
        "Processor\t: ARMv7 Processor rev 4 (v7l)\nprocessor\t: 0\nBogoMIPS\t: 1694.10\n\n\
         processor\t: 1\n\nFeatures\t: swp half thumb\nCPU implementer\t: 0x41\n\
         CPU variant\t: 0x0\nCPU part\t: 0xc0f\nCPU revision\t: 4\n\nHardware\t: SAMSUNG\n",
    );
    assert_eq!(info.architecture.as_deref(), Some("armv7l"));
    assert_eq!(info.model_name.as_deref(), Some("Cortex-A15"));
    assert_eq!(info.stepping.as_deref(), Some("r0p4"));
    assert_eq!(info.flags, ["half", "swp", "thumb"]);
}

#[test]
fn s390() {
    let info = parse(
        "vendor_id       : IBM/S390\n# processors    : 2\nfeatures\t: esan3 zarch \n\
         cache0          : level=1 type=Data scope=Private size=128K line_size=256 associativity=8\n\
         cache4          : level=3 type=Unified scope=Shared size=65536K line_size=256 associativity=16\n\
         processor 0: version = 00,  identification = 279F25,  machine = 3906\n\
         processor 7: version = 00,  identification = 279F25,  machine = 3906\n\n\
         cpu number      : 0\ncpu MHz static  : 5208\n",
    );
    assert_eq!(info.architecture.as_deref(), Some("s390x"));
    assert_eq!(info.vendor_id.as_deref(), Some("IBM/S390"));
    assert_eq!(info.model.as_deref(), Some("3906"));
    assert_eq!(info.flags, ["esan3", "zarch"]);
    assert_eq!(info.base_mhz, Some(5208.0));
    assert_eq!(info.processors().to_string(), "0,7");
    let last = info.caches.last().unwrap();
    assert_eq!(
        (last.level, last.kind),
        (3, Some(muster_model::cpu::CacheKind::Unified))
    );
    assert_eq!(last.size_bytes, Some(64 << 20));
    assert_eq!(last.instances, None);
}

#[test]
fn power() {
    let info = parse(
        "processor\t: 0\ncpu\t\t: POWER7 (architected), altivec supported\n\
         clock\t\t: 3000.000000MHz\nrevision\t: 2.1 (pvr 003f 0201)\n\n\
         timebase\t: 512000000\nplatform\t: pSeries\nmodel\t\t: IBM,8231-E2B\n",
    );
    assert_eq!(info.architecture.as_deref(), Some("ppc64"));
    assert_eq!(info.model.as_deref(), Some("2.1 (pvr 003f 0201)"));
    assert_eq!(
        info.model_name.as_deref(),
        Some("POWER7 (architected), altivec supported")
    );
    let newer = parse("processor: 0\ncpu: POWER9, altivec supported\nrevision: 2.2\n");
    assert_eq!(newer.architecture, None, "either byte order is possible");
}

#[test]
fn riscv() {
    let info = parse(
        "processor\t: 0\nhart\t\t: 3\nisa\t\t: rv64imafdc_zicntr_zba\nmmu\t\t: sv39\n\
         uarch\t\t: sifive,u74-mc\nmvendorid\t: 0x489\nmarchid\t\t: 0x8000000000000007\n\
         mimpid\t\t: 0x4210427\n",
    );
    assert_eq!(info.architecture.as_deref(), Some("riscv64"));
    assert_eq!(info.vendor_id.as_deref(), Some("0x489"));
    assert_eq!(info.family.as_deref(), Some("0x8000000000000007"));
    assert_eq!(info.model.as_deref(), Some("0x4210427"));
    assert_eq!(info.model_name.as_deref(), Some("sifive,u74-mc"));
    assert_eq!(info.flags, ["rv64imafdc", "zba", "zicntr"]);
}

#[test]
fn sparc() {
    let info = parse(
        "cpu\t\t: UltraSparc T2 (Niagara2)\ntype\t\t: sun4v\nl1 dcache size\t: 8192\n\
         l1 dcache line size\t: 16\nl2 cache size\t: 4194304\n",
    );
    assert_eq!(info.architecture.as_deref(), Some("sparc64"));
    assert_eq!(info.caches.len(), 2);
    let first = info.caches.first().unwrap();
    assert_eq!(first.kind, Some(CacheKind::Data));
    assert_eq!(first.line_size_bytes, Some(16));
}

#[test]
fn what_is_not_utf8_is_left_out_and_told() {
    let mut content = b"vendor_id: GenuineIntel\nmodel name: \xff\xfe\nflags: lm\n".to_vec();
    let info = Cpuinfo::parse(content.clone());
    assert!(info.malformed);
    assert_eq!(info.model_name, None);
    assert_eq!(info.vendor_id.as_deref(), Some("GenuineIntel"));
    content.clear();
    assert_eq!(Cpuinfo::parse(content), Cpuinfo::default());
}

#[test]
fn many_keys_stay_cheap() {
    let content: String = (0..50_000).map(|n| format!("key{n}: {n}\n")).collect();
    assert_eq!(parse(&content).architecture, None);
}

#[test]
fn cache_sizes() {
    for (text, bytes) in [("32K", Some(32768)), ("1M", Some(1 << 20)), ("7", Some(7))] {
        assert_eq!(caches::size_bytes(text), bytes, "{text}");
    }
    for text in ["", "K", "0K", "-1K", "99999999999999999999G", "é"] {
        assert_eq!(caches::size_bytes(text), None, "{text}");
    }
}

proptest::proptest! {
    #[test]
    fn any_bytes_are_read(content in proptest::collection::vec(proptest::num::u8::ANY, 0..2000)) {
        let _ = Cpuinfo::parse(content).processors();
    }

    #[test]
    fn any_lines_are_read(
        content in "((processor [0-9]?|flags|cache0|isa|CPU part|model name|features|cpu) ?: ?.{0,30}\n){0,20}"
    ) {
        let _ = Cpuinfo::parse(content.into_bytes()).processors();
    }
}
