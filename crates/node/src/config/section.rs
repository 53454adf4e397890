//! Reading tables of a TOML file key by key, and saying precisely what is wrong with them.

use std::cell::RefCell;
use std::fmt;
use std::ops::{Range, RangeInclusive};
use std::time::Duration;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use wirebahn_core::wamp::Serializer;

use super::units;

/// Similarity from which on an unknown key is taken for a known one that was misspelt.
const SIMILAR: f64 = 0.75;

/// Something wrong with a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Problem {
    /// Counted from 1.
    pub line: usize,
    /// In characters, counted from 1.
    pub column: usize,
    /// The key, as in `realms[1].uris`; empty if the text is not TOML at all.
    pub key: String,
    /// What is wrong, and what would be right.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}: ", self.line, self.column)?;
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        f.write_str(&self.message)
    }
}

/// A text in TOML and what was found wrong with it so far.
pub(super) struct Source<'a> {
    text: &'a str,
    found: RefCell<Vec<Problem>>,
    /// All keys that were asked for, to be compared with what is documented.
    asked: RefCell<Vec<String>>,
}

impl<'a> Source<'a> {
    pub(super) const fn new(text: &'a str) -> Self {
        Self { text, found: RefCell::new(Vec::new()), asked: RefCell::new(Vec::new()) }
    }

    /// Reads the text. If it is not TOML, says where, and gives nothing: what could be made of it would only bring
    /// more problems that are none.
    pub(super) fn parse(&self) -> Option<Spanned<DeTable<'a>>> {
        let (table, errors) = DeTable::parse_recoverable(self.text);
        for error in &errors {
            self.problem(error.span().unwrap_or_default(), "", error.message());
        }
        errors.is_empty().then_some(table)
    }

    pub(super) fn problem(&self, span: Range<usize>, key: &str, message: impl Into<String>) {
        let before = self.text.get(..span.start).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        self.found.borrow_mut().push(Problem {
            line: before.matches('\n').count() + 1,
            column: before.get(line_start..).unwrap_or_default().chars().count() + 1,
            key: key.into(),
            message: message.into(),
        });
    }

    /// Everything that was wrong, in the order of the text, and the keys that were asked for.
    pub(super) fn finish(self) -> (Vec<Problem>, Vec<String>) {
        let mut found = self.found.into_inner();
        found.sort_by_key(|problem| (problem.line, problem.column));
        (found, self.asked.into_inner())
    }
}

/// A table whose keys are asked for one by one. Each setting that is there and right replaces a default; the others are
/// problems.
pub(super) struct Section<'a> {
    source: &'a Source<'a>,
    table: &'a DeTable<'a>,
    span: Range<usize>,
    /// What stands before the keys: empty, or with a dot at its end.
    path: String,
    known: Vec<&'static str>,
}

/// A setting that is one of a few words.
pub(super) trait Choice: Copy + 'static {
    const ALL: &'static [(&'static str, Self)];
}

impl<'a> Section<'a> {
    pub(super) fn root(source: &'a Source<'a>, table: &'a Spanned<DeTable<'a>>) -> Self {
        Self { source, table: table.get_ref(), span: table.span(), path: String::new(), known: Vec::new() }
    }

    /// Where the table stands.
    pub(super) fn span(&self) -> Range<usize> {
        self.span.clone()
    }

    /// Where the value of a key stands, or the table if it has no such key.
    pub(super) fn span_of(&self, key: &str) -> Range<usize> {
        self.table.get(key).map_or_else(|| self.span(), Spanned::span)
    }

    /// Whether there is such a key.
    pub(super) fn has(&self, key: &str) -> bool {
        self.table.get(key).is_some()
    }

    /// Whether a key has an array with nothing in it.
    pub(super) fn is_empty_list(&self, key: &str) -> bool {
        self.table.get(key).and_then(|value| value.get_ref().as_array()).is_some_and(|items| items.is_empty())
    }

    /// The table under a key, if there is one.
    pub(super) fn table(&mut self, key: &'static str) -> Option<Self> {
        let value = self.value(key)?;
        let DeValue::Table(table) = value.get_ref() else {
            self.wrong(key, value.span(), "a table", value.get_ref());
            return None;
        };
        Some(self.section(table, value.span(), format!("{}{key}.", self.path)))
    }

