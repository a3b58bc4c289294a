/** A small module in the manner of the guide's, another one for each number. */
export function gameSource(number: number): string {
  return `S GameState {
    x: i64,
    y: i64,
    score: i64,
    energy: f64,
}

F clamp(value: i64, low: i64, high: i64) -> i64 {
    I value < low { R low }
    I value > high { R high }
    value
}

F bounce(state: *GameState) -> i64 {
    I state.x > 100 {
        state.x = 0
        state.score = state.score + 10
    }
    I state.y > 100 {
        state.y = 0
        state.score = state.score + 5
    }
    state.score
}

#[hot]
F update_game(state: *GameState, dt: f64) -> i64 {
    state.x = state.x + (10.0 * dt) as i64 + ${number}
    state.y = state.y + (5.0 * dt) as i64
    state.energy = state.energy * 0.99 + dt
    bounce(state)
    state.x = clamp(state.x, 0, 1000)
    0
}

#[hot]
F render_game(state: *GameState) -> i64 {
    I state.score % 1000 == 1 {
        printf("Position: (%d, %d) Score: %d\\n", state.x, state.y, state.score)
    }
    0
}

F main() -> i64 {
    state := GameState { x: 0, y: 0, score: 0, energy: 1.0 }
    puts("started")
    fflush(0)
    L true {
        hot_check()
        update_game(&state, 0.016)
        render_game(&state)
        usleep(1000)
    }
    0
}
`;
}
