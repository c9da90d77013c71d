//! What sweeps read as text: settings, tables, rows of a journal.
#![no_main]

use cortado::sweep::wire::{Plan, TaskLine};
use cortado::sweep::{Facts, Row, escape, unescape};
use cortado::{Grid, Table};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(table) = Table::from_csv(text) {
        let again = Table::from_csv(&table.to_csv()).expect("what was written");
        // A NaN is not equal to itself, but it is written like every other.
        assert_eq!(again.to_csv(), table.to_csv());
    }
    if let Ok(row) = Row::from_csv(text) {
        let line = row.to_csv();
        assert_eq!(line.matches(['\n', '\r', '\t']).count(), 1);
        assert_eq!(Row::from_csv(&line).expect("what was written").to_csv(), line);
    }
    if let Ok(grid) = text.parse::<Grid>()
        && grid.len() < 1000
        && let Ok(settings) = grid.settings()
    {
        assert_eq!(settings.len(), grid.len());
    }
    if let Ok(task) = TaskLine::parse(text) {
        assert_eq!(TaskLine::parse(&task.to_line()).expect("what was written"), task);
    }
    if let Ok(plan) = Plan::from_line(text) {
        assert_eq!(Plan::from_line(&plan.to_line()).expect("what was written"), plan);
    }
    if let Ok(facts) = Facts::from_field(text) {
        let field = facts.to_field();
        assert!(!field.is_empty() && !field.contains(['\t', '\n', '\r']));
        assert_eq!(Facts::from_field(&field).expect("what was written"), facts);
    }
    let escaped = escape(text);
    assert!(!escaped.contains(['\t', '\n', '\r']) && unescape(&escaped) == text);
});
