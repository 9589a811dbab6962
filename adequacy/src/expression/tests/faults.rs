//! Faults that are told when an expression is loaded. A `¦` stands before the place of each.

use super::*;

/// Holds the places of the faults of a text to its marks, and yields their messages.
fn faults(marked: &str) -> Vec<String> {
    let text = marked.replace('¦', "");
    let marks: Vec<Option<usize>> = marked
        .match_indices('¦')
        .enumerate()
        .map(|(count, (at, mark))| Some(at - count * mark.len()))
        .collect();
    let faults = Expression::compile(&text).expect_err(marked);
    let places: Vec<_> = faults.iter().map(|fault| fault.offset).collect();
    assert_eq!(places, marks, "{marked}: {faults:?}");
    faults.into_iter().map(|fault| fault.message).collect()
}

#[test]
fn each_fault_has_its_place_and_advice() {
    for (marked, message) in [
        (
            "¦cpus.threads > 4",
            "cpus: no such section; did you mean cpu?",
        ),
        (
            "¦elephants > 4",
            "elephants: no such section; the names are those of the inventory's sections, such as cpu and disks",
        ),
        (
            "¦warnings.size() == 0",
            "warnings: no such section; the names are those of the inventory's sections, such as cpu and disks",
        ),
        (
            "disks.all(d, d.¦rotatonal)",
            "disks[].rotatonal: no such field; did you mean rotational?",
        ),
        (
            "disks[0] . ¦rotatonal",
            "disks[].rotatonal: no such field; did you mean rotational?",
        ),
        (
            "disks.all(d, d.partitions.all(p, p.¦tipe == 'x'))",
            "disks[].partitions[].tipe: no such field; did you mean type?",
        ),
        (
            "has(iommu.¦colour)",
            "iommu.colour: no such field; it has enabled, kind",
        ),
        (
            "disks.¦rotational",
            "disks.rotational: disks is a list; ask all or one of it with disks.all(x, …) or disks.exists(x, …)",
        ),
        ("cpu.threads.¦size == 1", "int has no fields, such as size"),
        (
            "¦cpu.all(c, true)",
            "this asks each element of a list or a map, and this is Cpu",
        ),
        (
            "disks.all(d.¦name, true)",
            "the first argument names each element: a single word",
        ),
        (
            "disks.all(d, d.¦name)",
            "what is asked of each element has to be bool, and this is string",
        ),
        ("cpu.threads ¦== '4'", "int == string: these do not compare"),
        ("cpu.model ¦< 4", "string < int: these do not compare"),
        (
            "disks ¦== disks",
            "list(Disk) == list(Disk): these do not compare",
        ),
        (
            "cpu.flags ¦< cpu.flags",
            "list(string) < list(string): these do not compare",
        ),
        ("4 ¦in cpu.flags", "int is never in list(string)"),
        (
            "'x' in cpu.¦model",
            "in needs a list or a map after it, and this is string",
        ),
        (
            "cpu.¦threads",
            "the expression has to be bool, and this is int",
        ),
        (
            "cpu.¦threads && true",
            "an operand of && has to be bool, and this is int",
        ),
        (
            "!cpu.¦threads",
            "what ! negates has to be bool, and this is int",
        ),
        (
            "-cpu.¦model == 'x'",
            "- negates int and double, and this is string",
        ),
        (
            "cpu.¦threads ? true : false",
            "what stands before ? has to be bool, and this is int",
        ),
        (
            "(true ¦? 1 : 'x') == 1",
            "both sides of : have to be of one type; these are int and string",
        ),
        (
            "cpu.threads ¦* 1.5 > 4.0",
            "int * double: there is no such operation; convert one, with int(…) or double(…)",
        ),
        (
            "cpu.threads ¦+ 'x' == 'x'",
            "int + string: there is no such operation",
        ),
        (
            "cpu.model ¦- 'x' == 'x'",
            "string - string: there is no such operation",
        ),
        (
            "[1, ¦'x'] == []",
            "a list is of one type: this is string among int",
        ),
        (
            "disks[¦'sda'].removable",
            "the index of a list has to be int, and this is string",
        ),
        (
            "cpu.vulnerabilities[¦1] == ''",
            "the key of a map has to be string, and this is int",
        ),
        ("cpu.¦threads[0] == 1", "int has no elements"),
        (
            "disks.all(d, d.transport == ¦'nvm')",
            "disks[].transport is never \"nvm\"; did you mean \"nvme\"?",
        ),
        (
            "¦'floppy' != disks[0].transport",
            "disks[].transport is never \"floppy\"; it is one of nvme, nvme_fabrics, sata, ide, sas, scsi, usb, virtio, iscsi, fc, fcoe, mmc, raid, firewire, xen, nvdimm, dasd, network, hyperv",
        ),
        (
            "host.boot_mode in ['efi', ¦'bio']",
            "host.boot_mode is never \"bio\"; did you mean \"bios\"?",
        ),
        ("¦length(disks) == 1", "length: no such function"),
        (
            "disks.¦exist(d, true)",
            "exist: no such function; did you mean exists?",
        ),
        (
            "disks.¦all(true)",
            "wrong number of arguments: it is list.all(x, condition)",
        ),
        (
            "¦size(disks, 1) == 1",
            "wrong number of arguments: it is size(list)",
        ),
        (
            "¦contains('a', 'b')",
            "contains is written text.contains(text)",
        ),
        ("cpu.threads.¦int() == 1", "int is written int(value)"),
        (
            "size(¦4) == 1",
            "what size counts has to be a list, a map or a string, and this is int",
        ),
        (
            "'a'.contains(¦4)",
            "what is searched for has to be string, and this is int",
        ),
        ("¦bool(4)", "bool cannot be made from int"),
        ("has(¦cpu)", "has asks for a field, as in has(cpu.threads)"),
        (
            "'a'.matches(cpu.¦model)",
            "the pattern has to be a literal string",
        ),
        (
            "cpu.model != ¦null",
            "null is what is unknown; ask has(…) whether a field is known",
        ),
        (
            "¦b'x' == ¦b'x'",
            "the inventory has no bytes; write a string",
        ),
        ("¦{'a': 1}['a'] == 1", "maps cannot be written here"),
        ("a.b¦{c: 1} == 1", "messages cannot be written here"),
        (
            "'é' == 'ä' || ¦x",
            "x: no such section; the names are those of the inventory's sections, such as cpu and disks",
        ),
    ] {
        assert_eq!(faults(marked)[0], message, "{marked}");
    }
}

