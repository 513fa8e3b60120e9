//! Snippets of nginx's language: whether an Ingress may be served without them.

/// Directives that keep nobody out: what is served without them is no more than is meant.
const OPEN: &[&str] = &[
    "access_log",
    "add_header",
    "brotli",
    "brotli_types",
    "chunked_transfer_encoding",
    "client_body_buffer_size",
    "client_body_timeout",
    "client_header_buffer_size",
    "client_max_body_size",
    "default_type",
    "etag",
    "expires",
    "gzip",
    "gzip_types",
    "keepalive_timeout",
    "large_client_header_buffers",
    "log_format",
    "more_clear_headers",
    "more_set_headers",
    "proxy_buffer_size",
    "proxy_buffering",
    "proxy_buffers",
    "proxy_busy_buffers_size",
    "proxy_connect_timeout",
    "proxy_http_version",
    "proxy_ignore_headers",
    "proxy_pass_header",
    "proxy_read_timeout",
    "proxy_request_buffering",
    "proxy_send_timeout",
    "send_timeout",
    "server_tokens",
    "sub_filter",
    "sub_filter_once",
    "sub_filter_types",
    "underscores_in_headers",
];

/// The first directive of a snippet that may keep somebody out; nothing where none does.
#[must_use]
pub fn guard(snippet: &str) -> Option<String> {
    let text = snippet.lines().map(without_comment).collect::<Vec<_>>().join(" ");
    let statements = text.split([';', '{', '}']).map(str::trim);
    let mut words = statements.filter_map(|statement| statement.split_whitespace().next());
    words.find(|word| !OPEN.contains(word)).map(str::to_owned)
}

/// A line up to its comment: one begins where a word could, and is not looked for behind quotes.
fn without_comment(line: &str) -> &str {
    let begins = |(at, _): &(usize, &str)| {
        let before = &line[..*at];
        let may_begin = |c: char| c.is_whitespace() || ";{}".contains(c);
        !before.contains(['"', '\'']) && (before.is_empty() || before.ends_with(may_begin))
    };
    let comment = line.match_indices('#').find(begins);
    comment.map_or(line, |(at, _)| &line[..at])
}

#[cfg(test)]
mod tests {
    use super::guard;

    #[test]
    fn what_may_keep_somebody_out_is_found() {
        for open in ["", "# deny all;\n", "gzip on;\nadd_header X-A \"b\" always;"] {
            assert_eq!(guard(open), None, "{open}");
        }
        for (snippet, first) in [
            ("gzip on; deny all;", "deny"),
            ("if ($http_x != \"y\") { return 403; }", "if"),
            ("auth_basic \"x\";", "auth_basic"),
            ("location /x { add_header A b; }", "location"),
            ("add_header A \"b; deny all\";", "deny"),
            ("add_header A \" #\"; deny all;", "deny"),
            ("add_header A b#; deny all;", "deny"),
        ] {
            assert_eq!(guard(snippet).as_deref(), Some(first), "{snippet}");
        }
    }
}
