//! Whether two inventories are of one machine.

use muster_model::Inventory;

use super::document::{Relation, RelationBy};

/// One machine if the firmware's UUID or serial number is the same; two if they are known and none
/// is. `machine-id` counts only where the firmware tells of one side at most, since installed images
/// are copied with theirs.
pub(super) fn tell(before: &Inventory, after: &Inventory) -> (Relation, RelationBy) {
    let uuid = alike(before.system.uuid.as_ref(), after.system.uuid.as_ref());
    let serial = alike(before.system.serial.as_ref(), after.system.serial.as_ref());
    let id = alike(
        before.host.machine_id.as_ref(),
        after.host.machine_id.as_ref(),
    );
    let relation = |same| match same {
        true => Relation::SameMachine,
        false => Relation::TwoMachines,
    };
    match (uuid, serial, id) {
        (Some(true), _, _) => (Relation::SameMachine, RelationBy::SystemUuid),
        (_, Some(true), _) => (Relation::SameMachine, RelationBy::SystemSerial),
        (Some(false), _, _) => (Relation::TwoMachines, RelationBy::SystemUuid),
        (_, Some(false), _) => (Relation::TwoMachines, RelationBy::SystemSerial),
        (_, _, Some(same)) => (relation(same), RelationBy::MachineId),
        (None, None, None) => (Relation::TwoMachines, RelationBy::Nothing),
    }
}

/// Whether both are known and the same.
fn alike(before: Option<&String>, after: Option<&String>) -> Option<bool> {
    Some(before? == after?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine(uuid: Option<&str>, serial: Option<&str>, id: Option<&str>) -> Inventory {
        let mut inventory = Inventory::default();
        inventory.system.uuid = uuid.map(str::to_owned);
        inventory.system.serial = serial.map(str::to_owned);
        inventory.host.machine_id = id.map(str::to_owned);
        inventory
    }

    #[test]
    fn the_firmware_counts_more_than_the_system() {
        let known = machine(Some("u"), Some("s"), Some("i"));
        let cases = [
            (known.clone(), Relation::SameMachine, RelationBy::SystemUuid),
            (
                machine(Some("other"), Some("s"), None),
                Relation::SameMachine,
                RelationBy::SystemSerial,
            ),
            (
                machine(Some("other"), Some("other"), Some("i")),
                Relation::TwoMachines,
                RelationBy::SystemUuid,
            ),
            (
                machine(None, Some("other"), Some("i")),
                Relation::TwoMachines,
                RelationBy::SystemSerial,
            ),
            (
                machine(None, None, Some("i")),
                Relation::SameMachine,
                RelationBy::MachineId,
            ),
            (
                machine(None, None, Some("other")),
                Relation::TwoMachines,
                RelationBy::MachineId,
            ),
            (
                machine(None, None, None),
                Relation::TwoMachines,
                RelationBy::Nothing,
            ),
        ];
        for (other, relation, by) in cases {
            assert_eq!(tell(&known, &other), (relation, by), "{other:?}");
            assert_eq!(tell(&other, &known), (relation, by), "{other:?}");
        }
    }
}
