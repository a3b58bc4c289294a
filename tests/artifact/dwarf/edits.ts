import type { Toolchain } from './native.ts';

/** An edit of a source: what stands there, and what in its place. */
export interface Edit {
  readonly what: string;
  readonly from: string;
  readonly to: string;
  /** What the refusal says, each a part of it; empty: the edit swaps. */
  readonly refused: readonly string[];
}

export interface Language {
  readonly toolchains: readonly Toolchain[];
  readonly source: string;
  readonly edits: readonly Edit[];
}

const c: Language = {
  toolchains: ['gcc', 'clang', 'mingw', 'arm64'],
  source: `
struct Hidden;
enum Mode { IDLE, RUN, STOP };
typedef struct { float x, y; } Vec;
typedef struct Item { struct Item *next; int count; } Item;
struct State {
  int hp;
  long long score;
  unsigned fast : 3, slow : 5;
  Vec at;
  Item *items;
  enum Mode mode;
  union { int whole; float part; };
  int (*callback)(struct State *, int);
  struct Hidden *hidden;
  short grid[4];
};
static int count = 1;
int step(struct State *s, double dt, int n) {
  static int calls = 2;
  s->hp += n;
  return (int)dt + s->hp + ++count + ++calls;
}
int helper(int n) { return n; }
`,
  edits: [
    {
      what: 'an argument type',
      from: 'double dt, int n',
      to: 'float dt, int n',
      refused: ['step: the signature', 'dt: f64', 'dt: f32', 'at   game.c:19:'],
    },
    {
      what: 'an argument to unsigned',
      from: 'double dt, int n',
      to: 'double dt, unsigned n',
      refused: ['step: the signature', 'n: i32', 'n: u32'],
    },
    {
      what: 'an argument more',
      from: 'double dt, int n',
      to: 'double dt, int n, int m',
      refused: ['step: the signature', 'm: i32'],
    },
    {
      what: 'an argument less',
      from: 'helper(int n) { return n; }',
      to: 'helper(void) { return 1; }',
      refused: ['helper: the signature', 'helper(n: i32)', 'helper()'],
    },
    {
      what: 'a return type',
      from: 'int helper(int n)',
      to: 'long long helper(int n)',
      refused: ['helper: the signature', '-> i32', '-> i64'],
    },
    {
      what: 'a removed function',
      from: 'int helper(int n) { return n; }',
      to: '',
      refused: ['helper: the hot function was removed'],
    },
    {
      what: 'a field in the middle',
      from: '  Vec at;',
      to: '  int mana;\n  Vec at;',
      refused: ['State: the field mana', 'mana: i32', 'at   game.c:10:'],
    },
    {
      what: 'a field at the end',
      from: 'short grid[4];',
      to: 'short grid[4]; int last;',
      refused: ['State: the field last'],
    },
    { what: 'a removed field', from: '  Item *items;\n', to: '', refused: ['State: the field items', 'removed'] },
    {
      what: 'a field type at the same offset',
      from: '  int hp;',
      to: '  float hp;',
      refused: ['State: the field hp', 'hp: i32', 'hp: f32', 'at   game.c:7:'],
    },
    { what: 'a field type in a union', from: 'float part', to: 'unsigned part', refused: ['State: the field part'] },
    {
      what: 'a field behind a pointer',
      from: 'int count; } Item',
      to: 'short count; } Item',
      refused: ['Item: the field count'],
    },
    { what: 'a field of a struct inside', from: '{ float x, y; }', to: '{ float y, x; }', refused: ['Vec: the field'] },
    {
      what: 'fields that change places',
      from: 'enum Mode mode;\n  union { int whole; float part; };',
      to: 'union { int whole; float part; };\n  enum Mode mode;',
      refused: ['State: the field', 'at byte'],
    },
    {
      what: 'the length of an array',
      from: 'short grid[4]',
      to: 'short grid[8]',
      refused: ['State: the field grid', '[i16; 4]', '[i16; 8]'],
    },
    {
      what: 'the width of a bit-field',
      from: 'fast : 3',
      to: 'fast : 4',
      refused: ['State: the field fast', '3 bits', '4 bits'],
    },
    {
      what: 'the place of a bit-field',
      from: 'fast : 3, slow : 5',
      to: 'fast : 3, : 2, slow : 5',
      refused: ['State: the field slow', 'at bit'],
    },
    {
      what: 'the arguments of a callback',
      from: '(struct State *, int)',
      to: '(struct State *, double)',
      refused: ['State: the field callback'],
    },
    {
      what: 'an enum value renumbered',
      from: 'IDLE, RUN, STOP',
      to: 'IDLE, WALK, RUN, STOP',
      refused: ['Mode: the value RUN', 'RUN = 1', 'RUN = 2'],
    },
    { what: 'an enum value removed', from: 'IDLE, RUN, STOP', to: 'IDLE, RUN', refused: ['Mode: the value STOP'] },
    {
      what: 'a packed struct',
      from: 'struct State {',
      to: 'struct __attribute__((packed)) State {',
      refused: ['State: the field'],
    },
    {
      what: "a variable's type",
      from: 'static int count = 1',
      to: 'static float count = 1',
      refused: ['game.c:count: the type', 'i32', 'f32'],
    },
    {
      what: "a function's static of another type",
      from: 'static int calls',
      to: 'static short calls',
      refused: ['game.c:step::calls'],
    },
    { what: 'a body', from: 's->hp += n;', to: 's->hp -= n * 2;', refused: [] },
    { what: 'a function more', from: 'int helper', to: 'int more(int n) { return n + 1; }\nint helper', refused: [] },
    {
      what: 'a variable more, and one less',
      from: 'static int calls = 2;',
      to: 'static int calls2 = 2; int calls = calls2++;',
      refused: [],
    },
    { what: 'a typedef of the same type', from: 'double dt, int n', to: 'Time dt, int n', refused: [] },
    {
      what: 'const before what is pointed to',
      from: 'struct State *s, double',
      to: 'struct State *const s, const double',
      refused: [],
    },
    { what: 'an enum value at the end', from: 'IDLE, RUN, STOP', to: 'IDLE, RUN, STOP, JUMP', refused: [] },
    {
      what: 'a name of an argument',
      from: 'int helper(int n) { return n; }',
      to: 'int helper(int m) { return m; }',
      refused: [],
    },
    {
      what: 'an incomplete type that is told',
      from: 'struct Hidden;',
      to: 'struct Hidden { int secret; };',
      refused: [],
    },
    {
      what: 'a type that nothing holds',
      from: 'struct Hidden;',
      to: 'struct Hidden;\nstruct Scratch { int a; };',
      refused: [],
    },
    { what: 'lines that moved', from: 'struct Hidden;', to: '\n\n\nstruct Hidden;', refused: [] },
  ],
};

