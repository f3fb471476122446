//! Many events, a few at a time: all of them at once would take more memory than the rows they tell of.

use contracts::{Aggregate, EventType};
use db::Tx;
use kernel::Problem;

use crate::statements::AT_ONCE;

/// Announces what became of rows, each with what it was before.
pub(crate) async fn announce<Row, View: Aggregate + From<Row>>(
    tx: &mut Tx,
    event: &EventType<View>,
    rows: impl IntoIterator<Item = (Option<Row>, Row)>,
) -> Result<(), Problem> {
    let mut rows = rows.into_iter();
    loop {
        let some = rows.by_ref().take(AT_ONCE).map(|(before, after)| (before.map(View::from), View::from(after)));
        let views: Vec<(Option<View>, View)> = some.collect();
        if views.is_empty() {
            return Ok(());
        }
        tx.announce_all(event, views.iter().map(|(before, after)| (before.as_ref(), after))).await?;
    }
}
