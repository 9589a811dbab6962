//! Compiles `muster/v1/*.proto` without a compiler from elsewhere.

use std::error::Error;

const FILES: [&str; 4] = [
    "muster/v1/types.proto",
    "muster/v1/enrollment.proto",
    "muster/v1/node.proto",
    "muster/v1/admin.proto",
];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=muster");
    let descriptors = protox::compile(FILES, ["."])?;
    tonic_prost_build::configure()
        .codec_path("crate::codec::SmallCodec")
        .compile_fds(descriptors)?;
    Ok(())
}