    /// The array of tables under a key; `None` if there is none.
    pub(super) fn tables(&mut self, key: &'static str) -> Option<Vec<Self>> {
        let value = self.value(key)?;
        let expected = format!("an array of tables: write [[{}{key}]] above each", self.path);
        let DeValue::Array(items) = value.get_ref() else {
            self.wrong(key, value.span(), &expected, value.get_ref());
            return None;
        };
        let mut sections = Vec::new();
        for (index, item) in items.iter().enumerate() {
            match item.get_ref() {
                DeValue::Table(table) => {
                    let path = format!("{}{key}[{index}].", self.path);
                    sections.push(self.section(table, item.span(), path));
                }
                other => self.wrong(key, item.span(), &expected, other),
            }
        }
        Some(sections)
    }

    /// A switch.
    pub(super) fn switch(&mut self, key: &'static str, setting: &mut bool) {
        self.read(key, setting, "true or false", |value| value.as_bool());
    }

    /// A text.
    pub(super) fn text(&mut self, key: &'static str, setting: &mut String) {
        self.read(key, setting, "a string", |value| value.as_str().map(Into::into));
    }

    /// A text that `parse` turns into a setting; its errors say what would be right.
    pub(super) fn parsed<T>(
        &mut self,
        key: &'static str,
        setting: &mut T,
        parse: impl Fn(&str) -> Result<T, String>,
    ) {
        let Some(value) = self.value(key) else { return };
        match value.get_ref().as_str().map(parse) {
            Some(Ok(parsed)) => *setting = parsed,
            Some(Err(message)) => self.problem(key, value.span(), message),
            None => self.wrong(key, value.span(), "a string", value.get_ref()),
        }
    }

    /// One of a few words.
    pub(super) fn choice<T: Choice>(&mut self, key: &'static str, setting: &mut T) {
        let expected = one_of(&words::<T>());
        self.read(key, setting, &expected, |value| find(value.as_str()?));
    }

    /// Some of a few words, at least one, without repeats.
    pub(super) fn choices<T: Choice + PartialEq>(&mut self, key: &'static str, setting: &mut Vec<T>) {
        let expected = format!("an array of some of {}", words::<T>().join(", "));
        self.items(key, setting, &expected, |word| {
            find(word).ok_or_else(|| format!("{word:?} is not known here: write {}", one_of(&words::<T>())))
        });
        if self.is_empty_list(key) {
            self.problem(key, self.span_of(key), format!("list at least one of {}", words::<T>().join(", ")));
        }
    }

    /// Some texts, each turned into a setting by `parse`, without repeats.
    pub(super) fn items<T: PartialEq>(
        &mut self,
        key: &'static str,
        setting: &mut Vec<T>,
        expected: &str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) {
        let Some(value) = self.value(key) else { return };
        let DeValue::Array(items) = value.get_ref() else {
            return self.wrong(key, value.span(), expected, value.get_ref());
        };
        let mut parsed = Vec::new();
        for item in items {
            match item.get_ref().as_str().map(&parse) {
                Some(Ok(one)) => {
                    if parsed.contains(&one) {
                        self.problem(key, item.span(), "this is listed twice");
                    }
                    parsed.push(one);
                }
                Some(Err(message)) => self.problem(key, item.span(), message),
                None => self.wrong(key, item.span(), expected, item.get_ref()),
            }
        }
        if parsed.len() == items.len() {
            *setting = parsed;
        }
    }

    /// A whole number within a range.
    pub(super) fn number(&mut self, key: &'static str, setting: &mut u64, range: RangeInclusive<u64>) {
        let expected = format!("a whole number from {} to {}", range.start(), range.end());
        self.read(key, setting, &expected, |value| integer(value).filter(|number| range.contains(number)));
    }

    /// A whole number within a range, or `"auto"`.
    pub(super) fn number_or_auto(
        &mut self,
        key: &'static str,
        setting: &mut Option<u64>,
        range: RangeInclusive<u64>,
    ) {
        let expected = format!("a whole number from {} to {}, or \"auto\"", range.start(), range.end());
        self.read(key, setting, &expected, |value| match value.as_str() {
            Some(word) => (word == "auto").then_some(None),
            None => integer(value).filter(|number| range.contains(number)).map(Some),
        });
    }

    /// A number of bytes within a range: `65536` or `"64K"`.
    pub(super) fn size(&mut self, key: &'static str, setting: &mut u64, range: RangeInclusive<u64>) {
        let (least, most) = (units::show_size(*range.start()), units::show_size(*range.end()));
        let expected = format!("a number of bytes from {least} to {most}, such as 65536 or \"64K\"");
        self.read(key, setting, &expected, |value| {
            let size = value.as_str().map_or_else(|| integer(value), units::size)?;
            Some(size).filter(|size| range.contains(size))
        });
    }

