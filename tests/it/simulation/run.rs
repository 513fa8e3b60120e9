//! The run of one seed: a life, its weather, and what is left at the end of it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::mpsc;
use std::time::Duration;

use albedo::clock::Clock as _;

use super::acm;
use super::dice::Dice;
use super::edit::{Change, Edit};
use super::ending;
use super::judge::{Invariant, Judge, Violation};
use super::life::Life;
use super::naming::{self, Namings};
use super::nature;
use super::neighbour::Neighbour;
use super::process::{Idleness, Process};
use super::stage::{Stage, Weather};
use super::trace::{Trace, Writing};
use super::weather;
use crate::support::clock::{VirtualClock, elapsed, wait};
use crate::support::site::Site;

/// How long a tenure lasts that nobody renews, and how long after its end the next one may begin:
/// a write that was begun in it is done by then.
const TERM: Duration = Duration::from_secs(15 * 60);
pub const INTERREGNUM: Duration = Duration::from_secs(5);
/// Longer than anything takes that comes to an end.
const REST_MAX: Duration = Duration::from_secs(3 * 60 * 60);
/// How often it is looked whether all is at rest.
const LOOK: Duration = Duration::from_millis(200);
/// In how much time each thing is looked at, where it is looked by itself.
const SWEEP: Duration = Duration::from_secs(13 * 60);
/// How many things happen in a life.
const STEPS_MIN: usize = 12;
const STEPS_MORE: usize = 24;

/// What came of a run.
pub struct Report {
    pub violations: Vec<Violation>,
    pub counts: BTreeMap<String, usize>,
    pub lines: Vec<String>,
}

/// Longer than any run takes on a busy machine.
const REAL_MAX: Duration = Duration::from_secs(5 * 60);

/// Runs a seed, on a thread of its own: each has a time of its own.
pub fn run(seed: u64, writing: Writing) -> Report {
    let thread = std::thread::Builder::new().name(format!("seed {seed}"));
    let (tell, told) = mpsc::channel();
    let running = thread.spawn(move || {
        let trace = Trace::new(writing);
        let _listening = trace.listen();
        let violations = wait(async {
            let mut run = Run::new(seed, trace.clone());
            run.live(seed).await;
            ending::end(&mut run).await;
            run.stage.violations()
        });
        let report = Report { violations, counts: trace.counts(), lines: trace.lines() };
        // Perhaps nobody waits any more.
        let _ = tell.send(report);
    });
    match told.recv_timeout(REAL_MAX) {
        Ok(report) => report,
        Err(mpsc::RecvTimeoutError::Timeout) => Report::of("it hangs".to_owned()),
        Err(mpsc::RecvTimeoutError::Disconnected) => {
            let panic = running.unwrap().join().unwrap_err();
            let text = panic.downcast_ref::<String>().cloned();
            Report::of(text.unwrap_or_else(|| "it panics".to_owned()))
        }
    }
}

impl Report {
    /// Of a run that has come to no end.
    fn of(text: String) -> Self {
        let (invariant, operation) = (Invariant::Rest, "the run".to_owned());
        let violation = Violation { invariant, operation, text, at: Duration::ZERO };
        Self { violations: vec![violation], counts: BTreeMap::new(), lines: Vec::new() }
    }
}

/// A life as it goes on.
pub struct Run {
    pub site: Site,
    pub stage: Stage,
    pub judge: Judge,
    pub life: Life,
    pub dice: Dice,
    pub processes: Vec<Process>,
    /// Who leads, by place.
    pub leader: Option<usize>,
    /// From when on somebody may lead.
    pub free_at: Duration,
    pub clock: VirtualClock,
    started: usize,
    /// Whether there always are two replicas, and the Lease goes to and fro between them.
    pub is_restless: bool,
    /// Whether somebody else's hand has been in AWS since the last look at everything.
    pub has_drifted: bool,
    /// What becomes of names, in the lives in which people say more of them than which they are.
    company: Option<Company>,
}

/// Who has names beside ours.
struct Company {
    /// Of its own, so that all else is as in lives without.
    dice: Dice,
    neighbour: Option<Neighbour>,
}

impl Run {
    fn new(seed: u64, trace: Trace) -> Self {
        let mut dice = Dice::new(seed);
        let stage = Stage::new(dice.split(), trace);
        let site = ending::site();
        let judge = Judge::new(stage.clone(), site.cluster.clone());
        let hearing = judge.clone();
        site.cluster.hear(move |seen| hearing.changes(seen));
        let clock = VirtualClock::new();
        drop(clock.spawn(nature::run(site.clone(), stage.clone(), clock)));
        let (life, changes) = Life::new(&mut dice);
        for change in changes {
            change.make(&site.cluster);
        }
        let mut run = Self {
            site,
            stage,
            judge,
            life,
            dice,
            processes: Vec::new(),
            leader: None,
            free_at: Duration::ZERO,
            clock,
            started: 0,
            is_restless: false,
            has_drifted: false,
            company: None,
        };
        run.is_restless = run.dice.falls(300);
        run.site.sweep_period = run.dice.falls(300).then_some(SWEEP);
        run.start();
        if run.is_restless || run.dice.falls(500) {
            run.start();
        }
        run.elect();
        run
    }

