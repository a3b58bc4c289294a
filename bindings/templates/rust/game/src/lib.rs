//! The part that changes: edit it while the program runs, and save.

/// The state is the program's: it stays when the code changes.
#[derive(Default)]
pub struct State {
    pub frame: u64,
    pub names: Vec<String>,
}

#[no_mangle]
pub fn step(state: &mut State) {
    state.frame += 1;
    if state.frame % 5 == 0 {
        state.names.push(format!("bird {}", state.frame));
    }
    println!("frame {}: {} names", state.frame, state.names.len());
}
