//! `metal [PROGRAM…]`: boots the emulated metal with this checkout's `muster`, and with other programs
//! in `/run/lab`, and carries out what is typed, a line of shell at a time, as root in there. Ends
//! with the input.

#![forbid(unsafe_code)]
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a tool: printing is what it is for"
)]

use std::io::{BufRead as _, Write as _};
use std::path::{Path, PathBuf};

use muster_tests::metal::{Hardware, Image, Machine};
use muster_tests::program::muster;

fn main() -> std::io::Result<()> {
    let Some(image) = Image::prepare() else {
        return Ok(());
    };
    let others: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let others = others.iter().map(PathBuf::as_path);
    let programs: Vec<&Path> = std::iter::once(muster()).chain(others).collect();
    eprintln!("booting (half a minute or more)");
    let (_machine, mut guest) = Machine::boot(&image, &Hardware::standard(), &programs);
    eprintln!("ready; `. /run/lab/populate` puts the disks and links to use");
    guest.succeed(&format!(
        "cat >/run/lab/populate <<'END'\n{}\nEND",
        include_str!("../../lab/metal/populate")
    ));
    for line in std::io::stdin().lock().lines() {
        let output = guest.run(&line?);
        std::io::stdout().write_all(&output.stdout)?;
        eprintln!("{}[{}]", output.stderr, output.code);
    }
    Ok(())
}