    pub fn start(&mut self) {
        self.start_on(&self.site.clone());
    }

    /// Starts a process with what it is told of the cluster, and as it is told to run.
    pub fn start_on(&mut self, site: &Site) {
        self.started += 1;
        let process = Process::start(site, &self.stage, &self.judge, self.started);
        self.processes.push(process);
    }

    pub fn leader(&self) -> Option<&Process> {
        self.processes.get(self.leader?)
    }

    /// Somebody leads, if nobody does and the Lease is free.
    pub fn elect(&mut self) {
        if self.leader.is_some() || elapsed() < self.free_at || self.processes.is_empty() {
            return;
        }
        let place = self.dice.below(self.processes.len());
        self.crown(place);
    }

    /// This process leads, if it stands for election.
    pub fn crown(&mut self, place: usize) {
        if !self.processes[place].stands() {
            return;
        }
        self.processes[place].lead(TERM);
        self.leader = Some(place);
        // A tenure begins with a look at everything.
        self.has_drifted = false;
    }

    /// Whoever leads goes on doing so.
    fn renew(&mut self) {
        if let Some(place) = self.leader {
            self.processes[place].lead_until(TERM);
        }
    }

    /// Lets time pass; the Lease is renewed meanwhile.
    pub async fn sleep(&mut self, time: Duration) {
        self.clock.sleep(time).await;
        self.elect();
        self.renew();
    }

    async fn live(&mut self, seed: u64) {
        let steps = STEPS_MIN + self.dice.below(STEPS_MORE);
        // Where another hand has been, all is looked at anew in the end, which mends much.
        let has_company = self.dice.falls(500);
        let has_episodes = super::has_episodes(seed);
        self.have_company(seed);
        for _ in 0..self.dice.below(5) {
            self.edit(Edit::Add).await;
        }
        for _ in 0..steps {
            match self.dice.below(40) {
                0..2 => {
                    let weather = weather::any(&mut self.dice);
                    self.change_weather(weather);
                }
                2..5 => self.trouble().await,
                5..7 if self.is_restless => self.pass_on().await,
                7..9 => self.storm().await,
                9..10 => self.rest_and_look().await,
                10..16 if has_company => self.drift(),
                16 if has_episodes => self.attack().await,
                17 if has_episodes => {
                    self.err().await;
                    self.err().await;
                }
                18 if has_episodes => self.forbid().await,
                _ => {
                    let edit = self.next_edit();
                    self.edit(edit).await;
                }
            }
            self.elect();
            self.names().await;
        }
        self.leave().await;
    }

    /// Of three lives each one has nothing to say of names, one has, and one a neighbour, too.
    fn have_company(&mut self, seed: u64) {
        let mut dice = Dice::new(!seed);
        let neighbour = match seed / 2 % 3 {
            0 => return,
            1 => None,
            _ => {
                let is_own = dice.falls(500);
                if !is_own {
                    self.life.namings = Namings::Leading;
                }
                Some(Neighbour::start(&self.site.aws, &self.stage, is_own))
            }
        };
        self.company = Some(Company { dice, neighbour });
    }

    /// Somebody says something else of names, or another hand or the neighbour has some.
    async fn names(&mut self) {
        let Some(Company { mut dice, mut neighbour }) = self.company.take() else { return };
        match (dice.below(6), &mut neighbour) {
            (0 | 1, _) => {
                let changes = self.life.edit(Edit::Naming, &mut dice, &self.site.cluster);
                if !changes.is_empty() {
                    self.stage.trace.count(format!("edit {:?}", Edit::Naming));
                }
                self.make(Edit::Naming, changes).await;
            }
            (2, _) => {
                let made = self.site.aws.change(|state| naming::meddle(state, &mut dice));
                if let Some((what, whose)) = made {
                    self.stage.trace.count(what);
                    self.stage.trace.line("another hand", || format!("{what}: {whose}"));
                    self.has_drifted = true;
                }
            }
            (3 | 4, Some(neighbour)) => {
                self.stage.trace.count("neighbour");
                neighbour.edit(&mut dice, &self.life);
                self.has_drifted = true;
            }
            _ => {}
        }
        self.company = Some(Company { dice, neighbour });
    }

