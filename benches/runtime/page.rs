//! What a look at the topology page costs.

use std::sync::Arc;

use albedo::page::Vantage;
use tokio::sync::watch;

use super::table::Table;
use super::timed::cpu_of;
use super::town::{Keeper, Town};

/// How long a page may take, in seconds.
const PAGE_MAX: f64 = 1.0;

/// Looks at the pages that go through everything, and at one group.
pub fn measure(town: &Town, keeper: &Keeper, table: &mut Table) {
    let vantage = Vantage {
        settings: Arc::clone(&town.site.cluster.settings),
        world: keeper.runtime.world().clone(),
        mirror: keeper.runtime.mirror().clone(),
        clock: keeper.clock,
        leader: watch::channel(None).1,
        namespace: "kube-system".to_owned(),
        port: 61780,
    };
    for (what, path, query) in [
        ("all hosts, the first page", "/", ""),
        ("all hosts, the last page", "/", "page=1000000"),
        ("a search that finds one", "/", "q=web-77"),
        ("a search that finds nothing", "/", "q=nothing"),
        ("those that are unhealthy", "/", "only=unhealthy"),
        ("one group", "/group", "name=g7"),
        ("all problems", "/problems", ""),
    ] {
        let mut length = 0;
        let took = cpu_of(|| {
            let answer = vantage.answer(path, query, false);
            assert_eq!(answer.status, 200, "{path}?{query}");
            length = answer.body.len();
        });
        let of = format!("topology page, {} Ingresses: {what}", town.size);
        table.row(&of, took.as_secs_f64(), PAGE_MAX, "s");
        table.note("  of HTML", f64::from(u32::try_from(length).unwrap()) / 1024.0, "KiB");
    }
}
