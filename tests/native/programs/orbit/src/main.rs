use physics::{describe, step, Body, System};
use std::{thread, time::Duration};

fn main() {
    let mut system = System::default();
    for (name, x, speed, mass) in [("sun", 0.0, 0.0, 10.0), ("earth", 3.0, 1.8, 0.1), ("mars", 5.0, 1.4, 0.1)] {
        system.bodies.push(Body { name: name.into(), place: [x, 0.0], speed: [0.0, speed], mass });
    }
    loop {
        step(&mut system, 0.001);
        println!("{}", describe(&system));
        thread::sleep(Duration::from_millis(20));
    }
}
