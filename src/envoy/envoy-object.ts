// The shape of Envoy configuration as plain data, and the one way to name an extension in it.

export type EnvoyValue = string | number | boolean | readonly EnvoyValue[] | EnvoyObject
export interface EnvoyObject {
  readonly [key: string]: EnvoyValue
}

/** @param type below `envoy.extensions` */
export function extension(name: string, type: string, config: EnvoyObject = {}): EnvoyObject {
  return { name, typed_config: typed(type, config) }
}

export function typed(type: string, config: EnvoyObject = {}): EnvoyObject {
  return { '@type': `type.googleapis.com/envoy.extensions.${type}`, ...config }
}

/** Milliseconds as Envoy writes durations. */
export function seconds(ms: number): string {
  return `${ms / 1000}s`
}
