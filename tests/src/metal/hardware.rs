//! The hardware of the emulated machine, written down once: the emulator's command line and the
//! facts expected of an inventory both come from these values.

use std::path::Path;

/// A whole machine.
pub struct Hardware {
    /// What the firmware says of it.
    pub firmware: Firmware,
    /// Memory of each NUMA node in MiB, and the processors in it.
    pub nodes: Vec<(u64, &'static str)>,
    /// Network interfaces.
    pub nics: Vec<Nic>,
    /// Disks.
    pub disks: Vec<Disk>,
}

/// What the firmware says: SMBIOS strings.
pub struct Firmware {
    /// Type 0: vendor, version, date, revision.
    pub bios: [&'static str; 4],
    /// Type 1: manufacturer, product, version, serial, UUID, SKU, family.
    pub system: [&'static str; 7],
    /// Type 2: manufacturer, product, version, serial, asset tag.
    pub board: [&'static str; 5],
    /// Type 3: manufacturer, serial, asset tag.
    pub chassis: [&'static str; 3],
    /// Type 17: locator prefix, bank, manufacturer, serial, asset tag, part number.
    pub module: [&'static str; 6],
    /// Type 17: speed in MT/s.
    pub module_mts: u32,
    /// Firmware of the management controller: major and minor.
    pub bmc: [u8; 2],
    /// Model name of the processors.
    pub processor: &'static str,
}

/// A network interface.
pub struct Nic {
    /// The emulator's device.
    pub device: &'static str,
    /// Address.
    pub mac: &'static str,
    /// The root port that it is in, or the bus.
    pub bus: &'static str,
    /// The kernel's driver.
    pub driver: &'static str,
    /// `vendor:device`.
    pub device_id: &'static str,
    /// Node of its bus.
    pub numa_node: Option<u32>,
}

/// How a disk is attached.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Attach {
    /// virtio-blk: the root file system.
    Virtio,
    /// NVM Express.
    Nvme,
    /// A volume of a MegaRAID controller.
    Raid,
    /// A SAS host adapter.
    Sas,
    /// AHCI.
    Sata,
    /// USB mass storage.
    Usb,
}

/// A disk.
pub struct Disk {
    /// How it is attached.
    pub attach: Attach,
    /// Size in MiB.
    pub mib: u64,
    /// Vendor, where its protocol has one.
    pub vendor: Option<&'static str>,
    /// Model; `None` where the protocol has none.
    pub model: Option<&'static str>,
    /// Serial number.
    pub serial: &'static str,
    /// World-wide name.
    pub wwn: Option<&'static str>,
    /// Firmware revision.
    pub revision: Option<&'static str>,
    /// Revolutions a minute; 1 is a solid-state disk, 0 says nothing.
    pub rpm: u32,
}

impl Hardware {
    /// The machine of the tests: two sockets and nodes, a disk of each kind and four kinds of
    /// network interface, a management controller, a TPM, a watchdog, an IOMMU.
    pub fn standard() -> Self {
        Self {
            firmware: FIRMWARE,
            nodes: vec![(1024, "0-3"), (512, "4-7")],
            nics: nics(),
            disks: disks(),
        }
    }

    /// Memory in MiB.
    pub fn mib(&self) -> u64 {
        self.nodes.iter().map(|(mib, _)| mib).sum()
    }

    /// The disk that is attached so, the first if there are several.
    ///
    /// # Panics
    /// When there is none.
    pub fn disk(&self, attach: Attach) -> &Disk {
        let found = self.disks.iter().find(|disk| disk.attach == attach);
        found.expect("the machine has such a disk")
    }

    /// The emulator's arguments for the hardware; `folder` holds the disks, `root` is the image of
    /// the root file system.
    pub(super) fn arguments(&self, folder: &Path, root: &Path) -> Vec<String> {
        let mut arguments = words(
            "-nodefaults -no-user-config -display none -M q35 -accel tcg,thread=multi \
             -smp 8,sockets=2,cores=2,threads=2 -device intel-iommu,intremap=off",
        );
        let cpu = format!(
            "max,vendor=GenuineIntel,family=6,model=106,stepping=6,model-id={}",
            self.firmware.processor
        );
        arguments.extend(["-cpu".to_owned(), cpu]);
        self.memory(&mut arguments);
        self.firmware.arguments(&mut arguments);
        // The medium of a disk to plug in: `drive=hot`.
        arguments.extend(words(
            "-drive driver=null-co,size=128M,read-zeroes=on,if=none,id=hot",
        ));
        ports(&mut arguments);
        for (index, disk) in self.disks.iter().enumerate() {
            disk.arguments(index, folder, root, &mut arguments);
        }
        for (index, nic) in self.nics.iter().enumerate() {
            let netdev = format!("user,id=net{index},restrict=on");
            let device = format!(
                "{},netdev=net{index},mac={},bus={}",
                nic.device, nic.mac, nic.bus
            );
            arguments.extend(["-netdev".to_owned(), netdev, "-device".to_owned(), device]);
        }
        arguments
    }

    fn memory(&self, arguments: &mut Vec<String>) {
        arguments.extend(["-m".to_owned(), format!("{}M", self.mib())]);
        for (id, (mib, cpus)) in self.nodes.iter().enumerate() {
            arguments.extend([
                "-object".to_owned(),
                format!("memory-backend-ram,id=ram{id},size={mib}M"),
                "-numa".to_owned(),
                format!("node,nodeid={id},cpus={cpus},memdev=ram{id}"),
            ]);
        }
        arguments.extend(words("-numa dist,src=0,dst=1,val=21"));
    }
}

const FIRMWARE: Firmware = Firmware {
    bios: ["Granite Firmware", "4.2.1", "03/14/2025", "4.6"],
    system: [
        "Granite Systems",
        "GX-2200",
        "B2",
        "GX22-000417",
        "7c1f5f5c-3c36-4a5e-9d5b-6a2b0e8c1d11",
        "GX2200-8",
        "GX",
    ],
    board: ["Granite Boards", "MB-22", "1.1", "MB-99817", "A-17"],
    chassis: ["Granite Metalworks", "CH-5521", "RACK7-U12"],
    module: ["DIMM", "BANK", "Rambus", "0A1B2C3D", "DA-1", "RB-8G-3200"],
    module_mts: 3200,
    bmc: [7, 0x10],
    processor: "Granite G8 @ 2.00GHz",
};

impl Firmware {
    fn arguments(&self, arguments: &mut Vec<String>) {
        let [vendor, version, date, revision] = self.bios;
        let mut smbios = |text: String| arguments.extend(["-smbios".to_owned(), text]);
        smbios(format!(
            "type=0,vendor={vendor},version={version},date={date},release={revision},uefi=on"
        ));
        let [maker, product, version, serial, uuid, sku, family] = self.system;
        smbios(format!(
            "type=1,manufacturer={maker},product={product},version={version},serial={serial},\
             uuid={uuid},sku={sku},family={family}"
        ));
        let [maker, product, version, serial, asset] = self.board;
        smbios(format!(
            "type=2,manufacturer={maker},product={product},version={version},serial={serial},\
             asset={asset}"
        ));
        let [maker, serial, asset] = self.chassis;
        smbios(format!(
            "type=3,manufacturer={maker},version=1,serial={serial},asset={asset}"
        ));
        let [locator, bank, maker, serial, asset, part] = self.module;
        smbios(format!(
            "type=17,loc_pfx={locator},bank={bank},manufacturer={maker},serial={serial},\
             asset={asset},part={part},speed={}",
            self.module_mts
        ));
        let [major, minor] = self.bmc;
        arguments.extend([
            "-device".to_owned(),
            format!("ipmi-bmc-sim,id=bmc0,fwrev1={major},fwrev2={minor}"),
        ]);
        arguments.extend(words("-device isa-ipmi-kcs,bmc=bmc0"));
    }
}

/// Root ports, with two empty ones to plug into, and a root complex of the second node.
fn ports(arguments: &mut Vec<String>) {
    for (id, slot) in [
        ("port1", 1),
        ("port2", 2),
        ("port3", 3),
        ("port4", 4),
        ("port5", 5),
        ("port6", 6),
        ("spare1", 7),
        ("spare2", 8),
    ] {
        let device = format!("pcie-root-port,id={id},chassis={slot},slot={slot},addr={slot:#x}");
        arguments.extend(["-device".to_owned(), device]);
    }
    arguments.extend(words(
        "-device pxb-pcie,id=far,bus_nr=128,numa_node=1,addr=0x10 \
         -device pcie-root-port,id=far1,bus=far,chassis=20,slot=20 \
         -device megasas,id=raid,bus=port3 -device mptsas1068,id=sas,bus=pcie.0 \
         -device qemu-xhci,id=usb,bus=port4 -device usb-tablet,bus=usb.0 \
         -device i6300esb,bus=pcie.0 -device bochs-display,bus=pcie.0",
    ));
}

impl Disk {
    fn arguments(&self, index: usize, folder: &Path, root: &Path, arguments: &mut Vec<String>) {
        let (file, snapshot) = match self.attach {
            Attach::Virtio => (root.to_owned(), "on"),
            _ => (folder.join(format!("disk{index}.img")), "off"),
        };
        let drive = format!(
            "file={},format=raw,if=none,id=disk{index},snapshot={snapshot}",
            file.display()
        );
        arguments.extend(["-drive".to_owned(), drive]);
        let device = match self.attach {
            Attach::Virtio => "virtio-blk-pci,bus=port1",
            Attach::Nvme => "nvme,bus=port2",
            Attach::Raid => "scsi-hd,bus=raid.0",
            Attach::Sas => "scsi-hd,bus=sas.0",
            Attach::Sata => "ide-hd,bus=ide.0",
            Attach::Usb => "usb-storage,bus=usb.0,removable=on",
        };
        let mut device = format!("{device},drive=disk{index},serial={}", self.serial);
        let model = match self.attach {
            Attach::Sata => "model",
            _ => "product",
        };
        let scsi = matches!(self.attach, Attach::Raid | Attach::Sas);
        if scsi || self.attach == Attach::Sata {
            for (name, value) in [
                (model, self.model),
                ("vendor", self.vendor),
                ("wwn", self.wwn),
                ("ver", self.revision),
            ] {
                if let Some(value) = value {
                    device.push_str(&format!(",{name}={value}"));
                }
            }
            device.push_str(&format!(",rotation_rate={}", self.rpm));
        }
        arguments.extend(["-device".to_owned(), device]);
    }
}

fn nics() -> Vec<Nic> {
    let nic = |device, mac, bus, driver, device_id, numa_node| Nic {
        device,
        mac,
        bus,
        driver,
        device_id,
        numa_node,
    };
    vec![
        nic(
            "e1000e",
            "52:54:00:04:17:01",
            "port5",
            "e1000e",
            "8086:10d3",
            None,
        ),
        nic(
            "vmxnet3",
            "52:54:00:04:17:02",
            "port6",
            "vmxnet3",
            "15ad:07b0",
            None,
        ),
        nic(
            "virtio-net-pci",
            "52:54:00:04:17:03",
            "far1",
            "virtio_net",
            "1af4:1041",
            Some(1),
        ),
        nic(
            "rtl8139",
            "52:54:00:04:17:04",
            "pcie.0",
            "8139cp",
            "10ec:8139",
            None,
        ),
    ]
}

fn disks() -> Vec<Disk> {
    let blank = Disk {
        attach: Attach::Virtio,
        mib: 256,
        vendor: None,
        model: None,
        serial: "",
        wwn: None,
        revision: None,
        rpm: 0,
    };
    let sas = |serial, wwn, rpm| Disk {
        attach: Attach::Sas,
        vendor: Some("HGST"),
        model: Some("HUC101212CSS600"),
        serial,
        wwn: Some(wwn),
        revision: Some("U5E0"),
        rpm,
        ..blank
    };
    vec![
        Disk {
            mib: 700,
            serial: "ROOT0001",
            ..blank
        },
        Disk {
            attach: Attach::Nvme,
            // Large enough to be of use; a file without blocks.
            mib: 16 << 10,
            model: Some("QEMU NVMe Ctrl"),
            serial: "NV-20417",
            ..blank
        },
        Disk {
            attach: Attach::Raid,
            vendor: Some("SEAGATE"),
            model: Some("ST1200MM0088"),
            serial: "Z4A00417",
            wwn: Some("0x5000c500a1b2c3d4"),
            revision: Some("TT31"),
            rpm: 10500,
            ..blank
        },
        sas("L0G417A1", "0x5000cca05c1f0001", 10000),
        sas("L0G417A2", "0x5000cca05c1f0002", 1),
        Disk {
            attach: Attach::Sata,
            model: Some("WDC_WD4003FRYZ-01F0DB0"),
            serial: "VBG417R7",
            wwn: Some("0x50014ee2b1a2c3d4"),
            revision: Some("01.01H01"),
            rpm: 7200,
            ..blank
        },
        Disk {
            attach: Attach::Usb,
            vendor: Some("QEMU"),
            model: Some("QEMU HARDDISK"),
            serial: "USB417",
            ..blank
        },
    ]
}

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}
