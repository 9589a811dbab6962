//! The one line that makes a machine a node: on bare machines under systemd, with a controller that hands out the packages.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    reason = "test code"
)]

#[path = "oneline/site.rs"]
mod site;

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Instant;

use muster_tests::images::skip;
use muster_tests::nodes::{Lab, Node, succeed};
use muster_tests::program;
use serde_json::Value;
use site::{NOTHING, Site, bare, flip, name, paste, refused, turned, until};

#[test]
fn one_line_makes_a_machine_a_node() {
    let Some(lab) = Lab::start() else { return };
    let site = Site::start(&lab);
    let node = bare(&lab, 1);
    what_is_not_the_controllers_is_refused(&site, &node);
    what_broke_off_does_nothing(&node);
    interrupted(&node);
    joins(&site, &node);
    no_node_signs(&site, &node);
    twice_is_once(&site, &node);
    refused_at_first(&site, &node);
}

fn what_is_not_the_controllers_is_refused(site: &Site<'_>, node: &Node<'_>) {
    let told = site.line(&["-o", "json"]);
    let told: Value = serde_json::from_str(&told).unwrap();
    let [line, digest] = ["command", "root_sha256"].map(|key| told[key].as_str().unwrap());
    refused(
        node,
        &turned(line, digest),
        "is not the controller that this line is for",
    );
    refused(node, &line.replace("mst1.", "mst2."), "no join token");

    site.carry(node, "carried");
    let carried = |file: &str| node.evidence("carried").join(file);
    let line = site.line(&["--from", "/evidence/carried"]);
    let package = carried(name(&site.package));
    let changes: [(&Path, usize, &str); 4] = [
        (&carried("install.sh"), 100, "is not that of the controller"),
        (
            &carried("root.pem"),
            100,
            "is not the root of the controller",
        ),
        (&carried("manifest"), 30, "is not signed by the controller"),
        (&package, 1000, "SHA-256 is not that of the list"),
    ];
    for (file, at, reason) in changes {
        flip(file, at);
        refused(node, &line, reason);
        flip(file, at);
    }
    // A list that somebody else signed, with all that belongs to it.
    let manifest = carried("manifest");
    let own = fs::read_to_string(&manifest).unwrap();
    node.succeed(
        "cd /evidence/carried && sed '/^-----BEGIN /,$d' manifest >list && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 \
         -nodes -keyout key -out certificate -subj '/CN=muster packages' -addext extendedKeyUsage=codeSigning 2>/dev/null \
         && openssl dgst -sha256 -sign key -out signature list && { cat list; echo '-----BEGIN MUSTER SIGNATURE-----'; base64 signature; \
         echo '-----END MUSTER SIGNATURE-----'; cat certificate; } >manifest",
    );
    refused(node, &line, "is not signed by the controller");
    fs::write(&manifest, &own).unwrap();
    // Without openssl nobody can say whose a carried list is.
    node.succeed("mv /usr/bin/openssl /usr/bin/openssl.away");
    refused(node, &line, "openssl is missing");
    node.succeed("mv /usr/bin/openssl.away /usr/bin/openssl");
}

/// Whatever is missing from the end of the script, nothing of it runs.
fn what_broke_off_does_nothing(node: &Node<'_>) {
    let script = fs::read_to_string(node.evidence("carried/install.sh")).unwrap();
    let whole = script.trim_end().len();
    let lines = script.match_indices('\n').map(|(at, _)| at);
    let ends: Vec<usize> = lines
        .chain(whole - 40..whole)
        .filter(|end| *end < whole)
        .collect();
    let pieces = node.evidence("pieces");
    fs::create_dir(&pieces).unwrap();
    for end in &ends {
        fs::write(pieces.join(end.to_string()), &script[..*end]).unwrap();
    }
    // Complete, it says how it is used: had a piece been run, it would have said so.
    node.succeed("sh /evidence/carried/install.sh --help | grep -q '^usage:'");
    let said = node.succeed(
        "cd /evidence/pieces && for piece in *; do sh \"$piece\" --help 2>/dev/null </dev/null; done; true",
    );
    assert_eq!(said, "", "of {} pieces", ends.len());
    assert!(ends.len() > 300);
    node.succeed(NOTHING);
}

