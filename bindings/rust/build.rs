//! Compiles the runtime, hot.c, with the C compiler found: `$CC`, else `cc`. It stands in `dist/c` of the package that this
//! crate came with; `VAIS_HOT_C` names another folder.
use std::env;
use std::path::PathBuf;
use std::process::Command;

fn run(command: &mut Command) {
    let shown = format!("{command:?}");
    match command.status() {
        Ok(status) if status.success() => {}
        Ok(status) => panic!("{shown} ended with {status}"),
        Err(error) => panic!("{shown} cannot be run: {error}"),
    }
}

fn main() {
    let here = PathBuf::from(env::var("CARGO_MANIFEST_DIR").unwrap());
    let folder = env::var("VAIS_HOT_C").map(PathBuf::from).unwrap_or_else(|_| here.join("../../dist/c"));
    let source = folder.join("hot.c");
    let out = PathBuf::from(env::var("OUT_DIR").unwrap());
    let object = out.join("hot.o");
    let library = out.join("libvais_hot.a");
    assert!(source.exists(), "there is no {}: set VAIS_HOT_C to the folder with hot.c", source.display());
    let compiler = env::var("CC").unwrap_or_else(|_| "cc".into());
    run(Command::new(compiler).args(["-O2", "-g", "-fPIC", "-c"]).arg(&source).arg("-o").arg(&object));
    let _ = std::fs::remove_file(&library);
    run(Command::new("ar").arg("rcs").arg(&library).arg(&object));
    println!("cargo:rustc-link-search=native={}", out.display());
    println!("cargo:rustc-link-lib=static=vais_hot");
    for library in ["pthread", "dl", "m"] {
        println!("cargo:rustc-link-lib={library}");
    }
    println!("cargo:rerun-if-changed={}", source.display());
    println!("cargo:rerun-if-env-changed=VAIS_HOT_C");
}
