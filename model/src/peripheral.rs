//! USB, management controller, sensors, IOMMU, watchdogs.

use serde::{Deserialize, Serialize};

/// One USB device.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct UsbDevice {
    /// Port path, such as `1-1.4`.
    pub path: String,
    /// Four hexadecimal digits.
    pub vendor_id: Option<String>,
    /// Four hexadecimal digits.
    pub product_id: Option<String>,
    /// Manufacturer, from the device or the hardware database.
    pub vendor: Option<String>,
    /// Product, likewise.
    pub product: Option<String>,
    /// Serial number.
    pub serial: Option<String>,
    /// Negotiated speed.
    pub speed_mbps: Option<f64>,
    /// Class, two hexadecimal digits.
    pub class: Option<String>,
    /// Drivers of its interfaces.
    pub drivers: Vec<String>,
}

/// Baseboard management controller.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Bmc {
    /// Whether there is one.
    pub present: Option<bool>,
    /// How the host talks to it: `kcs`, `smic`, `bt`, `ssif`.
    pub interface: Option<String>,
    /// Firmware as `major.minor`.
    pub firmware: Option<String>,
    /// LAN address.
    pub ipv4: Option<String>,
    /// LAN address.
    pub ipv6: Option<String>,
    /// LAN hardware address.
    pub mac: Option<String>,
}

/// One reading of a sensor.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Sensor {
    /// Chip, such as `coretemp`.
    pub chip: String,
    /// Label from the driver, or the channel, such as `temp1`.
    pub label: String,
    /// What it measures.
    pub kind: Option<SensorKind>,
    /// Reading.
    pub value: Option<f64>,
    /// Unit of the reading: `°C`, `V`, `A`, `W`, `J`, `rpm`, `%`.
    pub unit: Option<String>,
    /// Whether the chip raises an alarm.
    pub alarm: Option<bool>,
}

/// What a sensor measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum SensorKind {
    /// Temperature.
    Temperature,
    /// Voltage.
    Voltage,
    /// Current.
    Current,
    /// Power.
    Power,
    /// Energy.
    Energy,
    /// Revolutions of a fan.
    Fan,
    /// Relative humidity.
    Humidity,
}

/// I/O memory management unit.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Iommu {
    /// Whether devices are translated.
    pub enabled: Option<bool>,
    /// Such as `intel`, `amd`, `smmu`, `virtio`.
    pub kind: Option<String>,
}

/// One watchdog.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Watchdog {
    /// Kernel name, such as `watchdog0`.
    pub name: String,
    /// Driver's identity.
    pub identity: Option<String>,
    /// Seconds until it fires.
    pub timeout_s: Option<u32>,
    /// Whether it runs.
    pub active: Option<bool>,
}