#[test]
fn faults_of_the_grammar_have_their_place() {
    for (marked, message) in [
        ("cpu.threads >¦", "the expression ends where more is needed"),
        ("¦", "the expression ends where more is needed"),
        ("cpu.threads == ¦&& 3", "'&&' cannot stand here"),
        ("cpu.threads ¦# 3", "'#' is no part of CEL"),
        ("¦(cpu.threads > 1", "this bracket lacks its )"),
        ("cpu.threads > 1¦)", "no bracket is open that ) would close"),
        ("disks[(0¦]) == 1", "no bracket is open that ] would close"),
        (
            "cpu.model == ¦'x",
            "this string does not end, or has an escape that CEL does not know; a backslash is \\\\",
        ),
        (
            "cpu.model.matches(¦'\\d')",
            "this string does not end, or has an escape that CEL does not know; a backslash is \\\\",
        ),
        (
            "true &&\n// why\n cpu.¦thread == 3",
            "cpu.thread: no such field; did you mean threads?",
        ),
        ("true &&\n 'é' == 'é' ¦é", "'é' is no part of CEL"),
        ("cpu.¦in == 1", "'.in' cannot stand here"),
    ] {
        assert_eq!(faults(marked)[0], message, "{marked}");
    }
}

#[test]
fn all_faults_of_types_are_told_at_once() {
    let told =
        faults("cpu.¦thread > 4 && disks.all(d, d.¦rotatonal || d.size_bytes ¦== 'x') && ¦size()");
    assert_eq!(told.len(), 4);
}
