//! Bodies that move around each other.

#[derive(Clone)]
pub struct Body {
    pub name: String,
    pub place: [f64; 2],
    pub speed: [f64; 2],
    pub mass: f64,
}

#[derive(Default)]
pub struct System {
    pub bodies: Vec<Body>,
    pub steps: u64,
}

#[no_mangle]
pub fn step(system: &mut System, dt: f64) {
    let before = system.bodies.clone();
    for (i, body) in system.bodies.iter_mut().enumerate() {
        for (j, other) in before.iter().enumerate() {
            if i == j {
                continue;
            }
            let to = [other.place[0] - body.place[0], other.place[1] - body.place[1]];
            let square = to[0] * to[0] + to[1] * to[1] + 0.01;
            for axis in 0..2 {
                body.speed[axis] += other.mass * to[axis] / (square * square.sqrt()) * dt;
            }
        }
        for axis in 0..2 {
            body.place[axis] += body.speed[axis] * dt;
        }
    }
    system.steps += 1;
}

#[no_mangle]
pub fn describe(system: &System) -> String {
    let names: Vec<&str> = system.bodies.iter().map(|body| body.name.as_str()).collect();
    format!("step {}: {}", system.steps, names.join(", "))
}
