/** What `import … from 'vais-remote'` gives: reloading of native code in Node programs. */
export type { ErrorCode } from '../common/error.ts';
export { VaisError } from '../common/error.ts';
export type { Diagnostic, DiagnosticNote } from '../compiler/front/diagnostic.ts';
export { HotReloadConfig } from './config.ts';
export { SourceError } from './error.ts';
export { type ErrorCallback, HotReloader, type ReloadCallback } from './reloader.ts';
export type { NumberArray } from './scalar.ts';
export type {
  CallableOf,
  FieldInput,
  FieldValue,
  HostOf,
  HotArgument,
  HotFunction,
  HotResult,
  Pointer,
  Shape,
  Shaped,
} from './signature.ts';
export { addressOf, bytesOf, type OpenStruct, type Struct } from './struct.ts';
