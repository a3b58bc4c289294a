//! The program: owns the state and the loop, and runs the newest `game`.
use game::State;
use std::{thread, time::Duration};

hot::module! {
    mod live = "target/debug/libgame.so" {
        fn step(state: &mut State);
    }
}

fn main() {
    let mut state = State::default();
    loop {
        match hot::check() {
            hot::Check::Refused(error) | hot::Check::Reverted(error) => eprintln!("{error}"),
            _ => {}
        }
        live::step(&mut state);
        thread::sleep(Duration::from_millis(200));
    }
}
