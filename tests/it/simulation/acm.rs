//! Certificates that ACM is asked for: how it decides, whose hands are in between, and what has to
//! hold of what comes of it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use albedo::model::action::{AcmAction, AwsAction};
use albedo::model::id::{AwsId, Id};
use albedo::model::record::{Record, RecordType};
use albedo::model::request::{RequestKey, RequestState};

use super::dice::Dice;
use super::judge::Invariant;
use super::run::Run;
use super::served::is_ours;
use super::stage::Pid;
use crate::support::clock::elapsed;
use crate::support::fake::{Issuing, State};

/// How often one process asks for the same names at most.
const HOUR: Duration = Duration::from_secs(60 * 60);

/// What each process asked for last, and when.
pub type Asked = BTreeMap<(Pid, RequestKey), Duration>;

/// How ACM decides from now on.
pub fn change_mood(state: &mut State, dice: &mut Dice) {
    state.issuing = *dice.one_of(&[
        Issuing::AtOnce,
        Issuing::AtOnce,
        Issuing::Later,
        Issuing::Failing("FAILED: CAA_ERROR"),
    ]);
    state.prove();
}

/// It issues whatever is proved.
pub fn cheer_up(state: &mut State) {
    state.issuing = Issuing::AtOnce;
    state.prove();
}

/// Whether a record proves a name to ACM.
pub fn is_proof(record: &Record) -> bool {
    record.key.record_type == RecordType::Cname && record.key.name.starts_with("_proof.")
}

/// Whether some record does.
pub fn has_proof(state: &State) -> bool {
    state.zones.values().any(|zone| zone.records.values().any(is_proof))
}

/// Somebody takes away a record that proves a name. Says which.
pub fn lose_proof(state: &mut State, dice: &mut Dice) -> Option<AwsId> {
    let zones = state.zones.iter();
    let proofs = zones.flat_map(|(id, zone)| {
        let proofs = zone.records.values().filter(|record| is_proof(record));
        proofs.map(move |record| (id.clone(), record.key.clone()))
    });
    let proofs: Vec<_> = proofs.collect();
    let (zone, key) = (!proofs.is_empty()).then(|| dice.one_of(&proofs).clone())?;
    state.zones.get_mut(&zone)?.records.remove(&key);
    Some(AwsId::new(key.name))
}

/// The certificates that listeners of ours have and that ACM has not issued, in words.
pub fn unissued(state: &State) -> BTreeSet<String> {
    let mut wrong = BTreeSet::new();
    for (listener, id) in used(state) {
        let Some(asked) = state.requested.get(&id) else { continue };
        if !matches!(asked.facts.state, RequestState::Issued { .. }) {
            wrong.insert(format!("{listener} has {id}, which is {:?}", asked.facts.state));
        }
    }
    wrong
}

/// The listeners with certificates.
fn used(state: &State) -> BTreeSet<(AwsId, AwsId)> {
    let each = state.listeners.iter().flat_map(|(listener, found)| {
        let all = found.spec.default_certificate.iter().chain(&found.spec.certificates);
        all.filter_map(Id::given).map(move |id| (listener.clone(), id.clone()))
    });
    each.collect()
}

/// Takes note of a request. Says what is wrong with it.
pub fn asks(asked: &mut Asked, pid: Pid, action: &AwsAction) -> Option<String> {
    let AwsAction::Acm(AcmAction::RequestCertificate { spec, .. }) = action else { return None };
    let before = asked.insert((pid, spec.key.clone()), elapsed())?;
    let pause = elapsed().saturating_sub(before);
    (pause < HOUR).then(|| format!("p{pid} asks for {} again after {pause:?}", spec.key))
}

/// At rest no certificate that was asked for is without use, unless whoever asks has no HTTPS.
pub fn at_rest(run: &Run) {
    let state = run.site.aws.everything();
    let asking = run.life.apps.values().filter(|app| app.asks && app.class == "own");
    let plain: BTreeSet<String> =
        asking.filter(|app| app.listens == 1).flat_map(super::app::App::hosts).collect();
    let used: BTreeSet<AwsId> = used(&state).into_iter().map(|(_, id)| id).collect();
    for (id, asked) in &state.requested {
        let is_plain = asked.facts.names.iter().all(|name| plain.contains(name.as_str()));
        if is_ours(&asked.tags) && !used.contains(id) && !is_plain {
            let text = format!("nobody uses {id}, for {:?}", asked.facts);
            run.stage.object(Invariant::Certificates, "at rest", text);
        }
    }
}
