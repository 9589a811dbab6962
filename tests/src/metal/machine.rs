//! One run of the emulated machine.

use std::fs::{self, File};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::image::{FIRMWARE, RECIPE};
use super::{Guest, Hardware, Image, Monitor, boot};
use crate::aloud;

/// How long a boot may take; about half a minute on two idle cores. Now and then the emulated processors wait for each other for ever,
/// which is not what is tested: then it is tried once more, with time for a machine that is only slow.
const BOOT_DEADLINES: [Duration; 2] = [Duration::from_secs(180), Duration::from_secs(420)];

/// A running machine; dropping it ends the emulator and removes its folder.
pub struct Machine {
    folder: PathBuf,
    process: Child,
}

impl Machine {
    /// Boots the machine with these programs on board, `muster` among them, and gives the shell inside. It ends with the thread that
    /// started it.
    ///
    /// # Panics
    /// When it does not boot, and not when it is tried again either.
    pub fn boot(image: &Image, hardware: &Hardware, programs: &[&Path]) -> (Self, Guest) {
        tried_twice(|deadline| {
            let mut machine = Self::start(image, hardware, programs);
            let guest = Guest::attach(machine.connect("lab.sock"), Instant::now() + deadline);
            match guest {
                Ok(guest) => Ok((machine, guest)),
                Err(error) => Err(format!("{error}\n{}", machine.log())),
            }
        })
    }

    fn start(image: &Image, hardware: &Hardware, programs: &[&Path]) -> Self {
        let folder = tempfile::Builder::new()
            .prefix("muster-metal-")
            .tempdir()
            .expect("a temporary folder")
            .keep();
        for (index, disk) in hardware.disks.iter().enumerate() {
            let file = File::create(folder.join(format!("disk{index}.img"))).expect("a disk");
            file.set_len(disk.mib << 20).expect("a disk can be sized");
        }
        let variables = FIRMWARE.replace("CODE", "VARS");
        fs::copy(variables, folder.join("variables")).expect("the firmware's variables");
        let disks = hardware.disks.len();
        let initramfs = boot::initramfs(&image.initramfs(), programs, disks, &folder);
        let process = Command::new("setpriv")
            .args(["--pdeathsig", "TERM"])
            .arg(RECIPE.path("run"))
            .arg(&folder)
            .args(hardware.arguments(&folder, &image.root()))
            .args(machine_arguments(image, &folder, &initramfs))
            .stdin(Stdio::null())
            .spawn()
            .expect("setpriv runs");
        Self { folder, process }
    }

    /// The emulator's monitor.
    ///
    /// # Panics
    /// When it does not answer.
    pub fn monitor(&mut self) -> Monitor {
        Monitor::attach(self.connect("monitor.sock")).expect("the monitor answers")
    }

    fn connect(&mut self, name: &str) -> UnixStream {
        let begun = Instant::now();
        loop {
            if let Ok(stream) = UnixStream::connect(self.folder.join(name)) {
                return stream;
            }
            let ended = self.process.try_wait().expect("the emulator's state");
            assert!(
                ended.is_none() && begun.elapsed() < Duration::from_secs(30),
                "the emulator does not start:\n{}",
                self.log()
            );
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn log(&self) -> String {
        ["qemu.log", "tpm.log", "console"]
            .map(|name| {
                let text = fs::read(self.folder.join(name)).unwrap_or_default();
                let text = String::from_utf8_lossy(&text).into_owned();
                let skip = text.chars().count().saturating_sub(4000);
                text.chars().skip(skip).collect::<String>()
            })
            .join("\n")
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        let _ = Command::new("kill")
            .arg(self.process.id().to_string())
            .status();
        let _ = self.process.wait();
    }
}

/// What a boot gives, the second one's where the first fails: that is said aloud, with why.
fn tried_twice<T>(mut boot: impl FnMut(Duration) -> Result<T, String>) -> T {
    let [first, second] = BOOT_DEADLINES;
    let told = match boot(first) {
        Ok(booted) => return booted,
        Err(told) => told,
    };
    aloud::say(format_args!(
        "the emulated machine does not boot, and is TRIED ONCE MORE: {told}"
    ));
    boot(second).unwrap_or_else(|again| panic!("the machine does not boot, twice: {again}"))
}

fn machine_arguments(image: &Image, folder: &Path, initramfs: &Path) -> Vec<String> {
    let at = |name: &str| folder.join(name).display().to_string();
    let pairs = [
        (
            "-drive",
            format!("if=pflash,format=raw,readonly=on,file={FIRMWARE}"),
        ),
        (
            "-drive",
            format!("if=pflash,format=raw,file={}", at("variables")),
        ),
        ("-kernel", image.kernel().display().to_string()),
        ("-initrd", initramfs.display().to_string()),
        // On a busy host the check of the timer against the interrupt controller comes too late.
        (
            "-append",
            "console=ttyS0 quiet panic=-1 no_timer_check intel_iommu=on".to_owned(),
        ),
        ("-serial", format!("file:{}", at("console"))),
        (
            "-qmp",
            format!("unix:{},server=on,wait=off", at("monitor.sock")),
        ),
        ("-chardev", format!("socket,id=tpm,path={}", at("tpm.sock"))),
        ("-tpmdev", "emulator,id=tpm0,chardev=tpm".to_owned()),
        ("-device", "tpm-crb,tpmdev=tpm0".to_owned()),
        ("-device", "virtio-serial-pci,bus=pcie.0".to_owned()),
        (
            "-chardev",
            format!("socket,id=lab,path={},server=on,wait=off", at("lab.sock")),
        ),
        ("-device", "virtserialport,chardev=lab,name=lab".to_owned()),
    ];
    pairs
        .into_iter()
        .flat_map(|(option, value)| [option.to_owned(), value])
        .chain(["-no-reboot".to_owned()])
        .collect()
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    /// The shell of a machine that hangs, or that boots, before a deadline in milliseconds.
    fn shell(boots: bool, deadline_ms: u64) -> Result<Guest, String> {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        if boots {
            theirs.write_all(b"ready\n").unwrap();
        }
        let attached = Guest::attach(ours, Instant::now() + Duration::from_millis(deadline_ms));
        drop(theirs);
        attached.map_err(|error| error.to_string())
    }

    #[test]
    fn a_boot_that_hangs_is_tried_again() {
        let mut deadlines = Vec::new();
        tried_twice(|deadline| {
            deadlines.push(deadline);
            shell(deadlines.len() == 2, 50)
        });
        assert_eq!(deadlines, BOOT_DEADLINES);
        let mut count = 0;
        tried_twice(|_| {
            count += 1;
            shell(true, 50)
        });
        assert_eq!(count, 1);
    }

    #[test]
    #[should_panic(expected = "the machine does not boot, twice")]
    fn a_second_one_is_the_end() {
        tried_twice(|_| shell(false, 50));
    }
}