    /// A length of time above zero.
    pub(super) fn duration(&mut self, key: &'static str, setting: &mut Duration) {
        self.read(key, setting, "a duration such as \"10s\", \"250ms\" or \"5m\"", |value| {
            units::duration(value.as_str()?).filter(|duration| !duration.is_zero())
        });
    }

    /// A length of time, or `"off"`.
    pub(super) fn duration_or_off(&mut self, key: &'static str, setting: &mut Option<Duration>) {
        self.read(key, setting, "a duration such as \"10s\", \"250ms\" or \"5m\", or \"off\"", |value| {
            match value.as_str()? {
                "off" => Some(None),
                text => units::duration(text).filter(|duration| !duration.is_zero()).map(Some),
            }
        });
    }

    /// Notes what is wrong with the value of a key.
    pub(super) fn problem(&self, key: &str, span: Range<usize>, message: impl Into<String>) {
        self.source.problem(span, &format!("{}{key}", self.path), message);
    }

    /// Notes the keys that nobody has asked for.
    pub(super) fn finish(self) {
        for key in self.table.keys() {
            let name: &str = key.get_ref();
            if self.known.contains(&name) {
                continue;
            }
            let message = match similar(name, &self.known) {
                Some(similar) => format!("there is no such key: did you mean {similar:?}?"),
                None => format!("there is no such key: the keys here are {}", self.known.join(", ")),
            };
            self.problem(name, key.span(), message);
        }
    }

    fn read<T>(
        &mut self,
        key: &'static str,
        setting: &mut T,
        expected: &str,
        read: impl Fn(&DeValue<'_>) -> Option<T>,
    ) {
        let Some(value) = self.value(key) else { return };
        match read(value.get_ref()) {
            Some(right) => *setting = right,
            None => self.wrong(key, value.span(), expected, value.get_ref()),
        }
    }

    fn value(&mut self, key: &'static str) -> Option<&'a Spanned<DeValue<'a>>> {
        self.known.push(key);
        self.source.asked.borrow_mut().push(format!("{}{key}", self.path));
        self.table.get(key)
    }

    fn section(&self, table: &'a DeTable<'a>, span: Range<usize>, path: String) -> Self {
        Self { source: self.source, table, span, path, known: Vec::new() }
    }

    fn wrong(&self, key: &str, span: Range<usize>, expected: &str, value: &DeValue<'_>) {
        self.problem(key, span, format!("write {expected}, not {}", show(value)));
    }
}

impl Choice for Serializer {
    const ALL: &'static [(&'static str, Self)] =
        &[("cbor", Self::Cbor), ("msgpack", Self::MsgPack), ("json", Self::Json)];
}

fn find<T: Choice>(word: &str) -> Option<T> {
    T::ALL.iter().find(|(name, _)| *name == word).map(|(_, choice)| *choice)
}

fn words<T: Choice>() -> Vec<String> {
    T::ALL.iter().map(|(name, _)| format!("{name:?}")).collect()
}

fn one_of(words: &[String]) -> String {
    match words {
        [others @ .., last] if !others.is_empty() => format!("{} or {last}", others.join(", ")),
        _ => words.concat(),
    }
}

fn integer(value: &DeValue<'_>) -> Option<u64> {
    let integer = value.as_integer()?;
    u64::from_str_radix(integer.as_str(), integer.radix()).ok()
}

/// A value as it might stand in the file, or its kind if it is long.
fn show(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) if text.chars().count() <= 60 => format!("{text:?}"),
        DeValue::String(_) => "a long string".into(),
        DeValue::Integer(number) => number.to_string(),
        DeValue::Float(number) => number.to_string(),
        DeValue::Boolean(switch) => switch.to_string(),
        DeValue::Datetime(date) => date.to_string(),
        DeValue::Array(_) => "an array".into(),
        DeValue::Table(_) => "a table".into(),
    }
}

fn similar(name: &str, known: &[&'static str]) -> Option<&'static str> {
    let rate = |known: &str| strsim::jaro_winkler(&name.to_lowercase().replace('-', "_"), known);
    let best = known.iter().max_by(|a, b| rate(a).total_cmp(&rate(b)))?;
    (rate(best) >= SIMILAR).then_some(*best)
}
