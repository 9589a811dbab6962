//! Takes a machine in, and looks at it again each time that it asks.

use std::net::IpAddr;
use std::sync::Arc;

use muster_model::{Inventory, NodeStatus};
use muster_proto::v1;

use super::credit::Credit;
use super::judging::judged;
use super::rules::{Newcomer, grant};
use super::{Admission, AdmissionError, Asking, request};
use crate::authority::Request;
use crate::lifecycle::Event;
use crate::record::{NodeRecord, TokenRecord};
use crate::store::{StoreError, Transaction, Write};
use crate::token;

/// So often others may be quicker before it is given up.
const MOST_RACES: usize = 8;

impl Admission {
    /// Takes in a machine that asks for the first time; others may take uses of the same token meanwhile.
    pub(super) async fn take_in(
        &self,
        asking: &Asking<'_>,
        mut token: TokenRecord,
        request: &Request,
    ) -> Result<Arc<NodeRecord>, AdmissionError> {
        let Asking { asked, from } = *asking;
        let inventory = request::inventory(asked)?;
        let mut newcomer = request::record(asked, &inventory, self.fleet.now())?;
        newcomer.public_key = request.key_digest();
        let arrival = self.arrivals.enter(newcomer.identities()).await;
        for _ in 0..MOST_RACES {
            let record = newcomer.clone();
            match self.admit(asked, &inventory, &token, record, from).await {
                Err(AdmissionError::Store(StoreError::Conflict { .. })) => {
                    // The same machine asked twice at once.
                    if let Some((record, _)) = self.fleet.node(&asked.node_id) {
                        let is_same = record.public_key == request.key_digest();
                        return is_same.then_some(record).ok_or(AdmissionError::OtherKey);
                    }
                    // Others had the last use of the token.
                    token = self.token(&asked.token).await?;
                }
                Err(error) => return Err(error),
                Ok(record) => {
                    drop(arrival);
                    let credit = Credit::of(&token, &record, self.fleet.now());
                    return self.decide(record, &inventory, credit, from).await;
                }
            }
        }
        let what = format!("token {}", token.id);
        Err(StoreError::Conflict { what }.into())
    }

    /// One use of the token, the record and its inventory, together or not at all.
    async fn admit(
        &self,
        asked: &v1::EnrollRequest,
        inventory: &Inventory,
        token: &TokenRecord,
        mut record: NodeRecord,
        from: Option<IpAddr>,
    ) -> Result<Arc<NodeRecord>, AdmissionError> {
        let role = v1::Role::try_from(asked.role)
            .ok()
            .and_then(v1::Role::known);
        token::admits(token, role, &record.name, self.fleet.now())?;
        record.role = role.or(token.role);
        record.token = Some(token.id.clone());
        record.labels.extend(token.labels.clone());
        record.taints.extend(token.taints.clone());
        record.address = Some(asked.address.clone())
            .filter(|address| !address.is_empty())
            .or(from.map(|from| from.to_string()));
        let verdict = self.judge(inventory);
        (record.status, record.reason) = judged(&verdict, record.role);
        let mut more = vec![
            Write::UseToken {
                id: token.id.clone(),
            },
            Write::Inventory {
                node: record.id.clone(),
                content: content(asked),
            },
        ];
        if let Some(twin) = self.twin(&record) {
            more.push(
                self.fleet
                    .event(&twin.node, "twin_quarantined", twin.told(&record)),
            );
            record.reason = format!("quarantined: {}; {}", twin.reason(), record.reason);
            record.quarantine = Some(twin.reason());
        }
        Ok(self.fleet.admit(record, more).await?)
    }

    /// Looks again at a machine that waits: it may be another by now, its twin may be gone, a rule may fit.
    pub(super) async fn look_again(
        &self,
        asking: &Asking<'_>,
        mut record: Arc<NodeRecord>,
    ) -> Result<Arc<NodeRecord>, AdmissionError> {
        let Asking { asked, from } = *asking;
        let has_changed = record.inventory_digest != request::digest(asked);
        if has_changed {
            record = self.describe_again(asked, &record).await?;
        }
        if has_changed || record.quarantine.is_some() {
            record = self.look_at_quarantine(record).await?;
        }
        let credit = self.credit(asking, &record).await?;
        if !self.may_decide(&record, credit.as_ref()) {
            return Ok(record);
        }
        let inventory = request::inventory(asked)?;
        self.decide(record, &inventory, credit, from).await
    }

    /// Whether anything could accept it.
    fn may_decide(&self, record: &NodeRecord, credit: Option<&Credit>) -> bool {
        let is_open = record.status == NodeStatus::Candidate && record.quarantine.is_none();
        let accepts = |credit: &Credit| !self.rules.is_empty() || credit.token().auto_accept;
        is_open && credit.is_some_and(accepts)
    }

    /// Takes over what the machine is now, and judges it anew.
    async fn describe_again(
        &self,
        asked: &v1::EnrollRequest,
        record: &NodeRecord,
    ) -> Result<Arc<NodeRecord>, AdmissionError> {
        let inventory = request::inventory(asked)?;
        let content = Write::Inventory {
            node: record.id.clone(),
            content: content(asked),
        };
        let writes = vec![content];
        self.fleet.store().commit(Transaction { writes }).await?;
        let edit = |record: &mut NodeRecord| request::describe(record, asked, &inventory);
        let edited = self
            .fleet
            .edit(&record.id, "asked again with another inventory", edit)
            .await?;
        let (status, reason) = judged(&self.judge(&inventory), record.role);
        let event = match status {
            NodeStatus::Inadequate => Event::FoundInadequate,
            _ => Event::FoundAdequate,
        };
        let found = self.fleet.happen(&record.id, event, &reason).await?;
        Ok(found.unwrap_or(edited))
    }

    /// Accepts a candidate whose token counts if a rule fits it.
    async fn decide(
        &self,
        record: Arc<NodeRecord>,
        inventory: &Inventory,
        credit: Option<Credit>,
        from: Option<IpAddr>,
    ) -> Result<Arc<NodeRecord>, AdmissionError> {
        let credit = credit.filter(|credit| self.may_decide(&record, Some(credit)));
        let Some(credit) = credit else {
            return Ok(record);
        };
        let newcomer = Newcomer {
            record: &record,
            token: Some(credit.token()),
            inventory,
            verdict: &self.judge(inventory),
            from,
        };
        let Some(grant) = grant(&self.rules, &newcomer) else {
            return Ok(record);
        };
        let give = |record: &mut NodeRecord| {
            record.role = Some(grant.role);
            record.labels.extend(grant.labels.clone());
            record.taints.extend(grant.taints.clone());
            credit.spend(record)
        };
        let accepted = self
            .fleet
            .happen_with(&record.id, Event::Accept, &grant.reason, give);
        Ok(accepted.await?.unwrap_or(record))
    }
}

fn content(asked: &v1::EnrollRequest) -> Vec<u8> {
    let document = asked.inventory.as_ref();
    document.map_or_else(Vec::new, |document| document.content.clone())
}