const cc: Language = {
  toolchains: ['g++', 'clang++'],
  source: `
#include <vector>
#include <string>
#include <map>
#include <memory>
namespace game {
enum class Kind : unsigned char { None, Orc, Elf };
struct Enemy { int hp = 1; Kind kind = Kind::Orc; };
struct Base { int id = 7; };
struct Thing : Base {
  virtual ~Thing() {}
  virtual int tick(int n) { return n; }
  int weight = 3;
};
struct World {
  std::vector<Enemy> enemies;
  std::vector<int> scores;
  std::map<std::string, Enemy> names;
  std::unique_ptr<Thing> thing;
  static inline int made = 0;
};
int total(World &w, int scale) { return (int)w.enemies.size() * scale; }
namespace { int secret = 3; }
}
extern "C" int step(game::World *w) {
  static int calls = 1;
  w->enemies.push_back(game::Enemy{});
  w->scores.push_back(++calls);
  w->names["a"] = w->enemies[0];
  w->thing = std::make_unique<game::Thing>();
  return w->thing->tick(++game::secret) + ++game::World::made;
}
`,
  edits: [
    {
      what: 'an argument type',
      from: 'total(World &w, int scale)',
      to: 'total(World &w, double scale)',
      refused: ['game::total: the signature', 'scale: i32', 'scale: f64'],
    },
    {
      what: 'an argument more',
      from: 'step(game::World *w)',
      to: 'step(game::World *w, int n)',
      refused: ['step: the signature'],
    },
    {
      what: 'a reference to a pointer',
      from: 'total(World &w, int scale) { return (int)w.',
      to: 'total(World *w, int scale) { return (int)w->',
      refused: ['game::total: the signature', '&game::World', '*game::World'],
    },
    {
      what: 'a return type',
      from: 'int total',
      to: 'long long total',
      refused: ['game::total: the signature', '-> i64'],
    },
    {
      what: 'the element type of a vector',
      from: 'std::vector<int> scores',
      to: 'std::vector<float> scores',
      refused: ['game::World: the field scores', 'vector<int', 'vector<float'],
    },
    {
      what: 'a field of the elements of a vector',
      from: '{ int hp = 1;',
      to: '{ float hp = 1;',
      refused: ['game::Enemy: the field hp', 'hp: i32', 'hp: f32'],
    },
    {
      what: 'a field at the front',
      from: 'std::vector<Enemy> enemies;',
      to: 'int first = 0; std::vector<Enemy> enemies;',
      refused: ['game::World: the field first'],
    },
    {
      what: 'the order of a map',
      from: 'std::map<std::string, Enemy>',
      to: 'std::map<std::string, Enemy, std::greater<std::string>>',
      refused: ['game::World: the field names'],
    },
    {
      what: 'an enum value renumbered',
      from: '{ None, Orc, Elf }',
      to: '{ None, Elf, Orc }',
      refused: ['game::Kind: the value Orc', 'Orc = 1', 'Orc = 2'],
    },
    {
      what: 'the type of an enum',
      from: 'Kind : unsigned char',
      to: 'Kind : short',
      refused: ['game::Kind: the size'],
    },
    {
      what: 'a base class',
      from: 'struct World {',
      to: 'struct World : Base {',
      refused: ['game::World: the field base game::Base', 'no such field'],
    },
    {
      what: 'a base class less',
      from: 'struct Thing : Base {',
      to: 'struct Thing {',
      refused: ['game::Thing: the field base game::Base', 'removed'],
    },
    {
      what: 'a virtual function in front',
      from: 'virtual int tick',
      to: 'virtual void early() {}\n  virtual int tick',
      refused: ['game::Thing: the field early', 'no such virtual function', 'slot 2', 'slot 3'],
    },
    {
      what: 'a virtual function at the end',
      from: 'int weight = 3;',
      to: 'virtual void late() {}\n  int weight = 3;',
      refused: ['game::Thing: the field late'],
    },
    {
      what: 'the arguments of a virtual function',
      from: 'tick(int n) {',
      to: 'tick(long n) {',
      refused: ['game::Thing: the field tick'],
    },
    {
      what: 'a field of a class behind a smart pointer',
      from: 'int weight',
      to: 'float weight',
      refused: ['game::Thing: the field weight'],
    },
    {
      what: "a static member's type",
      from: 'static inline int made',
      to: 'static inline unsigned made',
      refused: ['game::World::made: the type'],
    },
    {
      what: "a variable's type in a namespace without a name",
      from: '{ int secret = 3; }',
      to: '{ long secret = 3; }',
      refused: ['secret: the type'],
    },
    { what: 'a body', from: '(int)w.enemies.size() * scale', to: '(int)w.enemies.size() * scale + 1', refused: [] },
    { what: 'an overload more', from: 'int total', to: 'int total(int n) { return n; }\nint total', refused: [] },
    {
      what: 'a member function more',
      from: 'int weight = 3;',
      to: 'int weight = 3; int twice() { return weight * 2; }',
      refused: [],
    },
    {
      what: 'a helper that no one outside calls',
      from: 'int total',
      to: 'static int quiet(int n) { return n; }\nint total',
      refused: [],
    },
    { what: 'an enum value at the end', from: '{ None, Orc, Elf }', to: '{ None, Orc, Elf, Imp }', refused: [] },
  ],
};

