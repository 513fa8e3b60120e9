//! Aligned columns, for people.

/// Rows under their headings, each column as wide as its widest cell. Nothing follows the last cell
/// of a row that says something.
pub fn aligned<const N: usize>(headings: [&str; N], rows: &[[String; N]]) -> String {
    let headings = headings.map(str::to_owned);
    let all = || std::iter::once(&headings).chain(rows);
    let widths: [usize; N] = std::array::from_fn(|column| {
        all().map(|row| row[column].chars().count()).max().unwrap_or_default()
    });
    let lines = all().map(|row| {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::aligned;

    #[test]
    fn columns_are_as_wide_as_what_they_hold() {
        let row = |cells: [&str; 3]| cells.map(str::to_owned);
        let table =
            aligned(["KIND", "NAME", ""], &[row(["a", "long name", ""]), row(["b", "c", "d"])]);
        assert_eq!(table, "KIND  NAME\na     long name\nb     c          d");
    }
}
