//! systemd's manager on the system's message bus, as org.freedesktop.systemd1(5) describes it. The agent asks it about workloads, an
//! installation about its service.

use zbus::proxy::CacheProperties;
use zbus::{Connection, OwnedObjectPath};

/// A process, as systemd lists them: control group, process id and command line.
pub(crate) type Process = (String, u32, String);

#[zbus::proxy(
    interface = "org.freedesktop.systemd1.Manager",
    default_service = "org.freedesktop.systemd1",
    default_path = "/org/freedesktop/systemd1"
)]
pub(crate) trait Manager {
    fn load_unit(&self, name: &str) -> zbus::Result<OwnedObjectPath>;
    fn start_unit(&self, name: &str, mode: &str) -> zbus::Result<OwnedObjectPath>;
    fn stop_unit(&self, name: &str, mode: &str) -> zbus::Result<OwnedObjectPath>;
    fn kill_unit(&self, name: &str, whom: &str, signal: i32) -> zbus::Result<()>;
    fn get_unit_processes(&self, name: &str) -> zbus::Result<Vec<Process>>;
}

#[zbus::proxy(
    interface = "org.freedesktop.systemd1.Unit",
    default_service = "org.freedesktop.systemd1"
)]
pub(crate) trait Unit {
    #[zbus(property)]
    fn load_state(&self) -> zbus::Result<String>;
    #[zbus(property)]
    fn active_state(&self) -> zbus::Result<String>;
    #[zbus(property)]
    fn job(&self) -> zbus::Result<(u32, OwnedObjectPath)>;
    #[zbus(property)]
    fn wants(&self) -> zbus::Result<Vec<String>>;
    #[zbus(property)]
    fn requires(&self) -> zbus::Result<Vec<String>>;
    #[zbus(property)]
    fn consists_of(&self) -> zbus::Result<Vec<String>>;
    #[zbus(property)]
    fn bound_by(&self) -> zbus::Result<Vec<String>>;
    #[zbus(property)]
    fn required_by(&self) -> zbus::Result<Vec<String>>;
}

/// A connection to the manager of the machine's services.
pub(crate) async fn manager() -> zbus::Result<ManagerProxy<'static>> {
    let connection = Connection::system().await?;
    ManagerProxy::builder(&connection)
        .cache_properties(CacheProperties::No)
        .build()
        .await
}

/// A unit, which is loaded for that; also where there is none of that name.
pub(crate) async fn unit(
    manager: &ManagerProxy<'_>,
    name: &str,
) -> zbus::Result<UnitProxy<'static>> {
    UnitProxy::builder(manager.inner().connection())
        .path(manager.load_unit(name).await?)
        .cache_properties(CacheProperties::No)
        .build()
        .await
}
