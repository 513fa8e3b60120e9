//! A folder of tests/cases is a test: `cluster.yaml` is planned for, against an AWS that is empty,
//! or that has come to rest with `cluster-before.yaml`; `plan.snap` is what `albedo plan` shows.
//!
//! `ALBEDO_BLESS=1` rewrites the snapshots.

use std::fs;
use std::path::{Path, PathBuf};

use albedo::plan::show;

use super::support::site::Site;
use super::support::world::{World, settings, wait};

/// AWS and the cluster's own objects (finalizers, bindings) as they are once a cluster is at rest.
fn at_rest(manifests: &str) -> Site {
    let site = Site::with(settings(), "");
    let mut world = World::new("");
    world.add_manifests(manifests).house();
    *site.cluster.objects.write().unwrap() = world.objects;
    wait(site.settle());
    site
}

/// What a person applies, put over what stands: finalizers, statuses and bindings stay.
fn applied(site: &Site, manifests: &str) -> World {
    let mut world = World::new("");
    world.objects.bindings = site.cluster.objects.read().unwrap().bindings.clone();
    world.add_manifests(manifests).house();
    let before = site.cluster.objects.read().unwrap().ingresses.clone();
    for (key, old) in before {
        // What is no longer there has been deleted, and its finalizer holds it.
        let new = world.objects.ingresses.entry(key).or_insert_with(|| {
            let mut leaving = old.as_ref().clone();
            leaving.metadata.deletion_timestamp = Some(jiff::Timestamp::UNIX_EPOCH);
            std::sync::Arc::new(leaving)
        });
        let new = std::sync::Arc::make_mut(new);
        new.metadata.finalizers.clone_from(&old.metadata.finalizers);
        new.status.clone_from(&old.status);
    }
    world
}

fn rendered(folder: &Path) -> String {
    let read = |name: &str| fs::read_to_string(folder.join(name)).ok();
    let site = at_rest(&read("cluster-before.yaml").unwrap_or_default());
    let plans = applied(&site, &read("cluster.yaml").unwrap()).plan(&site.aws);
    let mut text = String::new();
    for (subject, plan) in &plans.plans {
        if !plan.is_empty() || !plan.refusals.is_empty() || !plan.notes.is_empty() {
            text.push_str(&show::text(subject, plan));
        }
    }
    for problem in &plans.problems {
        text.push_str(&format!("! {}: {}: {problem}\n", problem.object, problem.code));
    }
    if text.is_empty() { "Nothing would change.\n".to_owned() } else { text }
}

#[test]
fn every_case_plans_as_its_snapshot_says() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let is_blessed = std::env::var_os("ALBEDO_BLESS").is_some();
    let mut wrong = Vec::new();
    let mut seen = 0;
    for entry in fs::read_dir(root).unwrap() {
        let folder = entry.unwrap().path();
        if !folder.join("cluster.yaml").exists() {
            continue;
        }
        seen += 1;
        let snapshot = folder.join("plan.snap");
        let found = rendered(&folder);
        if is_blessed {
            fs::write(&snapshot, &found).unwrap();
        }
        let expected = fs::read_to_string(&snapshot).unwrap_or_default();
        if found != expected {
            wrong.push(format!("{}\n--- expected\n{expected}--- found\n{found}", folder.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(seen >= 12, "only {seen} cases");
}
