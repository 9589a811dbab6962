//! A made root directory of a machine with as many devices as wanted.
//!
//! The trees are those of sysfs and procfs with their links. Files of the same content are one file
//! with many names, so that a hundred thousand of them cost little memory and time.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// How many devices.
#[derive(Debug, Clone, Copy)]
pub struct Scale {
    /// Logical processors, two to a core, 128 to a socket.
    pub cpus: usize,
    /// PCI functions, of which the first are those of the disks and the interfaces.
    pub pci: usize,
    /// NVMe disks.
    pub disks: usize,
    /// Network interfaces.
    pub nics: usize,
}

impl Scale {
    /// The huge machine, divided by `divisor`.
    pub fn huge(divisor: usize) -> Self {
        Self {
            cpus: 1024 / divisor,
            pci: 4096 / divisor,
            disks: 512 / divisor,
            nics: 512 / divisor,
        }
    }
}

/// A made root; gone with the value.
pub struct HugeRoot {
    folder: TempDir,
}

impl HugeRoot {
    /// Makes it, in memory where the machine has `/dev/shm`.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn new(scale: Scale) -> Self {
        let base = Some(PathBuf::from("/dev/shm")).filter(|path| path.is_dir());
        let base = base.unwrap_or_else(std::env::temp_dir);
        let folder = tempfile::Builder::new()
            .prefix("muster-huge-")
            .tempdir_in(base)
            .expect("a temporary folder");
        let mut tree = Tree::new(folder.path());
        host(&mut tree);
        processors(&mut tree, scale.cpus);
        for index in 0..scale.pci {
            let slot = Slot::new(index);
            function(&mut tree, &slot, index, scale);
            if index < scale.disks {
                disk(&mut tree, &slot, index);
            } else if index < scale.disks + scale.nics {
                interface(&mut tree, &slot, index - scale.disks);
            }
        }
        Self { folder }
    }

    /// The root directory.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }
}

struct Tree {
    root: PathBuf,
    pool: HashMap<String, (PathBuf, u32)>,
}

/// Names that one file may have; ext4 has the lowest limit of the usual file systems.
const MOST_NAMES: u32 = 60_000;

impl Tree {
    fn new(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
            pool: HashMap::new(),
        }
    }

    fn folder(&self, path: &str) -> PathBuf {
        let path = self.root.join(path);
        fs::create_dir_all(&path).expect("a folder can be made");
        path
    }

    fn files(&mut self, folder: &str, files: &[(&str, &str)]) {
        let base = self.folder(folder);
        for (name, content) in files {
            let path = base.join(name);
            if let Some((first, names)) = self.pool.get_mut(*content)
                && *names < MOST_NAMES
            {
                fs::hard_link(first, &path).expect("a file can have another name");
                *names += 1;
                continue;
            }
            fs::write(&path, format!("{content}\n")).expect("a file can be written");
            self.pool.insert((*content).to_owned(), (path, 1));
        }
    }

    /// A link in `folder` to `target`, a path from the root, relative as sysfs has it.
    fn link(&self, folder: &str, name: &str, target: &str) {
        let up = "../".repeat(folder.split('/').count());
        symlink(format!("{up}{target}"), self.folder(folder).join(name)).expect("a link");
    }
}

fn host(tree: &mut Tree) {
    tree.files(
        "etc",
        &[
            (
                "os-release",
                "ID=debian\nVERSION_ID=\"12\"\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"",
            ),
            ("machine-id", "5d2f0f4be4b4463cb9a2f1c0a3a1d2e7"),
        ],
    );
    tree.files(
        "proc",
        &[
            (
                "meminfo",
                "MemTotal: 8589934592 kB\nMemAvailable: 8000000000 kB\nSwapTotal: 0 kB",
            ),
            ("uptime", "1000.00 2000.00"),
            ("cmdline", "quiet"),
            ("mdstat", "Personalities : \nunused devices: <none>"),
            ("swaps", "Filename Type Size Used Priority"),
        ],
    );
    tree.files(
        "proc/self",
        &[("mountinfo", "1 0 0:2 / / rw - rootfs rootfs rw")],
    );
    tree.files(
        "proc/sys/kernel",
        &[
            ("hostname", "huge"),
            ("osrelease", "6.1.0"),
            ("arch", "x86_64"),
        ],
    );
    for class in ["hwmon", "block", "net", "nvme"] {
        tree.folder(&format!("sys/class/{class}"));
    }
    for folder in ["sys/block", "sys/bus/pci/devices", "sys/bus/usb/devices"] {
        tree.folder(folder);
    }
}

