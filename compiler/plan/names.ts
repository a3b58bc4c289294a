/** The names by which images and programs find each other's functions and globals. */

import type { Module } from '../front/modules.ts';
import type { Func, GlobalVariable } from '../front/tree.ts';

/** The name under which a program offers a hot function's thunk to images. */
export function offeredName(func: Func): string {
  return `${func.module.name}.${func.name}`;
}

/**
 * The name of a global, as it binds images to the program: plain in the module that declares it, `util.score`
 * elsewhere, so that two files may each have a `score`.
 */
export function globalName(global: GlobalVariable, module: Module): string {
  return global.module === module ? global.name : `${global.module.name}.${global.name}`;
}
