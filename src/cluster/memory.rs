//! How what is remembered is written down: each entry in a ConfigMap of its own, so that none is
//! too large for all, or keeps others from being read.
//!
//! Fields that are added later have defaults, and what is not known is skipped, so versions read
//! each other's entries. Where that is not enough the number goes up: then older versions leave
//! alone what newer ones wrote.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use k8s_openapi::api::core::v1::ConfigMap;
use serde::Deserialize;
use serde_json::Value;

use crate::model::group::Group;
use crate::model::id::AwsId;
use crate::model::memory::{Given, Memory, Remembered};
use crate::model::names;
use crate::model::part::Part;
use crate::model::settings::Scope;
use crate::model::source::Source;

/// The number of this form. The first one had none, and held all of a group in one piece.
const VERSION: u32 = 2;
/// The most bytes that one entry may take: a ConfigMap takes 1 MiB of data (Kubernetes), and this
/// leaves room for what is written beside it.
pub const SIZE_MAX: usize = 960 * 1024;

/// The keys of a ConfigMap's data.
const DATA_VERSION: &str = "version";
const DATA_GROUP: &str = "group";
const DATA_MEMORY: &str = "memory";
/// The key of a mark's data, and its values.
const DATA_STATE: &str = "state";
const STATE_BEGUN: &str = "begun";
const STATE_LOOKED_AFTER: &str = "looked-after";
/// The ConfigMap by which versions that kept everything beside the Lease remembered that a start
/// was let begin.
pub(super) const STARTED: &str = "albedo-started";

/// What a cluster's mark says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// A start was let begin here.
    Begun,
    /// What AWS holds in the cluster's name was made for it.
    LookedAfter,
}

/// What is remembered of each group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recalled {
    /// What can be read.
    pub groups: BTreeMap<Group, Remembered>,
    /// What cannot be read, and why.
    pub unreadable: Vec<String>,
    /// The ConfigMaps that a newer version wrote: nobody here may write over them.
    pub newer: BTreeSet<String>,
    /// Whether a start was let begin here before.
    pub has_begun: bool,
    /// Whether the cluster bears the mark of having been looked after.
    pub is_marked: bool,
    /// Whether some of it is still where an older version kept it.
    pub is_elsewhere: bool,
}

/// The data of a mark.
#[must_use]
pub fn mark(mark: Mark) -> BTreeMap<String, String> {
    let state = match mark {
        Mark::Begun => STATE_BEGUN,
        Mark::LookedAfter => STATE_LOOKED_AFTER,
    };
    [(DATA_STATE.to_owned(), state.to_owned())].into()
}

/// The data of the ConfigMap of one entry.
///
/// # Errors
/// Why it cannot be written.
pub fn write(group: &Group, entry: &Memory) -> Result<BTreeMap<String, String>, String> {
    let group = serde_json::to_string(group).map_err(|error| error.to_string())?;
    let memory = serde_json::to_string(entry).map_err(|error| error.to_string())?;
    let size = group.len() + memory.len();
    if size > SIZE_MAX {
        return Err(format!("{size} bytes, and {SIZE_MAX} fit"));
    }
    let data = [(DATA_VERSION, VERSION.to_string()), (DATA_GROUP, group), (DATA_MEMORY, memory)];
    Ok(data.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
}

/// Reads all ConfigMaps. What cannot be read is left out and named: losing it makes us more
/// careful, nothing else. Of marks, that of these classes counts.
#[must_use]
pub fn read(maps: impl IntoIterator<Item = ConfigMap>, scope: Scope) -> Recalled {
    let mut recalled = Recalled::default();
    let mut undivided = Vec::new();
    for map in maps {
        let name = map.metadata.name.unwrap_or_default();
        let data = map.data.unwrap_or_default();
        if [STARTED, names::mark(Scope::All), names::mark(Scope::Own)].contains(&&*name) {
            let is_here = name == names::mark(scope);
            recalled.has_begun |= is_here || name == STARTED;
            // Older versions had another ConfigMap to say that a start was let begin.
            let is_begun = data.get(DATA_STATE).is_some_and(|state| state == STATE_BEGUN);
            recalled.is_marked |= is_here && !is_begun;
            continue;
        }
        let version = data.get(DATA_VERSION).map_or(Ok(1), |text| text.parse::<u32>());
        if version.as_ref().is_ok_and(|version| *version <= VERSION) {
            let before = recalled.unreadable.len();
            let found = entries(&data, &mut recalled.unreadable);
            for problem in &mut recalled.unreadable[before..] {
                *problem = format!("ConfigMap {name}: {problem}");
            }
            match found {
                Some((group, memory)) if version == Ok(1) && !memory.held.is_empty() => {
                    undivided.push((group, memory));
                }
                Some((group, memory)) => add(&mut recalled, group, memory),
                None => {}
            }
        } else {
            recalled.unreadable.push(format!(
                "ConfigMap {name}: a newer version of this program wrote it, and it is left as it \
                 is"
            ));
            recalled.newer.insert(name);
        }
    }
    // An older version that wrote in one piece, and took no notice of the rest, did so last: what
    // it wrote before is divided, and gone.
    for (group, memory) in undivided {
        add(&mut recalled, group.clone(), memory);
        let known = recalled.groups.entry(group).or_default();
        *known = Remembered::undivided(std::mem::take(&mut known.memory));
    }
    recalled
}

fn add(recalled: &mut Recalled, group: Group, memory: Memory) {
    let known = &mut recalled.groups.entry(group).or_default().memory;
    known.held.extend(memory.held);
    known.let_go.extend(memory.let_go);
    known.leftovers.extend(memory.leftovers);
    known.client_secrets.extend(memory.client_secrets);
    known.standing.extend(memory.standing);
    known.given.load_balancer.extend(memory.given.load_balancer);
    known.given.frontend_nlb.extend(memory.given.frontend_nlb);
    known.given.listeners.extend(memory.given.listeners);
    known.given.target_groups.extend(memory.given.target_groups);
}

/// The entries of one ConfigMap, each of which can be read or not.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Entries {
    held: Vec<Value>,
    let_go: BTreeSet<Source>,
    leftovers: BTreeSet<AwsId>,
    client_secrets: BTreeMap<String, Option<String>>,
    standing: Vec<Source>,
    given: Given,
}

fn entries(
    data: &BTreeMap<String, String>,
    unreadable: &mut Vec<String>,
) -> Option<(Group, Memory)> {
    let text = |key| data.get(key).map(String::as_str).unwrap_or_default();
    let group = serde_json::from_str::<Group>(text(DATA_GROUP));
    let entries = serde_json::from_str::<Entries>(text(DATA_MEMORY));
    let (group, Entries { held, let_go, leftovers, client_secrets, standing, given }) =
        match (group, entries) {
            (Ok(group), Ok(entries)) => (group, entries),
            (Err(error), _) | (_, Err(error)) => {
                unreadable.push(error.to_string());
                return None;
            }
        };
    let mut parts = BTreeMap::new();
    for pair in held {
        match serde_json::from_value::<(Source, Arc<Part>)>(pair) {
            Ok((member, part)) => _ = parts.insert(member, part),
            Err(error) => unreadable.push(error.to_string()),
        }
    }
    Some((group, Memory { held: parts, let_go, leftovers, client_secrets, standing, given }))
}
