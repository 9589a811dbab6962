//! NVIDIA's management library: loaded when an NVIDIA driver is bound, never required.

use nvml_wrapper::error::NvmlError;
use nvml_wrapper::{Device, Nvml};
use serde_json::{Value, json};

use crate::Fault;
use crate::source::Answer;

/// Every GPU that the library lists, as JSON. One that is lost, or that does not know a fact, has
/// null there.
pub(super) fn answer() -> Answer {
    let library = Nvml::init().map_err(fault)?;
    let count = library.device_count().map_err(fault)?;
    let gpus: Vec<Value> = (0..count)
        .filter_map(|index| library.device_by_index(index).ok())
        .map(|device| gpu(&device))
        .collect();
    Ok(Value::from(gpus).to_string().into_bytes())
}

fn gpu(device: &Device<'_>) -> Value {
    json!({
        "pci_slot": device.pci_info().ok().map(|pci| pci.bus_id),
        "model": device.name().ok(),
        "memory_bytes": device.memory_info().ok().map(|memory| memory.total),
        "uuid": device.uuid().ok(),
    })
}

fn fault(error: NvmlError) -> Fault {
    match error {
        NvmlError::LibloadingError(_) | NvmlError::LibraryNotFound => {
            Fault::Unsupported("libnvidia-ml.so.1 cannot be loaded".to_owned())
        }
        NvmlError::NoPermission => Fault::Denied,
        NvmlError::GpuLost => Fault::Vanished,
        other => Fault::Unsupported(other.to_string()),
    }
}
