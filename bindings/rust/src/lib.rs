//! Exchange functions of a running program. The functions live in a `cdylib`, the state in the program:
//!
//! ```ignore
//! // game/src/lib.rs, crate-type = ["cdylib"]
//! #[no_mangle]
//! pub fn step(state: &mut State, dt: f64) { state.x += dt; }
//!
//! // the program
//! hot::module! {
//!     mod game = "target/debug/libgame.so" {
//!         fn step(state: &mut State, dt: f64);
//!     }
//! }
//! fn main() {
//!     let mut state = State::default();
//!     loop {
//!         hot::check();
//!         game::step(&mut state, 0.016);
//!     }
//! }
//! ```
//!
//! What holds for C holds here: a safe point is where no function of the module is on the thread's stack; types that cross
//! the border are those of both sides, so build both with the same compiler. `Box<dyn Trait>`, closures and `&'static`
//! references that the module made end with its version.
use std::ffi::{c_char, c_longlong, c_void, CStr, CString};
use std::fmt;

#[repr(C)]
struct RawModule {
    _private: [u8; 0],
}

extern "C" {
    fn hot_open(name: *const c_char, path: *const c_char) -> *mut RawModule;
    fn hot_symbol(module: *mut RawModule, name: *const c_char) -> *mut c_void;
    fn hot_close(module: *mut RawModule) -> c_longlong;
    fn hot_check_now() -> c_longlong;
    fn hot_version() -> c_longlong;
    fn hot_error() -> *const c_char;
    fn hot_state(address: *mut c_void, size: u64) -> c_longlong;
    fn hot_cleanup() -> c_longlong;
}

/// What the runtime says went wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error(String);

impl Error {
    fn last() -> Self {
        // SAFETY: the text is valid until the next call on this thread, and copied before that.
        Error(unsafe { CStr::from_ptr(hot_error()) }.to_string_lossy().into_owned())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Error {}

/// A library whose functions are exchanged while the program runs.
pub struct Module(*mut RawModule);

// SAFETY: the runtime's functions may be called from any thread.
unsafe impl Send for Module {}
unsafe impl Sync for Module {}

impl Module {
    /// Opens a library under a name, by which versions are pushed. Without an agent the file at `path` is followed.
    pub fn open(name: &str, path: &str) -> Result<Self, Error> {
        let (name, path) = (text(name)?, text(path)?);
        // SAFETY: both are C strings, and copied.
        let module = unsafe { hot_open(name.as_ptr(), path.as_ptr()) };
        if module.is_null() { Err(Error::last()) } else { Ok(Module(module)) }
    }

    /// The address of a function, for ever: it always leads to the code that the calling thread runs.
    pub fn symbol(&self, name: &str) -> Result<*const (), Error> {
        let name = text(name)?;
        // SAFETY: the module came from hot_open.
        let found = unsafe { hot_symbol(self.0, name.as_ptr()) };
        if found.is_null() { Err(Error::last()) } else { Ok(found as *const ()) }
    }
}

impl Drop for Module {
    fn drop(&mut self) {
        // SAFETY: the module came from hot_open, and its code stays.
        unsafe { hot_close(self.0) };
    }
}

fn text(text: &str) -> Result<CString, Error> {
    CString::new(text).map_err(|_| Error(format!("{text:?} holds a NUL")))
}

/// What a safe point found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Check {
    /// Nothing new.
    Same,
    /// This thread runs new code from now on.
    Swapped,
    /// A library was refused; said once.
    Refused(Error),
    /// A version failed and was taken back; said once.
    Reverted(Error),
}

/// A safe point: here, and nowhere else, this thread moves to new code.
pub fn check() -> Check {
    // SAFETY: may be called from any thread at any time.
    match unsafe { hot_check_now() } {
        0 => Check::Same,
        -1 => Check::Refused(Error::last()),
        code if code < 0 => Check::Reverted(Error::last()),
        _ => Check::Swapped,
    }
}

/// The version that this thread runs: 1 for the code that the program started with.
pub fn version() -> i64 {
    // SAFETY: may be called from any thread.
    unsafe { hot_version() }
}

/// Registers a place that an undone call puts back, byte for byte: what it owns by pointers is not copied.
///
/// # Safety
/// The place must stay where it is until the program ends or `forget_state` takes it away.
pub unsafe fn state<T>(place: *mut T) {
    hot_state(place.cast(), std::mem::size_of::<T>() as u64);
}

/// Takes a registered place away.
pub fn forget_state<T>(place: *mut T) {
    // SAFETY: the place is only looked up.
    unsafe { hot_state(place.cast(), 0) };
}

/// Stops following libraries and the agent; the code that runs stays.
pub fn cleanup() {
    // SAFETY: may be called from any thread.
    unsafe { hot_cleanup() };
}

/// Declares a module and its functions: `mod NAME = "PATH" { fn f(a: A) -> R; … }`. The library is opened at the first call;
/// a library or a function that is not there ends the program with what the runtime says.
#[macro_export]
macro_rules! module {
    ($(#[$meta:meta])* $vis:vis mod $module:ident = $path:literal {
        $($(#[$fmeta:meta])* fn $name:ident($($arg:ident: $type:ty),* $(,)?) $(-> $result:ty)?;)*
    }) => {
        $(#[$meta])* $vis mod $module {
            #[allow(unused_imports)]
            use super::*;

            pub fn module() -> &'static $crate::Module {
                static MODULE: ::std::sync::OnceLock<$crate::Module> = ::std::sync::OnceLock::new();
                MODULE.get_or_init(|| match $crate::Module::open(stringify!($module), $path) {
                    Ok(module) => module,
                    Err(error) => panic!("{}: {}", $path, error),
                })
            }

            $($(#[$fmeta])* pub fn $name($($arg: $type),*) $(-> $result)? {
                static ADDRESS: ::std::sync::OnceLock<usize> = ::std::sync::OnceLock::new();
                let address = *ADDRESS.get_or_init(|| match module().symbol(stringify!($name)) {
                    Ok(address) => address as usize,
                    Err(error) => panic!("{}: {}", $path, error),
                });
                // SAFETY: the module's function has the signature that is written here; the contract is held to it.
                let function: fn($($type),*) $(-> $result)? = unsafe { ::std::mem::transmute(address) };
                function($($arg),*)
            })*
        }
    };
}
