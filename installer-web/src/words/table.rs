//! A row a sentence: its name, in English, in German.

use super::counted::{english, german};

macro_rules! words {
    (
        fixed { $($name:ident: $english:literal, $german:literal;)* }
        counted { $($counted:ident: $type:ty;)* }
    ) => {
        /// All that is said in one language.
        #[derive(Debug)]
        pub(crate) struct Words {
            $(pub(crate) $name: &'static str,)*
            $(pub(crate) $counted: $type,)*
        }

        /// English.
        pub(crate) static ENGLISH: Words = Words {
            $($name: $english,)*
            $($counted: english::$counted,)*
        };

        /// German.
        pub(crate) static GERMAN: Words = Words {
            $($name: $german,)*
            $($counted: german::$counted,)*
        };
    };
}

words! {
    fixed {
        language: "en", "de";

        // The frame.
        skip: "To the content", "Zum Inhalt";
        pages: "Pages", "Seiten";
        on_this_page: "On this page", "Auf dieser Seite";
        overview: "Overview", "Überblick";
        hardware: "Hardware", "Hardware";
        adequacy: "Adequacy", "Eignung";
        node: "Node", "Knoten";
        sign_out: "Sign out", "Abmelden";
        this_machine: "this machine", "diese Maschine";
        this_machine_begins: "This machine", "Diese Maschine";
        and: " and ", " und ";
        or: " or ", " oder ";

        // Signing in.
        sign_in: "Sign in", "Anmelden";
        sign_in_help: "This page shows and sets up one machine. Type the code that the machine shows.",
            "Diese Seite zeigt eine Maschine und richtet sie ein. Geben Sie den Code ein, den die Maschine anzeigt.";
        code: "One-time code", "Einmalcode";
        where_is_the_code: "Where is the code?", "Wo steht der Code?";
        code_on_console: "On the console of the machine, above the login prompt.",
            "Auf der Konsole der Maschine, über der Anmeldung.";
        code_in_journal: "In its journal:", "Im Journal der Maschine:";
        code_by_command: "A new one, on the machine:", "Einen neuen gibt auf der Maschine:";

        // Problems.
        wrong_host: "This machine has another name", "Diese Maschine heißt anders";
        wrong_host_help: "The page answers to the machine's addresses and its own names only. Use one of its addresses, \
            or add the name to names in [page] of the agent's configuration.",
            "Die Seite antwortet nur unter den Adressen und Namen der Maschine. Nehmen Sie eine ihrer Adressen, oder tragen \
            Sie den Namen unter names in [page] der Konfiguration des Agenten ein.";
        cross_site: "This did not come from this page", "Das kam nicht von dieser Seite";
        cross_site_help: "Another page tried to send this for you. Nothing was done. If it was you, go back and send it again.",
            "Eine andere Seite wollte das für Sie senden. Nichts ist geschehen. Wenn Sie es waren, senden Sie es erneut ab.";
        not_signed_in: "Not signed in", "Nicht angemeldet";
        not_signed_in_help: "Sign in with the code that the machine shows.",
            "Melden Sie sich mit dem Code an, den die Maschine anzeigt.";
        wrong_code: "This is not the code", "Das ist nicht der Code";
        wrong_code_help: "It may be mistyped, used already, or older than an hour. A new one on the machine: sudo muster page code",
            "Vielleicht ist er vertippt, schon benutzt oder älter als eine Stunde. Einen neuen gibt auf der Maschine: sudo muster page code";
        too_many_attempts: "Too many attempts", "Zu viele Versuche";
        not_found: "There is no such page", "Diese Seite gibt es nicht";
        not_found_help: "Begin at the overview.", "Beginnen Sie beim Überblick.";
        not_allowed: "This cannot be done here", "Das geht hier nicht";
        not_allowed_help: "The page does not take this method.", "Die Seite nimmt diese Methode nicht an.";
        malformed: "This was not understood", "Das war nicht verständlich";
        no_policy: "There is no such policy", "Diese Richtlinie gibt es nicht";
        failed: "This did not work", "Das hat nicht geklappt";

        // The verdict.
        is_adequate_as: "is adequate as", "ist geeignet als";
        may_be_adequate_as: "may be adequate as", "ist vielleicht geeignet als";
        may_be_as: "may be as", "vielleicht als";
        is_not_adequate_as: "is not adequate as", "ist nicht geeignet als";
        not_as: "not as", "nicht als";
        judged_by: "Judged by the policy", "Beurteilt nach der Richtlinie";
        read_at: "read at", "gelesen um";
        adequate: "adequate", "geeignet";
        inadequate: "inadequate", "ungeeignet";
        undetermined: "undetermined", "unbestimmt";
        passes: "passes", "erfüllt";
        fails: "fails", "verletzt";
        not_applicable: "not applicable", "entfällt";
        required: "required", "erforderlich";
        recommended: "recommended", "empfohlen";
        what_is_wrong: "What is wrong, and what to do", "Was nicht stimmt, und was zu tun ist";
        nothing_is_wrong: "Nothing is wrong: every rule passes.", "Alles stimmt: Jede Regel ist erfüllt.";
        what_to_do: "What to do:", "Was zu tun ist:";
        actual: "There is", "Vorhanden";
        wanted: "Wanted", "Verlangt";
        devices: "Devices", "Geräte";
        result: "Result", "Ergebnis";
        rule: "Rule", "Regel";
        policy: "Policy", "Richtlinie";
        role: "Role", "Rolle";
        any_role: "every role", "jede Rolle";
        as_role: "As", "Als";
        judge: "Judge", "Beurteilen";
        read_again: "Read the machine again", "Maschine neu lesen";
        role_not_judged: "This policy does not judge that role. Choose another policy, or every role.",
            "Diese Richtlinie beurteilt diese Rolle nicht. Wählen Sie eine andere Richtlinie oder jede Rolle.";

        // What is unknown.
        unknown: "unknown", "unbekannt";
        unknown_why: "unknown – why?", "unbekannt – warum?";
        what_is_unknown: "What is unknown", "Was unbekannt ist";
        why_unknown: "Each of these kept something from being known. The rest of this page is true without it.",
            "Jedes davon verhinderte, etwas zu erfahren. Der Rest dieser Seite stimmt auch ohne das.";
        nothing_is_unknown: "Everything that was looked for was found out.", "Alles Gesuchte war zu ermitteln.";
        nothing_found: "None was found.", "Nichts gefunden.";
        see_why: "See why", "Warum?";
        absent: "not provided", "nicht vorhanden";
        denied: "not permitted", "nicht erlaubt";
        malformed_value: "not usable", "unbrauchbar";
        vanished: "went away", "verschwunden";
        timed_out: "no answer", "keine Antwort";
        unsupported: "not supported", "nicht unterstützt";

        // The machine.
        the_machine: "The machine", "Die Maschine";
        host_name: "Host name", "Rechnername";
        serial: "Serial number", "Seriennummer";
        kind: "Kind", "Art";
        bare_metal: "bare metal", "Hardware";
        virtual_machine: "virtual machine", "virtuelle Maschine";
        container: "container", "Container";
        operating_system: "Operating system", "Betriebssystem";
        kernel: "Kernel", "Kernel";
        firmware: "Firmware", "Firmware";
        boot: "Started by", "Gestartet mit";
        tpm: "TPM", "TPM";
        up_for: "Up for", "In Betrieb seit";
        see_hardware: "See all hardware", "Alle Hardware ansehen";
        download: "Download as JSON", "Als JSON herunterladen";

        // Processors and memory.
        processors: "Processors", "Prozessoren";
        sockets: "Sockets", "Sockel";
        cores: "Cores", "Kerne";
        threads_a_core: "Threads a core", "Threads je Kern";
        architecture: "Architecture", "Architektur";
        clock: "Clock", "Takt";
        caches: "Caches", "Caches";
        microcode: "Microcode", "Microcode";
        isolated: "Isolated", "Isoliert";
        numa_nodes: "What is near to what (NUMA)", "Was wem nahe ist (NUMA)";
        numa_node: "NUMA node", "NUMA-Knoten";
        cpus: "CPUs", "CPUs";
        gpu: "GPU", "GPU";
        memory: "Memory", "Speicher";
        of_memory: "of memory", "Speicher";
        total: "Total", "Insgesamt";
        swap: "Swap", "Auslagerung";
        max_capacity: "Most that the board takes", "Höchstens auf dem Board";
        error_correction: "Error correction", "Fehlerkorrektur";
        corrected_errors: "Corrected errors", "Korrigierte Fehler";
        uncorrected_errors: "Uncorrected errors", "Nicht korrigierte Fehler";
        slot: "Slot", "Steckplatz";
        empty: "empty", "leer";
        size: "Size", "Größe";
        speed: "Speed", "Geschwindigkeit";
        maker: "Maker", "Hersteller";
        part_number: "Part number", "Teilenummer";

        // Network.
        network: "Network", "Netzwerk";
        other_links: "Links that software made", "Von Software gemachte Schnittstellen";
        name: "Name", "Name";
        cable: "Cable", "Kabel";
        mac: "MAC", "MAC";
        model: "Model", "Modell";
        driver: "Driver", "Treiber";
        addresses: "Addresses", "Adressen";
        neighbour: "Neighbour", "Nachbar";
        signal: "signal", "Signal";
        no_signal: "no signal", "kein Signal";
        switched_off: "switched off", "ausgeschaltet";
        half_duplex: "half duplex", "Halbduplex";
        part_of: "part of", "Teil von";

        // Disks.
        disks: "Disks", "Datenträger";
        free_to_take: "free to take", "frei";
        in_use: "in use", "in Benutzung";
        maybe_in_use: "may be in use", "vielleicht in Benutzung";
        not_free_because: "Not free:", "Nicht frei:";
        health: "Health", "Zustand";
        healthy: "healthy", "gesund";
        needs_attention: "needs attention", "braucht Aufmerksamkeit";
        failing: "failing", "fällt aus";
        no_partitions: "no partitions", "keine Partitionen";
        attached_by: "Attached by", "Angeschlossen über";
        temperature: "Temperature", "Temperatur";
        worn: "Worn", "Abgenutzt";
        powered_on: "Powered on", "Betriebsstunden";

        // Other devices.
        gpus: "GPUs", "GPUs";
        bmc: "Management controller", "Management-Controller";
        bmc_and_sensors: "Management and sensors", "Management und Sensoren";
        present: "present", "vorhanden";
        no_bmc: "This machine has no management controller.", "Diese Maschine hat keinen Management-Controller.";
        no_sensors: "No sensor was found.", "Kein Sensor gefunden.";
        sensor: "Sensor", "Sensor";
        reading: "Reading", "Messwert";
        state: "State", "Zustand";
        alarm: "alarm", "Alarm";
        no_alarm: "no alarm", "kein Alarm";
        pci: "PCI devices", "PCI-Geräte";
        device: "Device", "Gerät";
        link: "Link", "Verbindung";
        at_most: "at most", "höchstens";
        passthrough: "Passthrough", "Durchreichen";
        ready: "ready", "bereit";
        not_ready: "not ready", "nicht bereit";

        // The node.
        agent: "Agent", "Agent";
        no_status: "No controller has said what this node is", "Noch kein Controller sagte, was dieser Knoten ist";
        node_id: "Node id", "Kennung";
        workloads: "Workloads", "Workloads";
        workloads_may_run: "may run", "dürfen laufen";
        workloads_may_not_run: "may not run", "dürfen nicht laufen";
        certificate_until: "Certificate ends", "Zertifikat endet";
        controller: "Controller", "Controller";
        controllers: "Controllers", "Controller";
        no_controller: "No controller is asked. On the machine:", "Kein Controller wird gefragt. Auf der Maschine:";
        round_trip: "Answers in", "Antwortet in";
        heartbeats: "Heartbeats", "Heartbeats";
        lease_left: "Lease left", "Rest der Lease";
        connected: "connected", "verbunden";
        not_connected: "not connected", "nicht verbunden";
        does_not_answer: "does not answer", "antwortet nicht";
    }
    counted {
        rules_fail: fn(usize) -> String;
        rules_undetermined: fn(usize) -> String;
        concerns_counted: fn(usize, usize) -> String;
        unknowns_counted: fn(usize) -> String;
        and_more: fn(usize) -> String;
        threads_online: fn(u32, u32) -> String;
        memory_used: fn(&str, &str) -> String;
        slots_filled: fn(usize, Option<usize>) -> String;
        speed_of: fn(u64, u64) -> String;
        partitions_counted: fn(usize) -> String;
        too_many_attempts_help: fn(u64) -> String;
    }
}