fn processors(tree: &mut Tree, cpus: usize) {
    let base = "sys/devices/system/cpu";
    let all = format!("0-{}", cpus - 1);
    tree.files(
        base,
        &[
            ("online", &all),
            ("possible", &all),
            ("present", &all),
            ("isolated", ""),
        ],
    );
    let mut table = String::new();
    for cpu in 0..cpus {
        let (socket, core) = (cpu / 128, cpu / 2);
        let _ = writeln!(
            table,
            "processor\t: {cpu}\nvendor_id\t: GenuineIntel\ncpu family\t: 6\nmodel\t\t: 106\n\
             model name\t: Made CPU @ 2.00GHz\nstepping\t: 6\nmicrocode\t: 0xd0003a5\ncpu MHz\t\t: 2000.000\n\
             physical id\t: {socket}\ncore id\t\t: {core}\nflags\t\t: fpu vme de pse tsc msr pae mce cx8 apic sep mtrr\n"
        );
        let core_cpus = format!("{}-{}", cpu / 2 * 2, cpu / 2 * 2 + 1);
        let package_cpus = format!("{}-{}", socket * 128, (socket * 128 + 127).min(cpus - 1));
        let folder = format!("{base}/cpu{cpu}");
        tree.files(
            &format!("{folder}/topology"),
            &[
                ("physical_package_id", &socket.to_string()),
                ("core_id", &core.to_string()),
                ("die_id", "0"),
                ("thread_siblings_list", &core_cpus),
                ("core_cpus_list", &core_cpus),
                ("core_siblings_list", &package_cpus),
                ("package_cpus_list", &package_cpus),
            ],
        );
        for (index, (level, kind, size, shared)) in [
            ("1", "Data", "48K", &core_cpus),
            ("1", "Instruction", "32K", &core_cpus),
            ("2", "Unified", "1280K", &core_cpus),
            ("3", "Unified", "49152K", &package_cpus),
        ]
        .into_iter()
        .enumerate()
        {
            tree.files(
                &format!("{folder}/cache/index{index}"),
                &[
                    ("level", level),
                    ("type", kind),
                    ("size", size),
                    ("shared_cpu_list", shared),
                    ("coherency_line_size", "64"),
                    ("ways_of_associativity", "12"),
                    ("id", &socket.to_string()),
                ],
            );
        }
        if cpu % 128 == 0 {
            tree.files(
                &format!("sys/devices/system/node/node{socket}"),
                &[
                    ("cpulist", &package_cpus),
                    (
                        "meminfo",
                        &format!(
                            "Node {socket} MemTotal: 1000000 kB\nNode {socket} MemFree: 900000 kB"
                        ),
                    ),
                    ("distance", "10"),
                ],
            );
        }
    }
    let sockets = cpus.div_ceil(128);
    tree.files(
        "sys/devices/system/node",
        &[("online", &format!("0-{}", sockets - 1))],
    );
    tree.files("proc", &[("cpuinfo", &table)]);
}

struct Slot {
    name: String,
    folder: String,
    node: usize,
}

impl Slot {
    /// 32 devices of 8 functions on a bus, 16 buses in a domain.
    fn new(index: usize) -> Self {
        let (domain, bus) = (index / 4096, index / 256 % 16);
        let name = format!(
            "{domain:04x}:{bus:02x}:{:02x}.{}",
            index / 8 % 32,
            index % 8
        );
        Self {
            folder: format!("sys/devices/pci{domain:04x}:{bus:02x}/{name}"),
            name,
            node: index % 8,
        }
    }
}

