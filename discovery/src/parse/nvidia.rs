//! What NVIDIA's driver says: the answer of its management library as `source` asks it, and the
//! text files that the kernel module keeps in `proc/driver/nvidia`.

use serde::Deserialize;

use super::pci_function::slot_key;
use crate::Fault;

/// One GPU.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct NvidiaGpu {
    pub(crate) pci_slot: Option<String>,
    pub(crate) model: Option<String>,
    pub(crate) memory_bytes: Option<u64>,
    pub(crate) uuid: Option<String>,
}

/// Reads the library's answer.
///
/// # Errors
/// When it is not the JSON that `Query::Nvml` promises.
pub(crate) fn parse_library(answer: &[u8]) -> Result<Vec<NvidiaGpu>, Fault> {
    let gpus: Vec<NvidiaGpu> = serde_json::from_slice(answer)
        .map_err(|error| Fault::Malformed(format!("NVML: {error}")))?;
    Ok(gpus
        .into_iter()
        .map(|gpu| NvidiaGpu {
            pci_slot: gpu.pci_slot.as_deref().and_then(slot),
            ..gpu
        })
        .collect())
}

/// Reads `gpus/SLOT/information`.
pub(crate) fn parse_information(text: &str) -> NvidiaGpu {
    let value = |key: &str| {
        let mut pairs = text.lines().filter_map(|line| line.split_once(':'));
        let (_, value) = pairs.find(|(name, _)| name.trim() == key)?;
        // Question marks stand where the driver has not yet asked the board.
        Some(value.trim().to_owned()).filter(|value| !value.is_empty() && !value.contains('?'))
    };
    NvidiaGpu {
        pci_slot: value("Bus Location").as_deref().and_then(slot),
        model: value("Model"),
        memory_bytes: None,
        uuid: value("GPU UUID"),
    }
}

/// The library writes eight digits of domain, and capitals: `00000000:3B:00.0`.
fn slot(text: &str) -> Option<String> {
    let (domain, bus, device, function) = slot_key(&text.to_ascii_lowercase())?;
    Some(format!("{domain:04x}:{bus:02x}:{device:02x}.{function:x}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_library() {
        let answer = br#"[{"pci_slot":"00000000:3B:00.0","model":"H100","memory_bytes":85899345920,"uuid":"GPU-1"},
            {"pci_slot":null,"uuid":null}]"#;
        let gpus = parse_library(answer).unwrap();
        assert_eq!(gpus[0].pci_slot.as_deref(), Some("0000:3b:00.0"));
        assert_eq!(gpus[0].memory_bytes, Some(85_899_345_920));
        assert_eq!(gpus[1], NvidiaGpu::default());
        assert!(parse_library(b"{").is_err());
    }

    #[test]
    fn reads_the_information_file() {
        let text = "Model: \t\t NVIDIA H100 80GB HBM3\nIRQ:   \t\t 16\nGPU UUID: \t GPU-1b2c\n\
                    Video BIOS: \t ??.??\nBus Location: \t 0000:3b:00.0\n";
        let gpu = parse_information(text);
        assert_eq!(gpu.model.as_deref(), Some("NVIDIA H100 80GB HBM3"));
        assert_eq!(gpu.uuid.as_deref(), Some("GPU-1b2c"));
        assert_eq!(gpu.pci_slot.as_deref(), Some("0000:3b:00.0"));
        let asleep = parse_information("GPU UUID: \t GPU-????????-????\nModel:\n");
        assert_eq!(asleep, NvidiaGpu::default());
    }
}