fn joins(site: &Site<'_>, node: &Node<'_>) {
    let line = site.line(&[
        "--role",
        "worker",
        "--name",
        "n1",
        "--labels",
        "rack=7,zone=a",
        "--taints",
        "dedicated=gpu:NoSchedule",
    ]);
    let secret = line.split('.').nth(2).unwrap().to_owned();
    // Every process' arguments and environment, over and over.
    node.succeed(
        "setsid sh -c 'while test ! -e /evidence/enough; do cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null; sleep 0.01; done' \
         >/evidence/processes 2>/dev/null </dev/null &",
    );
    let went = paste(node, &line);
    assert!(went.succeeded, "{}\n{}", went.text(), node.journal());
    fs::write(node.evidence("enough"), "").unwrap();
    let processes = fs::read(node.evidence("processes")).unwrap();
    let has = |what: &str| {
        processes
            .windows(what.len())
            .any(|it| it == what.as_bytes())
    };
    assert!(
        has("install.sh") && has("apt-get"),
        "the processes were not looked at"
    );
    assert!(!has(&secret), "others see the token");
    assert!(
        went.text().contains("muster-controller nodes accept n1"),
        "{}",
        went.text()
    );

    let candidate = site.node("n1");
    assert_eq!(candidate["status"], "candidate", "{candidate:#}");
    assert_eq!(candidate["role"], "worker");
    assert_eq!(candidate["labels"]["rack"], "7");
    assert_eq!(candidate["labels"]["zone"], "a");
    assert_eq!(candidate["taints"][0]["key"], "dedicated");
    node.succeed("test $(stat -c %a:%U /etc/credstore/muster-token) = 600:root");
    assert_eq!(site.ask(&["nodes", "accept", "n1"]).code, Some(0));
    until("n1 is active", || site.node("n1")["status"] == "active");
    node.succeed(
        "systemctl is-enabled -q muster-agent.service && muster wait --for active --timeout 30s",
    );
    node.succeed("muster config validate && ! ls -A /tmp | grep -v ^systemd-private");
}

/// A node has a certificate below the same root, and with its key it vouches for no package.
fn no_node_signs(site: &Site<'_>, node: &Node<'_>) {
    let line = site.line(&["--from", "/evidence/carried", "--name", "n1"]);
    let enrolment = node.succeed("cat /var/lib/muster/enrolment.json");
    let enrolment: Value = serde_json::from_str(&enrolment).unwrap();
    let chain = enrolment["chain"].as_array().unwrap().iter();
    let chain: String = chain.map(|it| it.as_str().unwrap()).collect();
    assert!(chain.starts_with("-----BEGIN CERTIFICATE-----"), "{chain}");
    fs::write(node.evidence("chain"), chain).unwrap();
    node.succeed(
        "cd /evidence/carried && cp manifest ../own && sed '/^-----BEGIN /,$d' ../own >list \
         && openssl dgst -sha256 -sign /var/lib/muster/key.pem -out signature list && { cat list; echo '-----BEGIN MUSTER SIGNATURE-----'; \
         base64 signature; echo '-----END MUSTER SIGNATURE-----'; tr -d '\\r' <../chain; } >manifest \
         && openssl verify -CAfile root.pem -untrusted ../chain ../chain",
    );
    let forged = paste(node, &line);
    let text = forged.text();
    assert!(
        !forged.succeeded && text.contains("is not signed by the controller"),
        "{text}"
    );
    node.succeed("cp /evidence/own /evidence/carried/manifest");
    let own = paste(node, &line);
    assert!(own.succeeded, "{}", own.text());
}