    /// The neighbour goes, and leaves nothing behind.
    async fn leave(&mut self) {
        let Some(neighbour) = self.company.as_mut().and_then(|all| all.neighbour.as_mut()) else {
            return;
        };
        neighbour.leave();
        let end = elapsed() + REST_MAX;
        while elapsed() < end {
            let neighbour = self.company.as_ref().and_then(|all| all.neighbour.as_ref());
            match neighbour.map(|all| (all.has_left(), all.idleness())) {
                Some((true, Idleness::AtRest | Idleness::Until(_))) | None => break,
                Some((_, Idleness::Until(moment))) => self.clock.sleep_until(moment).await,
                Some(_) => {}
            }
            self.sleep(LOOK).await;
        }
        let neighbour = self.company.take().and_then(|all| all.neighbour);
        if !neighbour.is_none_or(|all| all.has_left()) {
            let text = "the neighbour has not left".to_owned();
            self.stage.object(Invariant::Rest, "the neighbour", text);
        }
        self.has_drifted = true;
    }

    fn next_edit(&mut self) -> Edit {
        if self.life.apps.is_empty() || self.dice.falls(100) {
            return Edit::Add;
        }
        if self.dice.falls(200) {
            let rare = [Edit::Front, Edit::Front, Edit::Tls, Edit::Ask, Edit::SecretRenewed];
            return *self.dice.one_of(&rare);
        }
        *self.dice.one_of(&Edit::ALL)
    }

    async fn edit(&mut self, edit: Edit) {
        self.change(edit).await;
        let pause = match self.dice.below(10) {
            0..4 => Duration::ZERO,
            4..9 => self.dice.time(Duration::from_secs(8)),
            _ => self.dice.time(Duration::from_secs(120)),
        };
        self.sleep(pause).await;
    }

    /// Somebody does something.
    pub async fn change(&mut self, edit: Edit) {
        let mut dice = self.dice.split();
        let changes = self.life.edit(edit, &mut dice, &self.site.cluster);
        if !changes.is_empty() {
            self.stage.trace.count(format!("edit {edit:?}"));
        }
        self.make(edit, changes).await;
    }

    /// Makes changes, one after the other or all at once.
    pub async fn make(&mut self, edit: impl std::fmt::Debug, changes: Vec<Change>) {
        self.judge.asks(self.life.asking());
        let is_burst = self.dice.falls(500);
        for change in changes {
            self.stage.trace.line("somebody", || format!("{edit:?}: {change:?}"));
            change.make(&self.site.cluster);
            if !is_burst {
                let pause = self.dice.time(Duration::from_secs(3));
                self.sleep(pause).await;
            }
        }
    }

    /// Good weather, and somebody who leads.
    pub async fn calm_down(&mut self) {
        self.stage.set_weather(Weather::default());
        self.stage.trace.line("the weather", || "is good".to_owned());
        self.site.aws.change(acm::cheer_up);
        if self.processes.is_empty() {
            self.start();
        }
        let pause = self.processes.iter().map(|process| self.stage.cut_for(process.pid)).max();
        // Not at the very moment: what happens at the same time does so in no order.
        self.sleep(pause.unwrap_or_default() + LOOK).await;
        while self.leader.is_none() {
            let pause = self.free_at.saturating_sub(elapsed()) + LOOK;
            self.sleep(pause).await;
        }
    }

    /// The neighbour finds out what has become free meanwhile.
    pub fn neighbour_looks(&self) {
        let neighbour = self.company.as_ref().and_then(|all| all.neighbour.as_ref());
        neighbour.inspect(|all| all.look_again());
    }

    /// The hosts that the neighbour asks for.
    pub fn hosts_of_neighbour(&self) -> BTreeSet<String> {
        let neighbour = self.company.as_ref().and_then(|all| all.neighbour.as_ref());
        neighbour.map(Neighbour::hosts).unwrap_or_default()
    }

    /// Whether the neighbour is at something: until it is done, nothing is as it stays.
    fn has_busy_neighbour(&self) -> bool {
        let neighbour = self.company.as_ref().and_then(|all| all.neighbour.as_ref());
        neighbour.is_some_and(|all| !matches!(all.idleness(), Idleness::AtRest))
    }

    /// Lets all come to rest. Says whether it does.
    pub async fn rest(&mut self) -> bool {
        self.calm_down().await;
        let end = elapsed() + REST_MAX;
        let mut looks = 0;
        while elapsed() < end && !self.stage.is_exhausted() {
            self.sleep(LOOK).await;
            let is_quiet = self.stage.is_quiet() && nature::is_settled(&self.site);
            let leader = self.leader().filter(|_| is_quiet);
            match leader.map_or(Idleness::Busy, Process::idleness) {
                Idleness::Busy => looks = 0,
                Idleness::AtRest if looks > 1 && !self.has_busy_neighbour() => {
                    let always = self.life.always();
                    self.judge.rest(&self.site.aws.everything(), &always);
                    self.stage.trace.line("all", || "is at rest".to_owned());
                    return true;
                }
                Idleness::AtRest => looks += 1,
                Idleness::Until(moment) => {
                    looks = 0;
                    if let Some(leader) = self.leader() {
                        // The Lease is renewed meanwhile.
                        let term = self.clock.moment().plus(TERM / 2);
                        leader.sleep_until(moment.min(term)).await;
                    }
                }
            }
        }
        self.stage.trace.line("all", || "finds no rest".to_owned());
        false
    }
}
