import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { compiled, runProgram, workFolder } from './support/work.ts';

// What the user's guide to hot reloading shows, with the declarations that its fragments assume.
const work = workFolder();

const gameState = 'S GameState {\n    x: i64,\n    y: i64,\n    score: i64,\n}\n';
const update = `
#[hot]
F update_game(state: *GameState, dt: f64) -> i64 {
    # You can modify this logic while running
    state.x = state.x + (10.0 * dt) as i64
    state.y = state.y + (5.0 * dt) as i64

    # Try changing the scoring logic!
    I state.x > 100 {
        state.score = state.score + 10
    }

    0
}

# Hot-reloadable render function
#[hot]
F render_game(state: *GameState) -> i64 {
    # Try changing the display format!
    printf("Position: (%d, %d) Score: %d\\n",
           state.x, state.y, state.score)
    0
}
`;

async function both(name: string, text: string, program = true): Promise<string> {
  const file = join(work, `${name}.vais`);
  if (text.includes('#[hot]')) await compiled({ file, text, kind: 'image', output: join(work, `lib${name}.so`) });
  const output = join(work, name);
  if (program) await compiled({ file, text, kind: 'program', output });
  return output;
}

describe('the guide', () => {
  it('quick start', async () => {
    await both(
      'start',
      `${gameState}
#[hot]
F game_update(state: *GameState) -> i64 {
    # This function can be modified while running
    state.x = state.x + 1
    0
}
`,
      false,
    );
  });

  it('marking functions', async () => {
    const program = await both(
      'marking',
      `${gameState}${update}
F main() -> i64 {
    state := GameState { x: 0, y: 0, score: 0 }

    L state.score < 30 {
        update_game(&state, 6.0)
        render_game(&state)
        usleep(1)  # ~60 FPS
    }

    0
}
`,
    );
    const { output, code } = await runProgram(program, [], work);
    expect(code).toBe(0);
    expect(output).toBe(
      'Position: (60, 30) Score: 0\nPosition: (120, 60) Score: 10\nPosition: (180, 90) Score: 20\nPosition: (240, 120) Score: 30\n',
    );
    await both(
      'endless',
      `${gameState}${update}
F main() -> i64 {
    state := GameState { x: 0, y: 0, score: 0 }

    L true {
        update_game(&state, 0.016)
        render_game(&state)
        usleep(16666)  # ~60 FPS
    }

    0
}
`,
    );
  });

  it('the simple example', async () => {
    const program = await both(
      'simple',
      `# examples/hot_reload_simple.vais

S GameState {
    frame: i64,
    x: i64,
    y: i64,
}

#[hot]
F game_update(state: *GameState) -> i64 {
    state.frame = state.frame + 1
    state.x = state.x + 1
    state.y = state.y + 2

    printf("Frame %d: x=%d, y=%d\\n", state.frame, state.x, state.y)
    0
}

@[extern "C"]
F printf(fmt: *i8, ...) -> i64

@[extern "C"]
F usleep(usec: i64) -> i64

F main() -> i64 {
    state := GameState { frame: 0, x: 0, y: 0 }

    printf("Hot Reload Example - Try modifying game_update!\\n\\n")

    L state.frame < 10 {
        game_update(&state)
        usleep(16)  # ~60 FPS
    }

    0
}
`,
    );
    const { output, code } = await runProgram(program, [], work);
    expect(code).toBe(0);
    expect(output.split('\n').slice(0, 4)).toEqual([
      'Hot Reload Example - Try modifying game_update!',
      '',
      'Frame 1: x=1, y=2',
      'Frame 2: x=2, y=4',
    ]);
    expect(output).toContain('Frame 10: x=10, y=20\n');
  });

  it('the runtime API', async () => {
    const program = await both(
      'api',
      `U std/hot
G frames: i64
#[hot]
F game_update() -> i64 {
    # Game logic
    frames += 1
    frames == 5 ? 3 : 0
}

F reloaded(version: i64) { printf("version %d\\n", version) }

F main() -> i64 {
    hot_init("./api.vais")
    hot_on_reload(reloaded)
    status := hot_check()
    I status > 0 {
        printf("Code reloaded!\\n")
    }
    version := hot_version()
    printf("Running version %d\\n", version)
    result := game_update()
    I result != 0 {
        printf("Error in game_update: %d\\n", result)
    }
    hot_start("./api.vais")
    ended := hot_loop(game_update)
    # Before exit
    hot_cleanup()
    ended
}
`,
    );
    const { output, code } = await runProgram(program, [], join(work, '..'));
    expect(output).toContain('Running version 1\n');
    expect(code).toBe(3);
  });

  it('best practices, with bodies that are still to be written', async () => {
    await both(
      'practice',
      `${gameState}
# Good: State in main, logic hot-reloadable
F main() -> i64 {
    state := GameState { x: 0, y: 0, score: 0 }

    L true {
        update_logic(&state)  # Hot-reloadable
    }
}

#[hot]
F update_logic(state: *GameState) -> i64 {
    # All logic here
}

#[hot]
F update() -> i64 {
    G state: GameState  # kept on reload, unlike what the guide fears
    # ...
}
`,
    );
  });
});
