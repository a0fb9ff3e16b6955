// The part of libpg-query's WASM module that parser.ts uses. The package types only its wrapper, which keeps one
// instance for ever; an instance in which a call trapped must be thrown away.
declare module 'libpg-query/wasm/libpg-query.js' {
  export interface PgQueryInstance {
    _malloc(bytes: number): number
    _free(pointer: number): void
    /** struct { char *tree; char *stderr; PgQueryError *error } */
    _wasm_parse_query_raw(query: number): number
    _wasm_free_parse_result(result: number): void
    _wasm_free_string(text: number): void
    /** JSON of the scanner's tokens, or its message */
    _wasm_scan(query: number): number
    getValue(pointer: number, type: 'i32'): number
    UTF8ToString(pointer: number): string
    stringToUTF8(text: string, pointer: number, bytes: number): void
    lengthBytesUTF8(text: string): number
  }
  /** Becomes the instance: all of it is there once `done` returns. */
  export interface ModuleOptions {
    /** gives the instance instead of the module's own loader; WebAssembly has no types without the DOM's */
    instantiateWasm(imports: object, done: (instance: { readonly exports: object }) => void): void
  }
  const createInstance: (options: ModuleOptions) => Promise<PgQueryInstance>

  // biome-ignore lint/style/noDefaultExport: it is how the module exports it
  export default createInstance
}

/** Node has it; the language's own library does not declare it, and the DOM's is not wanted here. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => WebAssembly.Module
  readonly Instance: new (
    module: WebAssembly.Module,
    imports: object,
  ) => { readonly exports: Readonly<Record<string, () => void>> }
}
declare namespace WebAssembly {
  /** Compiled code: opaque. */
  interface Module {
    toString(): string
  }
}
