import type { LineChange } from '../show/report.ts';

/** The name of the demo's source, module and program. */
export const demoName = 'firefly';

/** The program says something at each so many frames. */
export const framesPerLine = 8;

/** A program as the guide has them: state in `main`, logic in a hot function, sixty frames a second. */
export const demoSource = `# A firefly in the night. The state lives in main; glow is hot and can change.
S Night {
    frame: i64,
}

#[hot]
F glow(night: *Night) -> i64 {
    night.frame = night.frame + 1
    spark := "."
    I night.frame % ${framesPerLine} == 0 {
        column := 2 + night.frame / ${framesPerLine} % 30
        printf("frame %4d   version %d %*s\\n", night.frame, hot_version(), column, spark)
        fflush(0)
    }
    0
}

F main() -> i64 {
    night := Night { frame: 0 }
    L night.frame < 10000 {
        hot_check()
        glow(&night)
        usleep(16666)
    }
    0
}
`;

/** What is replaced by what: the first line that holds `was`. */
export type Edit = readonly { readonly was: string; readonly is: string }[];

export const brighter: Edit = [{ was: 'spark := "."', is: 'spark := "*(@)*"' }];
export const mistyped: Edit = [{ was: 'night.frame = night.frame + 1', is: 'night.frame = night.fram + 1' }];
export const misfit: Edit = [
  { was: 'F glow(night: *Night) -> i64 {', is: 'F glow(night: *Night, moon: f64) -> i64 {' },
  { was: 'glow(&night)', is: 'glow(&night, 0.5)' },
];

/** Edits a source. Returns the new text and the lines that changed. */
export function applyEdit(source: string, edit: Edit): { readonly text: string; readonly changes: LineChange[] } {
  const lines = source.split('\n');
  const changes = edit.flatMap(({ was, is }) => {
    const index = lines.findIndex((line) => line.includes(was));
    const line = lines[index];
    if (line === undefined) return [];
    const next = line.replace(was, is);
    lines[index] = next;
    return [{ line: index + 1, was: line.trim(), is: next.trim() }];
  });
  return { text: lines.join('\n'), changes };
}