const rust: Language = {
  toolchains: ['rust'],
  source: `
pub struct Enemy { hp: u32, alive: bool }
pub enum Shape { Circle(f32), Rect { w: f32, h: f32 }, Point }
#[derive(Clone, Copy)]
pub enum Mode { Idle, Run = 5, Stop }
pub struct State {
    small: u8,
    score: u64,
    medium: u16,
    shape: Shape,
    enemies: Vec<Enemy>,
    next: Option<Box<State>>,
    mode: Mode,
    name: String,
}
static mut COUNT: u32 = 3;
#[no_mangle]
pub extern "C" fn small(n: u32) -> u32 { n }
#[no_mangle]
pub extern "C" fn step(s: &mut State, dt: f64) -> u64 {
    unsafe { COUNT += 1; s.score += COUNT as u64; }
    if let Shape::Circle(r) = s.shape { s.score += r as u64 }
    if let Mode::Run = s.mode { s.score += s.medium as u64 + s.small as u64 }
    s.score + dt as u64 + s.enemies.iter().filter(|e| e.alive).map(|e| e.hp as u64).sum::<u64>() + s.name.len() as u64 + s.next.is_some() as u64
}
`,
  edits: [
    {
      what: 'an argument type',
      from: 'dt: f64',
      to: 'dt: f32',
      refused: ['step: the signature', 'dt: f64', 'dt: f32', 'at   game.rs:20:'],
    },
    { what: 'an argument more', from: 'dt: f64)', to: 'dt: f64, _n: i32)', refused: ['step: the signature'] },
    {
      what: 'a return type',
      from: 'fn small(n: u32) -> u32 { n }',
      to: 'fn small(n: u32) -> u64 { n as u64 }',
      refused: ['small: the signature', '-> u32', '-> u64'],
    },
    { what: 'a field type', from: 'medium: u16', to: 'medium: i16', refused: ['game::State: the field medium'] },
    {
      what: 'a field that moves the others',
      from: '    medium: u16,',
      to: '    medium: u16,\n    wide: u64,',
      refused: ['game::State: the field wide'],
    },
    { what: 'the element type of a Vec', from: 'hp: u32', to: 'hp: i32', refused: ['game::Enemy: the field hp'] },
    { what: 'a payload', from: 'Circle(f32)', to: 'Circle(u32)', refused: ['game::Shape::Circle: the field __0'] },
    {
      what: 'variants that change places',
      from: 'Circle(f32), Rect { w: f32, h: f32 }',
      to: 'Rect { w: f32, h: f32 }, Circle(f32)',
      refused: ['game::Shape: the field', 'when the tag is'],
    },
    {
      what: 'a value renumbered',
      from: 'Run = 5',
      to: 'Run = 6',
      refused: ['game::Mode: the value Run', 'Run = 5', 'Run = 6'],
    },
    {
      what: 'a Box to a reference counter',
      from: 'Option<Box<State>>',
      to: 'Option<std::rc::Rc<State>>',
      refused: ['game::State: the field next'],
    },
    {
      what: "a variable's type",
      from: 'static mut COUNT: u32',
      to: 'static mut COUNT: i32',
      refused: ['game::COUNT: the type'],
    },
    { what: 'a body', from: 's.score + dt as u64', to: 's.score + 2 * dt as u64', refused: [] },
    {
      what: 'a function more',
      from: 'static mut COUNT:',
      to: '#[no_mangle]\npub extern "C" fn more() -> u8 { 1 }\nstatic mut COUNT:',
      refused: [],
    },
    {
      what: 'fields written in another order, which Rust lays out alike',
      from: '    score: u64,\n    medium: u16,',
      to: '    medium: u16,\n    score: u64,',
      refused: [],
    },
  ],
};

