//! Any AWS, whose answers are held back on command.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use albedo::aws::{Answer, Cloud, CloudError, ReadLoadBalancer, ReadSecurityGroup};
use albedo::model::action::AwsAction;
use albedo::model::certificate::CertificateFacts;
use albedo::model::id::AwsId;
use albedo::model::inventory::{LiveListener, LiveRule};
use albedo::model::known::Live;
use albedo::model::load_balancer::Attributes;
use albedo::model::marks::Tags;
use albedo::model::record::{HostedZone, Record};
use albedo::model::surroundings::{Interface, Vpc};
use albedo::model::target::LiveTarget;
use albedo::model::target_group::TargetGroup;
use tokio::sync::watch;

/// Any AWS; while it is closed, a call does its work and its answer waits. Clones are the same.
#[derive(Clone)]
pub struct Held<C> {
    inner: C,
    gates: Arc<Gates>,
}

struct Gates {
    reads: watch::Sender<bool>,
    writes: watch::Sender<bool>,
    waiting: AtomicUsize,
}

impl<C> Held<C> {
    /// Wraps an AWS; nothing is held back yet.
    pub fn new(inner: C) -> Self {
        let open = || watch::Sender::new(true);
        let gates = Gates { reads: open(), writes: open(), waiting: AtomicUsize::new(0) };
        Self { inner, gates: Arc::new(gates) }
    }

    /// Holds back what reads answer from now on.
    pub fn hold_reads(&self) {
        self.gates.reads.send_replace(false);
    }

    /// Holds back what writes answer from now on.
    pub fn hold_writes(&self) {
        self.gates.writes.send_replace(false);
    }

    /// Lets everything through.
    pub fn release(&self) {
        self.gates.reads.send_replace(true);
        self.gates.writes.send_replace(true);
    }

    /// How many answers wait.
    pub fn waiting(&self) -> usize {
        self.gates.waiting.load(Ordering::Relaxed)
    }

    async fn read<T>(&self, work: impl Future<Output = T> + Send) -> T {
        let answer = work.await;
        self.pass(&self.gates.reads).await;
        answer
    }

    async fn pass(&self, gate: &watch::Sender<bool>) {
        self.gates.waiting.fetch_add(1, Ordering::Relaxed);
        // The sender lives as long as this borrow, so waiting cannot fail.
        let _ = gate.subscribe().wait_for(|is_open| *is_open).await;
        self.gates.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

#[deny(clippy::missing_trait_methods)]
impl<C: Cloud> Cloud for Held<C> {
    async fn vpc(&self) -> Result<Vpc, CloudError> {
        self.read(self.inner.vpc()).await
    }

    async fn interfaces(&self) -> Result<Vec<Interface>, CloudError> {
        self.read(self.inner.interfaces()).await
    }

    async fn security_groups(&self) -> Result<Vec<ReadSecurityGroup>, CloudError> {
        self.read(self.inner.security_groups()).await
    }

    async fn load_balancers(&self) -> Result<Vec<ReadLoadBalancer>, CloudError> {
        self.read(self.inner.load_balancers()).await
    }

    async fn target_groups(&self) -> Result<Vec<Live<TargetGroup>>, CloudError> {
        self.read(self.inner.target_groups()).await
    }

    async fn tags(&self, ids: &[AwsId]) -> Result<Vec<(AwsId, Tags)>, CloudError> {
        self.read(self.inner.tags(ids)).await
    }

    async fn listeners(&self, load_balancer: &AwsId) -> Result<Vec<LiveListener>, CloudError> {
        self.read(self.inner.listeners(load_balancer)).await
    }

    async fn rules(&self, listener: &AwsId) -> Result<Vec<LiveRule>, CloudError> {
        self.read(self.inner.rules(listener)).await
    }

    async fn load_balancer_attributes(&self, id: &AwsId) -> Result<Attributes, CloudError> {
        self.read(self.inner.load_balancer_attributes(id)).await
    }

    async fn target_group_attributes(&self, id: &AwsId) -> Result<Attributes, CloudError> {
        self.read(self.inner.target_group_attributes(id)).await
    }

    async fn targets(&self, target_group: &AwsId) -> Result<Vec<LiveTarget>, CloudError> {
        self.read(self.inner.targets(target_group)).await
    }

    async fn certificates(&self) -> Result<Vec<AwsId>, CloudError> {
        self.read(self.inner.certificates()).await
    }

    async fn certificate_tags(&self, certificate: &AwsId) -> Result<Tags, CloudError> {
        self.read(self.inner.certificate_tags(certificate)).await
    }

    async fn certificate(&self, certificate: &AwsId) -> Result<CertificateFacts, CloudError> {
        self.read(self.inner.certificate(certificate)).await
    }

    async fn zones(&self) -> Result<Vec<HostedZone>, CloudError> {
        self.read(self.inner.zones()).await
    }

    async fn records(&self, zone: &AwsId) -> Result<Vec<Record>, CloudError> {
        self.read(self.inner.records(zone)).await
    }

    async fn turn(&self, action: &AwsAction) {
        self.inner.turn(action).await;
    }

    async fn perform(&self, action: &AwsAction) -> Result<Answer, CloudError> {
        let answer = self.inner.perform(action).await;
        self.pass(&self.gates.writes).await;
        answer
    }
}
