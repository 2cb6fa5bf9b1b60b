//! Builds the program in `go`, with the code that Go's own tools generate from our definitions.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use prost::Message as _;
use prost_types::{
    FileDescriptorSet,
    compiler::{CodeGeneratorRequest, CodeGeneratorResponse},
};

use crate::{Outcome, process::succeed};

/// Builds the program in a subfolder of `folder`, and returns its path.
pub(crate) fn build(folder: &Path) -> Outcome<PathBuf> {
    let (source, module) = (Path::new("benches/beside_go/go"), folder.join("go"));
    let _ = fs::remove_dir_all(&module);
    fs::create_dir_all(module.join("pb"))?;
    for file in ["go.mod", "go.sum", "main.go"] {
        fs::copy(source.join(file), module.join(file))?;
    }
    for package in [
        "google.golang.org/protobuf/cmd/protoc-gen-go",
        "google.golang.org/grpc/cmd/protoc-gen-go-grpc",
    ] {
        let generator = module.join("generator");
        let mut go = Command::new("go");
        go.current_dir(&module).args(["build", "-mod=readonly", "-o"]).arg(&generator);
        go.arg(package);
        succeed(go)?;
        generate(&generator, &module.join("pb"))?;
    }
    let program = module.join("beside");
    let mut go = Command::new("go");
    go.current_dir(&module).args(["build", "-mod=readonly", "-o"]).arg(&program).arg(".");
    succeed(go)?;
    Ok(program)
}

/// Does what `protoc` does with a plugin: sends it the definitions, and writes the files that it returns.
fn generate(generator: &Path, folder: &Path) -> Outcome {
    let files = ["echo.proto", "order_management.proto", "product_info.proto"];
    // All of them in one Go package.
    let packages = files.map(|file| format!("M{file}=beside/pb"));
    let request = CodeGeneratorRequest {
        file_to_generate: files.map(String::from).to_vec(),
        parameter: Some(format!("{},paths=source_relative", packages.join(","))),
        proto_file: FileDescriptorSet::decode(proto::FILE_DESCRIPTOR_SET)?.file,
        ..CodeGeneratorRequest::default()
    };
    let mut plugin =
        Command::new(generator).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    plugin.stdin.take().ok_or("it is a pipe")?.write_all(&request.encode_to_vec())?;
    let response = CodeGeneratorResponse::decode(&plugin.wait_with_output()?.stdout[..])?;
    if let Some(error) = response.error {
        return Err(error.into());
    }
    for file in response.file {
        fs::write(folder.join(file.name()), file.content())?;
    }
    Ok(())
}