const zig: Language = {
  toolchains: ['zig'],
  source: `
const Kind = enum(u8) { orc, elf = 4 };
const Payload = union(enum) { whole: i32, part: f64 };
const State = struct { hp: i32, speed: f64, next: ?*State, kind: Kind, payload: Payload, items: []Item };
const Item = struct { count: u16 };
var count: u32 = 1;
export fn step(s: *State, dt: f64) i64 {
    count += 1;
    s.speed += dt;
    if (s.kind == .orc) s.hp += 1;
    if (s.items.len > 0) s.items[0].count += 1;
    return s.hp + @as(i64, count);
}
`,
  edits: [
    {
      what: 'an argument type',
      from: 'dt: f64',
      to: 'dt: f32',
      refused: ['step: the signature', 'dt: f64', 'dt: f32'],
    },
    { what: 'an argument more', from: 'dt: f64)', to: 'dt: f64, _: i32)', refused: ['step: the signature'] },
    { what: 'a return type', from: ') i64 {', to: ') i128 {', refused: ['step: the signature'] },
    { what: 'a field type', from: 'hp: i32', to: 'hp: u32', refused: ['game.State: the field hp'] },
    {
      what: 'a field more',
      from: 'kind: Kind,',
      to: 'kind: Kind, extra: u64,',
      refused: ['game.State: the field extra'],
    },
    { what: 'a field behind a slice', from: 'count: u16', to: 'count: i16', refused: ['game.Item: the field count'] },
    { what: 'a value renumbered', from: 'elf = 4', to: 'elf = 5', refused: ['game.Kind: the value elf'] },
    { what: 'a payload', from: 'whole: i32', to: 'whole: f32', refused: ['the field whole'] },
    { what: "a variable's type", from: 'var count: u32', to: 'var count: u16', refused: ['game.count: the type'] },
    { what: 'a body', from: 's.hp += 1', to: 's.hp += 2', refused: [] },
    {
      what: 'a variable more',
      from: 'var count: u32 = 1;',
      to: 'var count: u32 = 1;\nvar more: u32 = 2;\nexport fn other() u32 { more += 1; return more; }',
      refused: [],
    },
  ],
};

export const languages: Readonly<Record<string, Language>> = { C: c, 'C++': cc, Rust: rust, Zig: zig };
