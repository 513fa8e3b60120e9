//! Flags of `albedo explain`.

use std::net::IpAddr;

use clap::Args;

use super::{BuildFlags, Output, ProcessFlags};

/// Flags of `albedo explain`.
#[derive(Debug, Args)]
pub struct ExplainFlags {
    /// URLs such as https://app.example.com/cart; or an Ingress, each of whose hosts is asked for;
    /// or a pod. Without a namespace it is in default.
    #[arg(required = true, num_args = 1..,
        value_name = "URL | ingress NAMESPACE/NAME | pod NAMESPACE/NAME")]
    pub what: Vec<String>,
    /// The method of the request.
    #[arg(long, default_value = "GET")]
    pub method: String,
    /// A header of the request; may be given several times.
    #[arg(long = "header", value_name = "NAME: VALUE", value_parser = header)]
    pub headers: Vec<(String, String)>,
    /// The address that the request comes from, which security groups have to let in. Without it,
    /// the request comes from somewhere in the internet, and whom they let in is only told.
    #[arg(long, value_name = "ADDRESS")]
    pub from: Option<IpAddr>,
    /// How to print what was found.
    #[arg(short, long, value_enum, default_value_t = Output::Text)]
    pub output: Output,
    /// What is built, and where.
    #[command(flatten)]
    pub build: BuildFlags,
    /// How the controller runs; it is looked at where things are remembered only.
    #[command(flatten)]
    pub process: ProcessFlags,
}

/// A header as it is sent.
fn header(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once(':').ok_or("a header is written as \"Name: value\"")?;
    Ok((name.trim().to_owned(), value.trim().to_owned()))
}
