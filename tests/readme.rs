//! README's table of parameters is the catalogue's.

use cortado::catalogue;
use std::fmt::Write;
use std::path::Path;

#[test]
fn the_table_of_parameters_is_true() {
    let mut table = String::from("| codec | parameter | values | default |\n|---|---|---|---|\n");
    for row in catalogue::parameters_table().records() {
        let [codec, parameter, values, default] =
            ["codec", "parameter", "values", "default"].map(|name| row.text(name));
        writeln!(table, "| {codec} | `{parameter}` | {values} | {default} |").unwrap();
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = std::fs::read_to_string(path).unwrap();
    assert!(readme.contains(&table), "README.md must have this table:\n{table}");
}