/// The same again changes nothing, whether the line is new or old.
fn twice_is_once(site: &Site<'_>, node: &Node<'_>) {
    let process = || node.succeed("systemctl show --value -p MainPID muster-agent.service");
    let before = process();
    for _ in 0..2 {
        let went = paste(node, &site.line(&["--name", "n1"]));
        let text = went.text();
        assert!(went.succeeded && text.contains("is installed"), "{text}");
        assert!(!text.contains("fetching"), "{text}");
        assert!(text.contains("this machine is a node"), "{text}");
    }
    assert_eq!(process(), before, "the agent was disturbed");
    node.succeed(
        "test ! -e /etc/credstore/muster-token && ! ls -A /tmp | grep -v ^systemd-private",
    );
    // It is no other controller's by a line of that one.
    let other = paste(node, &site.line(&["--name", "n2"]));
    assert!(
        !other.succeeded && other.text().contains("is a node already"),
        "{}",
        other.text()
    );
    assert_eq!(process(), before);
    newer_is_an_upgrade(site, node);
    // Nothing is put under an installation that runs; the machine has to have one to do.
    node.succeed("mkdir -p /var/lib/muster-install && echo 'muster install, process 1' >/var/lib/muster-install/lease");
    node.succeed("setsid flock /var/lib/muster-install/lease sleep 60 >/dev/null 2>&1 </dev/null & sleep 0.2");
    let busy = paste(node, &site.line(&["--name", "n1"]));
    let text = busy.text();
    assert!(
        !busy.succeeded
            && text.contains("an installation runs on this machine: muster install, process 1"),
        "{text}"
    );
    // Nor under one that is to go on.
    node.succeed("pkill -x sleep; touch /var/lib/muster-install/order");
    let begun = paste(node, &site.line(&["--name", "n1"]));
    let text = begun.text();
    assert!(
        !begun.succeeded && text.contains("an installation was begun on this machine"),
        "{text}"
    );
    node.succeed("rm -r /var/lib/muster-install; dpkg --purge muster >/dev/null 2>&1 && test ! -e /etc/muster");
}

/// The controller has a newer package by now: the same line brings it to a node that goes on.
fn newer_is_an_upgrade(site: &Site<'_>, node: &Node<'_>) {
    let parts = site.lab.path("parts");
    let mut take_apart = Command::new("dpkg-deb");
    succeed(take_apart.arg("-R").arg(&site.package).arg(&parts));
    let control = parts.join("DEBIAN/control");
    let text = fs::read_to_string(&control).unwrap();
    let version = text.lines().find(|line| line.starts_with("Version: "));
    let text = text.replace(version.unwrap(), "Version: 99.0~rc1");
    fs::write(&control, text).unwrap();
    let newer = site.lab.path("packages/muster_99.0~rc1_amd64.deb");
    let mut build = Command::new("dpkg-deb");
    succeed(build.args(["-Znone", "-b"]).arg(&parts).arg(newer));
    let went = paste(node, &site.line(&["--name", "n1"]));
    let text = went.text();
    assert!(
        went.succeeded && text.contains("installing muster 99.0~rc1"),
        "{text}"
    );
    assert_eq!(
        node.succeed("dpkg-query -W -f '${Version}' muster"),
        "99.0~rc1"
    );
    assert_eq!(site.node("n1")["status"], "active");
}

/// A token that is good no more; the next line goes on from there.
fn refused_at_first(site: &Site<'_>, node: &Node<'_>) {
    let told = site.line(&["--name", "again", "-o", "json"]);
    let told: Value = serde_json::from_str(&told).unwrap();
    let id = told["record"]["id"].as_str().unwrap();
    assert_eq!(site.ask(&["tokens", "revoke", id]).code, Some(0));
    let went = paste(node, told["command"].as_str().unwrap());
    let text = went.text();
    assert!(
        !went.succeeded && text.contains("the join token was revoked"),
        "{text}"
    );
    node.succeed("test ! -e /etc/credstore/muster-token");
    let went = paste(node, &site.line(&["--name", "again"]));
    let text = went.text();
    // It has the hardware of the node that it was before.
    assert!(
        went.succeeded && text.contains("waits to be accepted"),
        "{text}"
    );
    assert_eq!(site.node("again")["status"], "candidate");
}

