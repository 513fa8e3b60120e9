//! The table that benches print: what was measured, beside what it may be.

use std::process::ExitCode;

/// A figure that was measured.
struct Row {
    what: String,
    is_met: bool,
}

/// The figures so far; each is printed as soon as it is known.
#[derive(Default)]
pub struct Table(Vec<Row>);

impl Table {
    /// Begins with the line over the columns.
    pub fn new() -> Self {
        println!("{:60} {:>16} {:>16}", "work", "target", "measured");
        Self::default()
    }

    /// A figure that may be so high at the most.
    pub fn row(&mut self, what: &str, measured: f64, max: f64, unit: &str) {
        self.line(what, measured, &format!("<= {max} {unit}"), (unit, measured <= max));
    }

    /// A figure that has to be at least that.
    pub fn at_least(&mut self, what: &str, measured: f64, min: f64, unit: &str) {
        self.line(what, measured, &format!(">= {min} {unit}"), (unit, measured >= min));
    }

    /// A figure that nothing is asked of.
    pub fn note(&mut self, what: &str, measured: f64, unit: &str) {
        self.line(what, measured, "", (unit, true));
    }

    /// So many calls, which may be so many at the most.
    pub fn count(&mut self, what: &str, measured: usize, max: u32) {
        let measured = u32::try_from(measured).unwrap_or(u32::MAX);
        self.row(what, f64::from(measured), f64::from(max), "calls");
    }

    fn line(&mut self, what: &str, measured: f64, target: &str, (unit, is_met): (&str, bool)) {
        let digits = match measured.fract() {
            0.0 => 0,
            _ if measured < 10.0 => 2,
            _ => 1,
        };
        let measured = format!("{measured:.digits$} {unit}");
        let mark = if is_met { "" } else { "  MISSED" };
        println!("{what:60} {target:>16} {measured:>16}{mark}");
        self.0.push(Row { what: what.trim().to_owned(), is_met });
    }

    /// How the bench ends: badly where a figure is missed.
    pub fn finish(self) -> ExitCode {
        let missed: Vec<&str> =
            self.0.iter().filter(|row| !row.is_met).map(|row| row.what.as_str()).collect();
        println!("{} of {} figures are met", self.0.len() - missed.len(), self.0.len());
        for what in &missed {
            println!("missed: {what}");
        }
        if missed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}
