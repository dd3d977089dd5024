//! `disasm`: a program as a listing.

use std::path::Path;

use eventsieve::Program;
use serde::Serialize;

use crate::args::{DisasmArgs, Format};
use crate::criteria;
use crate::exit::{Exit, Failure};
use crate::output;

pub(crate) fn run(args: &DisasmArgs) -> Result<Exit, Failure> {
    if let Some(path) = &args.program {
        show(&criteria::program(&criteria::name_of(path), criteria::read(path)?)?, args.format)?;
    } else if let Some(path) = &args.file {
        show_file(path, args)?;
    } else {
        show(criteria::compile(&args.criteria)?.program(), args.format)?;
    }
    Ok(Exit::Yes)
}

/// A file of either kind: programs are told by their first bytes.
fn show_file(path: &Path, args: &DisasmArgs) -> Result<(), Failure> {
    let name = criteria::name_of(path);
    let bytes = criteria::read(path)?;
    if criteria::is_binary(&bytes) {
        show(&criteria::program(&name, bytes)?, args.format)
    } else {
        show(criteria::compile_text(&name, bytes, &args.criteria)?.program(), args.format)
    }
}

/// The JSON form; its field names are a promise.
#[derive(Serialize)]
struct Listing<'l> {
    source: &'l str,
    dialect: &'l str,
    filters: usize,
    bytes: usize,
    listing: &'l str,
}

fn show(program: &Program<'_>, format: Format) -> Result<(), Failure> {
    let mut listing = program.disasm();
    if !listing.ends_with('\n') {
        listing.push('\n');
    }
    match format {
        Format::Text => output::print(listing.as_bytes()),
        Format::Json => output::print(
            output::json_line(&Listing {
                source: program.source().name(),
                dialect: program.dialect().name(),
                filters: program.filter_len(),
                bytes: program.as_bytes().len(),
                listing: &listing,
            })
            .as_bytes(),
        ),
    }
}