fn function(tree: &mut Tree, slot: &Slot, index: usize, scale: Scale) {
    let (device, class, driver) = if index < scale.disks {
        ("0A54", "010802", Some("nvme"))
    } else if index < scale.disks + scale.nics {
        ("1572", "020000", Some("i40e"))
    } else {
        ("2030", "088000", None)
    };
    let modalias = modalias(device, class);
    // As `pci_uevent` of the kernel writes it.
    let bound = driver.map_or_else(String::new, |driver| format!("DRIVER={driver}\n"));
    let number = class.trim_start_matches('0');
    let name = &slot.name;
    let uevent = format!(
        "{bound}PCI_CLASS={number}\nPCI_ID=8086:{device}\nPCI_SUBSYS_ID=8086:0001\n\
         PCI_SLOT_NAME={name}\nMODALIAS={modalias}"
    );
    tree.files(
        &slot.folder,
        &[
            ("vendor", "0x8086"),
            ("device", &format!("0x{}", device.to_lowercase())),
            ("subsystem_vendor", "0x8086"),
            ("subsystem_device", "0x0001"),
            ("class", &format!("0x{class}")),
            ("revision", "0x02"),
            ("numa_node", &slot.node.to_string()),
            ("current_link_speed", "8.0 GT/s PCIe"),
            ("current_link_width", "4"),
            ("max_link_speed", "16.0 GT/s PCIe"),
            ("max_link_width", "8"),
            ("modalias", &modalias),
            ("uevent", &uevent),
        ],
    );
    tree.link("sys/bus/pci/devices", &slot.name, &slot.folder);
    let group = format!("sys/kernel/iommu_groups/{index}");
    tree.folder(&group);
    tree.link(&slot.folder, "iommu_group", &group);
    if let Some(driver) = driver {
        let target = format!("sys/bus/pci/drivers/{driver}");
        tree.folder(&target);
        tree.link(&slot.folder, "driver", &target);
    }
}

/// Of an Intel device, by its number and class in hexadecimal digits.
fn modalias(device: &str, class: &str) -> String {
    let (base, rest) = class.split_at(2);
    let (sub, interface) = rest.split_at(2);
    format!("pci:v00008086d0000{device}sv00008086sd00000001bc{base}sc{sub}i{interface}")
}

fn disk(tree: &mut Tree, slot: &Slot, index: usize) {
    let controller = format!("{}/nvme/nvme{index}", slot.folder);
    let name = format!("nvme{index}n1");
    let block = format!("{controller}/{name}");
    tree.files(
        &controller,
        &[
            ("model", "INTEL SSDPE2KX040T8"),
            ("serial", &format!("PHLJ{index:08}")),
            ("firmware_rev", "VDV10131"),
            ("transport", "pcie"),
            ("state", "live"),
            ("address", &slot.name),
        ],
    );
    tree.link(&controller, "device", &slot.folder);
    tree.files(
        &block,
        &[
            ("size", "7814037168"),
            ("ro", "0"),
            ("removable", "0"),
            ("dev", &format!("259:{index}")),
            ("wwid", &format!("eui.01000000{index:08x}5cd2e4")),
            ("uevent", "DEVTYPE=disk"),
        ],
    );
    tree.files(
        &format!("{block}/queue"),
        &[
            ("logical_block_size", "512"),
            ("physical_block_size", "4096"),
            ("rotational", "0"),
            ("zoned", "none"),
        ],
    );
    tree.folder(&format!("{block}/holders"));
    tree.link(&block, "device", &controller);
    tree.link("sys/block", &name, &block);
    tree.link("sys/class/block", &name, &block);
    tree.link("sys/class/nvme", &format!("nvme{index}"), &controller);
}

fn interface(tree: &mut Tree, slot: &Slot, index: usize) {
    let name = format!("eth{index}");
    let folder = format!("{}/net/{name}", slot.folder);
    let address = format!("52:54:00:00:{:02x}:{:02x}", index / 256, index % 256);
    tree.files(
        &folder,
        &[
            ("address", &address),
            ("mtu", "1500"),
            ("carrier", "1"),
            ("operstate", "up"),
            ("flags", "0x1003"),
            ("type", "1"),
            ("speed", "10000"),
            ("duplex", "full"),
            ("addr_assign_type", "0"),
            ("ifindex", &(index + 2).to_string()),
            ("iflink", &(index + 2).to_string()),
            ("uevent", &format!("INTERFACE={name}")),
        ],
    );
    tree.link(&folder, "device", &slot.folder);
    tree.link("sys/class/net", &name, &folder);
}
