//! The one line that makes a machine a node.

use muster_proto::v1;

use super::connect::{Door, told};
use super::{Ask, note};
use crate::command::cli::ImportArguments;
use crate::command::oneline::{Line, address};
use crate::command::show::{self, Import, Sheet};
use crate::exit::{Ended, Exit};

impl Ask {
    pub(super) async fn import(&mut self, arguments: ImportArguments) -> anyhow::Result<Exit> {
        let asked = v1::GetInstallationRequest {};
        let installation = self.client.get_installation(asked).await.map_err(told)?;
        let installation = installation.into_inner();
        let address = self.address(&arguments, &installation)?;
        let folder = arguments.from.as_deref().map(|folder| folder.to_str());
        if folder.is_some_and(|folder| folder.is_none_or(|it| it.chars().any(char::is_control))) {
            let message = "the folder of --from has a name that cannot be told in one line";
            return Err(Ended::with(Exit::Usage, message));
        }
        let folder = folder.flatten();
        if folder.is_none() && !installation.problem.is_empty() {
            return Err(Ended::with(Exit::Failed, installation.problem));
        }
        let created = self.client.create_token(request(&arguments)).await;
        let created = created.map_err(told)?.into_inner();
        let line = Line {
            token: &created.token,
            address: &address,
            root_sha256: &installation.root_sha256,
            name: arguments.name.as_deref(),
            proxy: arguments.proxy.as_deref(),
            carried: folder.map(|folder| (folder, installation.script_sha256.as_str())),
        };
        let import = Import {
            command: &line.text(),
            address: &address,
            created: &created,
            installation: &installation,
        };
        let sheet = Sheet::new(arguments.output);
        let text = show::import(&import, &sheet)?;
        if sheet.room.is_some() {
            note(&told_of(&created));
        }
        self.print(&text)
    }

    /// What the administrator says, or reaches this controller by, or what is in its certificate.
    fn address(
        &self,
        arguments: &ImportArguments,
        installation: &v1::GetInstallationResponse,
    ) -> anyhow::Result<String> {
        let own = match &self.door {
            Door::Remote(server, _) => Some(server.as_str()),
            Door::Socket(_) => None,
        };
        let asked = arguments.address.as_deref().or(own);
        let port = u16::try_from(installation.port).unwrap_or_default();
        let address = address(asked, &installation.names, port);
        address.map_err(|error| Ended::with(Exit::Usage, error.to_string()))
    }
}

fn request(arguments: &ImportArguments) -> v1::CreateTokenRequest {
    let role = arguments.role;
    v1::CreateTokenRequest {
        role: role.map_or(v1::Role::Unspecified, v1::Role::from).into(),
        ttl_s: u32::try_from(arguments.ttl.as_secs()).unwrap_or(u32::MAX),
        uses: arguments.uses,
        name: arguments.name.clone().unwrap_or_default(),
        labels: arguments.labels.iter().cloned().collect(),
        taints: arguments.taints.clone(),
        auto_accept: arguments.auto_accept,
    }
}

/// For whoever sees the line.
fn told_of(created: &v1::CreateTokenResponse) -> String {
    let record = created.record.clone().unwrap_or_default();
    let ends = jiff::Timestamp::from_second(record.expires_unix_ms / 1000);
    let ends = ends.map_or_else(|_| String::new(), |ends| format!(" until {ends}"));
    let machines = match record.uses_left {
        1 => "one machine".to_owned(),
        many => format!("{many} machines"),
    };
    format!(
        "paste it into a shell of the machine; it admits {machines}{ends}, and `muster-controller tokens revoke {}` ends it",
        record.id
    )
}
