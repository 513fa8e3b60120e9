//! What templates can call.

/// The functions that are understood: Go's, and external-dns's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Function {
    And,
    Contains,
    Eq,
    HasKey,
    Index,
    IsIpv4,
    IsIpv6,
    IsSource,
    Len,
    Ne,
    Not,
    Or,
    Print,
    Replace,
    ToLower,
    Trim,
    TrimPrefix,
    TrimSuffix,
}

/// The functions by their names.
pub(super) const FUNCTIONS: [(&str, Function); 18] = [
    ("and", Function::And),
    ("contains", Function::Contains),
    ("eq", Function::Eq),
    ("hasKey", Function::HasKey),
    ("index", Function::Index),
    ("isIPv4", Function::IsIpv4),
    ("isIPv6", Function::IsIpv6),
    ("isSource", Function::IsSource),
    ("len", Function::Len),
    ("ne", Function::Ne),
    ("not", Function::Not),
    ("or", Function::Or),
    ("print", Function::Print),
    ("replace", Function::Replace),
    ("toLower", Function::ToLower),
    ("trim", Function::Trim),
    ("trimPrefix", Function::TrimPrefix),
    ("trimSuffix", Function::TrimSuffix),
];
