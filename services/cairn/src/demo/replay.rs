//! Sending a plan its feed, and holding what telemetry makes of each value against what it must.

use contracts::telemetry::BatchReceipt;
use serde_json::{Value, json};

use super::api::Api;
use super::feed::{Fate, Reading};
use super::load::Plan;
use super::{Error, Result};

/// Sends both deliveries. What was sent before is stored once all the same.
pub(super) async fn send(api: &mut Api<'_>, plan: &Plan<'_>) -> Result<()> {
    let (mut sent, mut accepted, mut duplicate, mut refused) = (0, 0, 0, 0);
    for delivery in plan.feed.deliveries.iter().filter(|delivery| !delivery.is_empty()) {
        let values: Vec<Value> = delivery.iter().map(|reading| reading.to_json(plan.assignment)).collect();
        let receipt: BatchReceipt = api.post("/telemetry/v1/values", &json!({ "values": values })).await?;
        check(delivery, &receipt)?;
        sent += receipt.sent;
        accepted += receipt.accepted;
        duplicate += receipt.duplicate;
        refused += receipt.refused;
    }
    let Plan { customer, name, .. } = plan;
    api.tell(&format!(
        "{customer}, {name}: sent {sent} values; {accepted} stored, {duplicate} known already, {refused} refused"
    ));
    Ok(())
}

/// Refused is what must be, for the right reason, and nothing else. Whether a value is new depends on earlier runs.
fn check(delivery: &[Reading<'_>], receipt: &BatchReceipt) -> Result<()> {
    let told = |index: usize| receipt.refusals.iter().find(|told| usize::try_from(told.index) == Ok(index));
    let mut faults = Vec::new();
    for (index, reading) in delivery.iter().enumerate() {
        let fault = match (reading.fate, told(index)) {
            (Fate::Refused(code), Some(told)) if told.code == code => continue,
            (Fate::Accepted | Fate::Duplicate, None) => continue,
            (Fate::Refused(code), told) => format!("must be refused as {code}, not {:?}", told.map(|told| told.code)),
            (_, Some(told)) => format!("{}: {}", told.code, told.detail),
        };
        faults.push(format!("{}: {fault}", reading.event_id));
    }
    if receipt.accepted + receipt.duplicate + receipt.refused != delivery.len() {
        faults.push(format!("{} values were sent, but {receipt:?}", delivery.len()));
    }
    if faults.is_empty() { Ok(()) } else { Err(Error::Misjudged(faults)) }
}
