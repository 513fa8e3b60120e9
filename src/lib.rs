//! Albedo reflects Kubernetes Ingresses into AWS: Application Load Balancers and all that hangs on
//! them. It writes configuration only; a request goes from the client to the load balancer to the
//! pod, and never through here.
//!
//! # The way of one event
//!
//! ```text
//! a change in the cluster -> visits      cluster::watch -> controller::intake -> controller::queue
//!    1 gather     what a visit builds on             world                   no API call
//!    2 desire     Snapshot          -> Stack         desired                 pure
//!    3 inventory  AWS               -> Inventory     aws::Mirror             the reads
//!    4 plan       Stack, Inventory  -> Plan          plan                    pure
//!    5 apply      Plan              -> Outcomes      apply                   the writes
//!    6 report     all of it         -> status, Events, next visit    report  pure
//! ```
//!
//! `reconcile` tells that story, once for each kind of subject; `controller` runs it, for as long
//! as this process leads; `commands` wires the rooms together.
//!
//! # The rooms, in reading order
//!
//! * [`model`]: nouns and nothing else. Start with `subject` (what comes to rest on its own),
//!   `source` (who a member is), `stack` (what is wished for), `inventory` (what stands), `action`
//!   (everything this program can do, a file for each service of AWS) and `plan`. `names`, `marks`
//!   and `ownership` are frozen: they are AWS Load Balancer Controller's and external-dns's own,
//!   byte for byte, so that taking over a cluster from them, or giving one back, changes nothing.
//! * [`desired`]: from what is known to what is wished for. One Ingress alone gives a `Part` or
//!   problems (`member`); parts are merged into one wish (`merge`, `shared`).
//! * [`plan`]: the difference, to the end state. `settle` makes the choices that depend on what
//!   stands; `draft` finds out what each step has to wait for; `wire` and `show` render it.
//! * [`report`]: what people are told, and when the subject is visited again.
//! * [`aws`] and [`cluster`]: the edges. They wait and may fail; everything between them is pure.
//! * [`world`]: what is known, one value behind one lock.
//! * [`apply`], [`reconcile`], [`controller`]: the walk through a plan and the right to take its
//!   steps; the story of a visit; the runtime: who is visited next, and for how long.
//! * [`injector`]: an optional webhook that gives new pods their readiness gates.
//! * [`page`]: what leads where and how it is, for people who look: from what is in memory.
//! * [`commands`], [`flags`], [`serve`], [`telemetry`], [`clock`]: what people and other programs
//!   see.
//!
//! # Invariants
//!
//! * The middle (`model`, `desired`, `plan`, `report`) holds no `async`, no clock, no randomness
//!   and no client; `tests/it/tidy.rs` holds it to that.
//! * What is no variant of [`model::action::Action`], this program cannot do. Only statuses, Events
//!   and IngressGroups, which order nothing, are written outside it.
//! * Each thing in AWS has one writer: the fabric, a balancer, a binding's targets, a certificate,
//!   a zone, or what protects a group's load balancers. What one has to tell another is a value in
//!   the next snapshot ([`model::fact::Facts`]), never a call, and goes by one of the ways that
//!   [`model::news`] declares: those ways say who has to read it, and its revision who has not.
//! * The world ([`world::World`]) is one value behind one lock that is never held over an
//!   await. What a visit builds on is a slice of it, whose cost does not depend on the size of the
//!   cluster.
//! * Nothing is written but by a permit ([`apply::Permit`]) that holds at that moment, and
//!   nothing is taken away before the cluster was seen as it was after the tenure began.
//! * Unknown is not absent ([`model::known::Known`]): nothing is planned on what could not be read,
//!   and nothing is taken away while a member's wishes are unknown.
//! * A bad object is a [`model::problem::Problem`] and no error. Its neighbours are built all the
//!   same.
//! * Same inputs, same plan, byte for byte.
//!
//! # Words
//!
//! * *subject*: what comes to rest on its own, and the one writer of what belongs to it. A *visit*
//!   is one walk from gathering to reporting for it.
//! * *member*: what contributes to a load balancer, as a [`model::part::Part`]. It is *held* while
//!   a bad member's last good part stands for it, and *unexplained* where there is none.
//! * *stack*: a wish. *Inventory*: what stands. *Surroundings*: what stands and is not ours.
//! * *gate*: what has to happen outside of a plan before a step may be taken.
//! * *surplus*: what stands and nobody wants. *Leftover*: what AWS would not let go yet.
//! * *rights*: what those who write in a namespace may do, as policies have it. A *breach* is what
//!   goes beyond them.
//! * *braked*: what stays because its owners are out of sight, and nobody has said that they are
//!   gone. A cluster bears a *mark* once it is known whose what stands in its name is.
//! * *fact*: what one subject has told others; a *topic* is what it is about, a *way* from whom to
//!   whom it goes.
//! * *belief*: what the mirror keeps of a part of AWS. A write whose outcome nobody knows puts it
//!   in *doubt*.
//! * *turn*: when a call may go out, as far as limits to our own calls are concerned.
//! * *tenure*: the time from winning the Lease to its end. A *permit* says that it still lasts.
//! * *rest*: how a visit leaves its subject: done, or to be visited later or again. *Trouble* is
//!   why it has to be again.
//!
//! `docs/architecture.md` follows events through the rooms.
//!
//! # Three decisions
//!
//! * The index from changes to visits is in `desired::visits` and not in the model: it has to know
//!   whose an Ingress is, and that is built.
//! * An [`model::id::Id`] is either given by AWS or names the thing that will have it. So a plan
//!   needs no second notation for "known after apply": a step waits for whatever step makes what it
//!   names, and at a gate where another subject makes it.
//! * While one thing takes the place of another, the new one has the plain handle, and the old one
//!   is surplus behind gates (`plan::replacement`). So a twin needs no slot of its own, but in its
//!   name; and a plan is told which of its waits are over instead of since when they are on.

pub mod apply;
pub mod aws;
pub mod clock;
pub mod cluster;
pub mod commands;
pub mod controller;
pub mod desired;
pub mod flags;
pub mod injector;
pub mod model;
pub mod page;
pub mod plan;
pub mod reconcile;
pub mod report;
pub mod serve;
pub mod telemetry;
pub mod world;
