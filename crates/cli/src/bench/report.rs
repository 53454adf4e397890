//! What was measured, for people and for programs.

use std::fmt;

use serde_json::{Map, Value, json};
use wirebahn_tokio::wamp::Serializer;

use super::tally::Counts;
use super::{About, Load};

/// The parts of all latencies whose limits are shown, with what they are called.
const QUANTILES: [(&str, f64); 4] = [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p99.9", 0.999)];

/// Prints as a table.
pub(super) struct Report<'a> {
    about: About,
    load: &'a Load,
    serializer: Serializer,
    counts: Counts,
    is_interrupted: bool,
}

impl<'a> Report<'a> {
    pub(super) const fn new(
        about: About,
        load: &'a Load,
        serializer: Serializer,
        counts: Counts,
        is_interrupted: bool,
    ) -> Self {
        Self { about, load, serializer, counts, is_interrupted }
    }

    /// What must not happen, if it did.
    pub(super) fn problem(&self) -> Option<String> {
        let Counts { failed, lost, out_of_order, .. } = &self.counts;
        let problems = [(failed, "failed"), (lost, "lost"), (out_of_order, "out of order")];
        let found = problems.iter().filter(|(count, _)| **count > 0);
        let found: Vec<String> = found.map(|(count, what)| format!("{count} {what}")).collect();
        (!found.is_empty()).then(|| format!("{}: {}", self.about.operations, found.join(", ")))
    }

    /// One line.
    pub(super) fn json(&self) -> String {
        let Counts { failed, errors, lost, out_of_order, .. } = &self.counts;
        let latency: Map<String, Value> =
            self.latencies().into_iter().map(|(name, value)| (name.into(), json!(value))).collect();
        let connection = &self.load.connection;
        let mut report = json!({
            "mode": self.about.mode,
            "url": connection.url,
            "realm": connection.realm,
            "serializer": self.serializer.to_string(),
            "warm_up_seconds": self.load.warm_up.as_secs_f64(),
            "interrupted": self.is_interrupted,
            "operations": self.operations(),
            "seconds": self.seconds(),
            "per_second": self.per_second(),
            "failed": failed,
            "errors": errors,
            "lost": lost,
            "out_of_order": out_of_order,
            "latency_us": latency,
        });
        if let Some(report) = report.as_object_mut() {
            report.extend(self.about.settings.iter().map(|&(name, value)| (name.into(), json!(value))));
        }
        report.to_string()
    }

    fn operations(&self) -> u64 {
        self.counts.latency.len()
    }

    fn seconds(&self) -> f64 {
        self.counts.elapsed().as_secs_f64()
    }

    fn per_second(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "as many as 2^53 never come")]
        let operations = self.operations() as f64;
        if operations > 0.0 { operations / self.seconds().max(1e-9) } else { 0.0 }
    }

    /// In microseconds; none if nothing was measured.
    fn latencies(&self) -> Vec<(&'static str, f64)> {
        let latency = &self.counts.latency;
        if latency.is_empty() {
            return Vec::new();
        }
        #[expect(clippy::cast_precision_loss, reason = "an hour has fewer than 2^53 nanoseconds")]
        let micros = |nanoseconds: u64| nanoseconds as f64 / 1000.0;
        let mut all = vec![("min", micros(latency.min())), ("mean", latency.mean() / 1000.0)];
        all.extend(QUANTILES.map(|(name, quantile)| (name, micros(latency.value_at_quantile(quantile)))));
        all.push(("max", micros(latency.max())));
        all
    }
}

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let About { mode, operations, settings } = &self.about;
        let Counts { failed, errors, lost, out_of_order, .. } = &self.counts;
        let connection = &self.load.connection;
        write!(f, "{mode} at {}, {}, {}", connection.url, connection.realm, self.serializer)?;
        for (name, value) in settings {
            write!(f, ", {} {value}", name.replace('_', " "))?;
        }
        if self.is_interrupted {
            f.write_str(", interrupted")?;
        }
        write!(f, "\n\n{operations:<14} {:>14} in {:.2} s", grouped(self.operations()), self.seconds())?;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "it is a positive number"
        )]
        let per_second = self.per_second().round() as u64;
        write!(f, "\n{:<14} {:>14}", "per second", grouped(per_second))?;
        for (name, count) in [("failed", failed), ("lost", lost), ("out of order", out_of_order)] {
            write!(f, "\n{name:<14} {:>14}", grouped(*count))?;
        }
        for (error, count) in errors {
            write!(f, "\n  {count} × {error}")?;
        }
        let latencies = self.latencies();
        if !latencies.is_empty() {
            f.write_str("\n\nlatency, µs  ")?;
            latencies.iter().try_for_each(|(name, _)| write!(f, " {name:>10}"))?;
            f.write_str("\n             ")?;
            latencies.iter().try_for_each(|(_, value)| write!(f, " {value:>10.1}"))?;
        }
        Ok(())
    }
}

/// A number with its thousands apart.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::grouped;

    #[test]
    fn thousands_are_apart() {
        assert_eq!(
            [0, 999, 1000, 123_456, 1_234_567].map(grouped),
            ["0", "999", "1,000", "123,456", "1,234,567"]
        );
    }
}