/// Whoever gives up with Ctrl-C leaves nothing behind.
fn interrupted(node: &Node<'_>) {
    let root = fs::read(node.evidence("carried/root.pem")).unwrap();
    fs::write(node.evidence("root"), root).unwrap();
    // Nobody is there: it waits.
    let script = "cd /evidence && echo mst1.a.b.c | sh carried/install.sh --controller 10.77.0.99:7443 --root root \
        --root-sha256 $(sha256sum root | cut -d ' ' -f 1)";
    let mut command = node.login();
    let mut shell = command
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .spawn()
        .unwrap();
    let mut input = shell.stdin.take().unwrap();
    input.write_all(script.as_bytes()).unwrap();
    drop(input);
    let mut told = BufReader::new(shell.stderr.take().unwrap()).lines();
    let asks = told.find(|line| line.as_ref().unwrap().contains("asking 10.77.0.99"));
    assert!(asks.is_some());
    node.succeed(
        "pgrep -f 'install[.]sh' >/dev/null && ls /tmp | grep -v ^systemd-private >/dev/null",
    );
    let group = format!("-{}", shell.id());
    succeed(Command::new("kill").args(["-s", "INT", "--", &group]));
    assert!(!shell.wait().unwrap().success());
    node.succeed(NOTHING);
}

/// With wget, without openssl, and without anybody who accepts: how long it takes, too.
#[test]
fn a_machine_with_wget_alone_is_a_node_at_once() {
    let Some(lab) = Lab::start() else { return };
    let site = Site::start(&lab);
    let node = bare(&lab, 1);
    node.succeed("rm /usr/bin/curl /usr/bin/openssl");
    let line = site.line(&["--role", "worker", "--name", "n1", "--auto-accept"]);
    let begun = Instant::now();
    let (went, heard) = thread::scope(|scope| {
        let pasted = scope.spawn(|| paste(&node, &line));
        until("n1 is heard", || !site.node("n1")["heard_at"].is_null());
        let heard = begun.elapsed();
        (pasted.join().unwrap(), heard)
    });
    assert!(went.succeeded, "{}\n{}", went.text(), node.journal());
    assert!(
        went.text().contains("this machine is a node of"),
        "{}",
        went.text()
    );
    let size = fs::metadata(&site.package).unwrap().len() >> 20;
    eprintln!(
        "from the line to the first heartbeat: {:.2} s, with a package of {size} MiB",
        heard.as_secs_f64()
    );
    for (at, line) in &went.said {
        eprintln!("  {:6.2} s  {line}", at.as_secs_f64());
    }
}

/// Who is not root goes on as root, and the token goes on on standard input.
#[test]
fn who_is_not_root_goes_on_by_sudo() {
    if !program::is_root() {
        return skip("the script as another user", "it takes root");
    }
    let folder = tempfile::tempdir().unwrap();
    let inside = |name: &str| folder.path().join(name);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../packaging/install.sh");
    fs::copy(script, inside("install.sh")).unwrap();
    fs::write(inside("sudo"), "#!/bin/sh\nprintf '%s\\n' \"$@\"\ncat\n").unwrap();
    succeed(
        Command::new("chmod")
            .args(["-R", "a+rX"])
            .arg(folder.path()),
    );
    succeed(Command::new("chmod").arg("a+x").arg(inside("sudo")));
    let mut command = Command::new("setpriv");
    command
        .args(["--reuid=65534", "--regid=65534", "--clear-groups", "sh"])
        .arg(inside("install.sh"))
        .args(["--controller", "c1:7443", "--root-sha256", &"0".repeat(64)])
        .env("PATH", format!("{}:/usr/bin:/bin", folder.path().display()))
        .env("https_proxy", "http://p:3128")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(b"mst1.token\n")
        .unwrap();
    let told = String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap();
    let words: Vec<&str> = told.lines().collect();
    assert_eq!(words[..2], ["sh", inside("install.sh").to_str().unwrap()]);
    assert_eq!(words[2..4], ["--controller", "c1:7443"]);
    assert_eq!(
        words[words.len() - 3..],
        ["--proxy", "http://p:3128", "mst1.token"]
    );
}
